//! A row of the file as a published figure. Pure: it is given the register as it stands.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::Validate;
use api::investment::v1::FdiFlow;
use api::investment::v1::fdi_flow::Dimension;
use api::registry::v1::Locality;
use api::shared::v1::Source;
use chassis::error::Error;
use store::register::Register;

use super::Fault;
use super::table::{SECTOR_2025, Table};
use crate::day::day;
use crate::fdi_rule;
use crate::number::{self, Style};
use crate::unit;

/// Stands in locality_slug and partner_iso for a subject that is no locality or country.
const NOT_IN_ANY_REGISTER: &str = "-";

/// What the source counts among the localities though it is none.
const NO_PLACE: &str = "offshore-oil-gas";

/// What rows are checked against: the register as it stands.
#[derive(Default)]
pub struct Known {
    pub localities: Vec<Arc<Locality>>,
    /// Resource names.
    pub countries: BTreeSet<String>,
}

impl Known {
    /// What a register knows; `UNAVAILABLE` as long as it knows nothing.
    pub fn of(register: &Register) -> Result<Self, Error> {
        let countries = register.countries()?;
        let names =
            countries.iter().filter(|country| country.retire_time.is_none()).map(|country| country.name.clone());
        Ok(Self { localities: register.localities()?, countries: names.collect() })
    }
}

/// Reads all rows: as many figures as rows, or all that is wrong with them.
pub fn read(table: &Table, style: Style, register: &Known) -> Result<Vec<FdiFlow>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut flows = Vec::with_capacity(table.rows.len());
    for row in 0..table.rows.len() {
        let mut cells = Cells { table, row, style, faults: &mut faults };
        flows.push(cells.flow(register));
    }
    if faults.is_empty() { Ok(flows) } else { Err(faults) }
}

