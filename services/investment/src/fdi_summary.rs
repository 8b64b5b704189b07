//! Sums of published figures, read from the rollup.

use std::collections::BTreeMap;

use api::investment::v1::fdi_flow::Dimension;
use api::investment::v1::summarize_fdi_flows_request::{GroupBy, View};
use api::investment::v1::{FdiSum, SummarizeFdiFlowsRequest, SummarizeFdiFlowsResponse};
use chassis::error::{Error, Result};
use chrono::NaiveDate;
use store::Store;
use store::register::Register;

use crate::day::day;
use crate::fdi_rollup::{self, Cut, Sum};
use crate::figures::Figures;
use crate::unit::{self, Succession};

/// The series that is meant where none is named.
const SERIES: &str = "annual_flow";

/// Answers one request.
pub async fn summarize(
    store: &Store,
    register: &Register,
    request: SummarizeFdiFlowsRequest,
) -> Result<SummarizeFdiFlowsResponse> {
    let asked = Asked::of(request)?;
    let as_of = asked.as_of.unwrap_or_else(|| store.clock().today());
    let rolled_up = match asked.rolls_up() {
        true => Some(RolledUp::of(register, as_of)?),
        false => None,
    };
    let subjects = match &rolled_up {
        Some(rolled_up) if !asked.subject.is_empty() => Some(rolled_up.members(&asked.subject)),
        _ if asked.subject.is_empty() => None,
        _ => Some(vec![asked.subject.clone()]),
    };
    let cut = Cut {
        series: asked.series.clone(),
        dimension: asked.breakdown.into(),
        years: asked.years,
        subjects,
        by_subject: matches!(asked.group_by, GroupBy::Subject | GroupBy::SubjectAndYear),
        by_year: matches!(asked.group_by, GroupBy::Year | GroupBy::SubjectAndYear),
    };
    let mut sums = fdi_rollup::read(store.read(), &cut).await?;
    if let Some(rolled_up) = rolled_up.filter(|_| cut.by_subject) {
        sums = rolled_up.gather(sums, &asked.subject);
    }
    Ok(answer(sums))
}

/// A request that makes sense.
struct Asked {
    breakdown: Dimension,
    group_by: GroupBy,
    view: View,
    years: (i32, i32),
    /// The one locality, country or sector asked for; empty for all.
    subject: String,
    series: String,
    as_of: Option<NaiveDate>,
}

impl Asked {
    fn of(request: SummarizeFdiFlowsRequest) -> Result<Self> {
        let (breakdown, group_by, view) = (request.breakdown(), request.group_by(), request.view());
        let narrowing = [
            ("locality", request.locality, Dimension::Locality),
            ("country", request.country, Dimension::Partner),
            ("sector", request.sector, Dimension::Sector),
        ];
        let mut subject = String::new();
        for (field, value, of) in narrowing.into_iter().filter(|(_, value, _)| !value.is_empty()) {
            if of != breakdown {
                // A published row has one dimension: there is no figure of a country in a locality.
                return Err(Error::invalid(field, format!("narrows the breakdown {} only", of.as_str_name())));
            }
            subject = value;
        }
        let or = |year: i32, open: i32| if year == 0 { open } else { year };
        let years = (or(request.from_year, i32::MIN), or(request.to_year, i32::MAX));
        if years.0 > years.1 {
            return Err(Error::invalid("to_year", "must not be before from_year"));
        }
        let series = if request.series.is_empty() { SERIES.to_owned() } else { request.series };
        Ok(Self { breakdown, group_by, view, years, subject, series, as_of: day(&request.as_of) })
    }

    /// Only localities become others.
    fn rolls_up(&self) -> bool {
        self.view == View::RolledUp && self.breakdown == Dimension::Locality
    }
}

/// The units as they are on a day, and what went into them.
struct RolledUp {
    succession: Succession,
    /// Names of the units on the day, by resource name.
    names: BTreeMap<String, String>,
}

impl RolledUp {
    fn of(register: &Register, as_of: NaiveDate) -> Result<Self> {
        let units = register.localities()?;
        let succession = Succession::until(units.iter().map(AsRef::as_ref), as_of);
        let names = units.iter().map(|unit| (unit.name.clone(), unit::display_name(unit, as_of).to_owned())).collect();
        Ok(Self { succession, names })
    }

