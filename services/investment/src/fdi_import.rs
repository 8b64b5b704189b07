//! Files of published figures: read whole, checked whole, written in one transaction or not at all.

mod row;
mod style;
mod table;
mod write;

use std::collections::BTreeMap;

use api::investment::v1::FdiFlow;
use api::investment::v1::fdi_flow::Dimension;
use api::investment::v1::import_fdi_flows_request::NumberStyle;
use chassis::error::Error;

pub use row::Known;
use table::Table;
pub use write::import;

use crate::fdi_rule;
use crate::money::{dollars, musd};
use crate::number::Style;

/// The most faults that an answer names: a file with one wrong column has one a row.
const FAULTS_MAX: usize = 100;

/// How far the totals of two breakdowns of one period may be apart before it is worth a word: a hundred rows are each rounded.
const BREAKDOWNS_APART_DOLLARS: i64 = 1_000_000;

/// Something wrong with the file.
#[derive(Debug)]
pub struct Fault {
    /// The row, counted from 0, and its line, counted from 1; none for the file as such.
    row: Option<(usize, u64)>,
    /// The column; empty for the row as such.
    column: &'static str,
    description: String,
}

impl Fault {
    fn of_file(description: String) -> Self {
        Self { row: None, column: "", description }
    }

    fn at(table: &Table, row: usize, column: &'static str, description: String) -> Self {
        Self { row: Some((row, table.rows[row].line)), column, description }
    }

    fn is_at(&self, row: usize, column: &str) -> bool {
        self.row.is_some_and(|(index, _)| index == row) && self.column == column
    }

    fn field(&self) -> String {
        match (self.row, self.column) {
            (None, _) => "content".into(),
            (Some((row, _)), "") => format!("rows[{row}]"),
            (Some((row, _)), column) => format!("rows[{row}].{column}"),
        }
    }

    fn sentence(self) -> String {
        match self.row {
            None => self.description,
            Some((_, line)) => format!("{} (line {line})", self.description),
        }
    }
}

/// A file that was read and found in order.
pub struct File {
    /// One a row.
    pub flows: Vec<FdiFlow>,
    /// How its numbers were read.
    pub style: NumberStyle,
    /// What is worth a look.
    pub warnings: Vec<String>,
    lines: Vec<u64>,
}

impl File {
    /// Reads a file against the register as it stands.
    pub fn read(content: &str, said: NumberStyle, known: &Known) -> Result<Self, Error> {
        let table = Table::read(content).map_err(refused)?;
        let style = style::decide(&table, said).map_err(refused)?;
        let flows = row::read(&table, style, known).map_err(refused)?;
        let twice = twice(&table, &flows);
        if !twice.is_empty() {
            return Err(refused(twice));
        }
        let warnings = disagreements(&flows);
        let style = match style {
            Style::Comma => NumberStyle::DecimalComma,
            Style::Point => NumberStyle::DecimalPoint,
        };
        Ok(Self { flows, style, warnings, lines: table.rows.iter().map(|row| row.line).collect() })
    }

    /// The error for a row that could be read but not be taken.
    pub fn refuse(&self, row: usize, column: &'static str, description: String) -> Error {
        refused(vec![Fault { row: Some((row, self.lines[row])), column, description }])
    }
}

fn refused(faults: Vec<Fault>) -> Error {
    let more = faults.len().saturating_sub(FAULTS_MAX);
    let mut error = Error::of(api::options::v1::Failure::InvalidArgument);
    for fault in faults.into_iter().take(FAULTS_MAX) {
        let field = fault.field();
        error = error.violation(field, fault.sentence());
    }
    if more > 0 {
        error = error.violation("content", format!("has {more} more faults"));
    }
    error
}

/// Rows that the file has twice.
fn twice(table: &Table, flows: &[FdiFlow]) -> Vec<Fault> {
    let mut first = BTreeMap::new();
    let mut faults = Vec::new();
    for (row, flow) in flows.iter().enumerate() {
        if let Some(before) = first.insert(fdi_rule::id(flow), row) {
            let line = table.rows[before].line;
            faults.push(Fault::at(table, row, "", format!("has the same series, period and subject as line {line}")));
        }
    }
    faults
}

/// Breakdowns of one series and period that do not give the same total. A file may hold some rows of a breakdown only, so this
/// does not speak against it.
fn disagreements(flows: &[FdiFlow]) -> Vec<String> {
    let mut totals: BTreeMap<(&str, &str, &str), BTreeMap<&str, i64>> = BTreeMap::new();
    for flow in flows {
        let Some(total) = flow.capital_total_musd.and_then(dollars) else { continue };
        let of_period = totals.entry((&flow.series, &flow.period_from, &flow.period_to)).or_default();
        let dimension = Dimension::try_from(flow.dimension).unwrap_or_default().as_str_name();
        *of_period.entry(dimension).or_default() += total;
    }
    let apart =
        |of: &BTreeMap<&str, i64>| of.values().max().zip(of.values().min()).map_or(0, |(most, least)| most - least);
    let disagree = totals.into_iter().filter(|(_, of_period)| apart(of_period) > BREAKDOWNS_APART_DOLLARS);
    disagree
        .map(|((series, from, to), of_period)| {
            let each: Vec<_> =
                of_period.iter().map(|(dimension, total)| format!("{dimension} {}", musd(*total))).collect();
            format!("{series}, {from} to {to}: the breakdowns of capital_total_musd do not agree: {}", each.join(", "))
        })
        .collect()
}

#[cfg(test)]
mod tests;