/// One row, while it is read.
struct Cells<'a> {
    table: &'a Table,
    row: usize,
    style: Style,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Cells<'a> {
    fn flow(&mut self, register: &Known) -> FdiFlow {
        let before = self.faults.len();
        let mut flow = FdiFlow {
            published_name: self.text("name_vi"),
            series: self.text("series"),
            period_from: self.text("period_from"),
            period_to: self.text("period_to"),
            projects_new: self.count("projects_new"),
            capital_new_musd: self.amount("capital_new_musd"),
            adjustments: self.count("adjustments"),
            capital_adjusted_musd: self.amount("capital_adjusted_musd"),
            ma_deals: self.count("ma_deals"),
            ma_capital_musd: self.amount("ma_capital_musd"),
            capital_total_musd: self.amount("capital_total_musd"),
            capital_realised_musd: self.amount("capital_realised_musd"),
            projects_stock: self.count("projects_stock"),
            capital_stock_musd: self.amount("capital_stock_musd"),
            source: Some(Source { citation: self.text("source"), confidence: self.text("confidence") }),
            ..FdiFlow::default()
        };
        flow.set_dimension(self.dimension());
        self.subject(&mut flow, register);
        self.rules(&flow, self.faults.len() == before);
        flow
    }

    /// The rules of the contract, and those that hold for every published row. The latter tie cells to each other, so they
    /// are asked only if each could be read.
    fn rules(&mut self, flow: &FdiFlow, readable: bool) {
        for found in flow.violations() {
            self.also(column(&found.field, flow), found.description);
        }
        if readable {
            for (field, description) in fdi_rule::faults(flow).into_iter().chain(fdi_rule::table_faults(flow)) {
                self.also(column(field, flow), description);
            }
        }
    }

    /// Names a cell, unless it is named already: one fault of a cell is enough to mend it.
    fn also(&mut self, column: &'static str, description: String) {
        if !self.faults.iter().rev().any(|fault| fault.is_at(self.row, column)) {
            self.fault(column, description);
        }
    }

    fn subject(&mut self, flow: &mut FdiFlow, register: &Known) {
        let dimension = flow.dimension();
        let of = [
            ("locality_slug", Dimension::Locality),
            ("partner_iso", Dimension::Partner),
            ("sector_vsic2018", Dimension::Sector),
            (SECTOR_2025, Dimension::Sector),
        ];
        for (column, _) in of.into_iter().filter(|(_, of)| *of != dimension) {
            if dimension != Dimension::Unspecified && !self.cell(column).is_empty() {
                self.fault(column, format!("must be empty in a row of the dimension {}", dimension.as_str_name()));
            }
        }
        match dimension {
            Dimension::Locality => flow.locality = self.locality(&flow.period_to, register),
            Dimension::Partner => flow.country = self.country(register),
            Dimension::Sector => flow.sector = self.sector(),
            Dimension::National | Dimension::Unspecified => {}
        }
    }

    fn locality(&mut self, period_to: &str, register: &Known) -> String {
        let slug = self.cell("locality_slug");
        match (slug, day(period_to)) {
            ("", _) => self.required("locality_slug"),
            (NOT_IN_ANY_REGISTER | NO_PLACE, _) | (_, None) => String::new(),
            (slug, Some(on)) => match unit::of_slug(register.localities.iter().map(Arc::as_ref), slug, on) {
                Ok(unit) => unit.name.clone(),
                Err(why) => {
                    self.fault("locality_slug", why);
                    String::new()
                }
            },
        }
    }

    fn country(&mut self, register: &Known) -> String {
        let code = self.cell("partner_iso");
        let name = format!("countries/{code}");
        match code {
            "" => self.required("partner_iso"),
            NOT_IN_ANY_REGISTER => String::new(),
            _ if register.countries.contains(&name) => name,
            _ => {
                self.fault("partner_iso", format!("{code} is no country or territory of the register"));
                String::new()
            }
        }
    }

    fn sector(&mut self) -> String {
        let (old, new) = (self.cell("sector_vsic2018"), self.cell(SECTOR_2025));
        match (old, new) {
            ("", "") => self.required("sector_vsic2018"),
            (letter, "") => format!("VSIC2018/{letter}"),
            ("", letter) => format!("VSIC2025/{letter}"),
            _ => {
                self.fault(SECTOR_2025, "must be empty where sector_vsic2018 is given".into());
                String::new()
            }
        }
    }

    fn dimension(&mut self) -> Dimension {
        let cell = self.cell("dimension");
        match Dimension::from_str_name(&cell.to_uppercase()) {
            Some(Dimension::Unspecified) | None => {
                self.fault("dimension", format!("must be locality, partner, sector or national, and is {cell:?}"));
                Dimension::Unspecified
            }
            Some(dimension) => dimension,
        }
    }

    fn cell(&self, column: &str) -> &'a str {
        self.table.cell(self.row, column)
    }

    fn text(&self, column: &str) -> String {
        self.cell(column).to_owned()
    }

    fn count(&mut self, column: &'static str) -> Option<i32> {
        let read = |cell: &str, style| number::count(cell, style);
        self.number(column, read)
    }

    fn amount(&mut self, column: &'static str) -> Option<f64> {
        let read = |cell: &str, style| number::millionths(cell, style).map(crate::money::musd);
        self.number(column, read)
    }

    /// None where the cell is empty: not published.
    fn number<T>(&mut self, column: &'static str, read: fn(&str, Style) -> Result<T, String>) -> Option<T> {
        let cell = self.cell(column);
        if cell.is_empty() {
            return None;
        }
        read(cell, self.style).map_err(|why| self.fault(column, why)).ok()
    }

    fn required(&mut self, column: &'static str) -> String {
        self.fault(
            column,
            format!("is required here; {NOT_IN_ANY_REGISTER} stands for a subject that is in no register"),
        );
        String::new()
    }

    fn fault(&mut self, column: &'static str, description: String) {
        self.faults.push(Fault::at(self.table, self.row, column, description));
    }
}

/// The column that a field of the figure is read from.
fn column(field: &str, flow: &FdiFlow) -> &'static str {
    match field {
        "published_name" => "name_vi",
        "locality" => "locality_slug",
        "country" => "partner_iso",
        "sector" if flow.sector.starts_with("VSIC2025") => SECTOR_2025,
        "sector" => "sector_vsic2018",
        "source.confidence" => "confidence",
        field if field.starts_with("source") => "source",
        field => super::table::COLUMNS.into_iter().find(|column| *column == field).unwrap_or(""),
    }
}

#[cfg(test)]
mod tests;