    /// A unit and all that went into it.
    fn members(&self, into: &str) -> Vec<String> {
        let leads = |unit: &&String| self.succession.leads(unit, into);
        let mut members: Vec<String> = self.names.keys().filter(leads).cloned().collect();
        if members.is_empty() {
            members.push(into.to_owned());
        }
        members
    }

    /// Puts sums under the unit to which their subject belongs: under `into`, if only its members were read.
    fn gather(&self, sums: Vec<Sum>, into: &str) -> Vec<Sum> {
        let mut gathered: BTreeMap<(i32, String), Sum> = BTreeMap::new();
        for sum in sums {
            let unit = if into.is_empty() { self.succession.today(&sum.subject) } else { into };
            let key = (sum.year, unit.to_owned());
            let place = gathered.entry(key).or_insert_with(|| Sum {
                subject: unit.to_owned(),
                display_name: self.names.get(unit).unwrap_or(&sum.display_name).clone(),
                year: sum.year,
                figures: Figures::default(),
            });
            place.figures.add(&sum.figures);
        }
        gathered.into_values().collect()
    }
}

fn answer(mut sums: Vec<Sum>) -> SummarizeFdiFlowsResponse {
    // A figure that was withdrawn leaves a sum of nothing behind.
    sums.retain(|sum| sum.figures.flows > 0);
    let mut total = Figures::default();
    sums.iter().for_each(|sum| total.add(&sum.figures));
    sums.sort_by(|one, other| {
        let falling = other.figures.capital_total().cmp(&one.figures.capital_total());
        one.year.cmp(&other.year).then(falling).then_with(|| one.subject.cmp(&other.subject))
    });
    let rows = sums.into_iter().map(row).collect();
    SummarizeFdiFlowsResponse { rows, total: Some(total.sum(0, String::new(), String::new())) }
}

fn row(sum: Sum) -> FdiSum {
    // A subject that is in no register is told by its name alone.
    let subject = if sum.subject.starts_with('~') { String::new() } else { sum.subject };
    sum.figures.sum(sum.year, subject, sum.display_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Figure;

    fn sum(subject: &str, year: i32, total: i64) -> Sum {
        let mut figures = Figures { flows: 1, ..Figures::default() };
        figures.values[6] = Figure { sum: total, published: 1 };
        Sum { subject: subject.into(), display_name: subject.to_uppercase(), year, figures }
    }

    #[test]
    fn rows_come_by_year_and_falling_capital_with_a_total() {
        let gone = Sum { figures: Figures::default(), ..sum("localities/x", 2015, 0) };
        let answer =
            answer(vec![sum("localities/a", 2016, 1), sum("~dau khi", 2015, 2), sum("localities/b", 2015, 3), gone]);
        let told: Vec<_> =
            answer.rows.iter().map(|row| (row.year, row.subject.as_str(), row.display_name.as_str())).collect();
        assert_eq!(
            told,
            [(2015, "localities/b", "LOCALITIES/B"), (2015, "", "~DAU KHI"), (2016, "localities/a", "LOCALITIES/A")]
        );
        assert_eq!(answer.total.and_then(|total| total.capital_total_musd), Some(0.000_006));
    }

    #[test]
    fn sums_gather_under_the_unit_that_took_them_in() {
        let names = BTreeMap::from([("localities/b".to_owned(), "Bắc Ninh".to_owned())]);
        let succession = Succession::of([("localities/a", "localities/b")]);
        let rolled_up = RolledUp { succession, names };
        let sums = || vec![sum("localities/a", 2015, 1), sum("localities/b", 2015, 2), sum("~dau khi", 2015, 4)];
        let told = |sums: Vec<Sum>| -> Vec<_> {
            sums.into_iter().map(|sum| (sum.subject, sum.display_name, sum.figures.capital_total())).collect()
        };
        let expected = [("localities/b", "Bắc Ninh", 3), ("~dau khi", "~DAU KHI", 4)];
        assert_eq!(
            told(rolled_up.gather(sums(), "")),
            expected.map(|(unit, name, total)| (unit.into(), name.into(), total))
        );
    }

    #[test]
    fn a_filter_of_another_breakdown_is_refused() {
        let request = SummarizeFdiFlowsRequest {
            breakdown: Dimension::Locality.into(),
            country: "countries/KR".into(),
            ..SummarizeFdiFlowsRequest::default()
        };
        let error = Asked::of(request).err().expect("a refusal");
        assert_eq!(error.violations()[0].field, "country");
    }
}
