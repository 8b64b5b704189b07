//! localities.csv: a row is a period; rows that continue each other are one legal unit.

use std::collections::BTreeMap;

use api::registry::v1::{Locality, LocalityPeriod, LocalitySuccession, locality, locality_succession};
use serde::Deserialize;

use super::{Broken, countries_of, parts, rows, source};
use crate::period::day_after;

#[derive(Deserialize)]
pub(super) struct Row {
    pub code: String,
    pub slug: String,
    pub name_vi: String,
    pub name_en: String,
    pub other_names: String,
    pub r#type: String,
    pub region: String,
    pub valid_from: String,
    pub valid_to: String,
    pub successor_slug: String,
    pub border_countries: String,
    pub agency_code_h: String,
    pub agency_code_confidence: String,
    pub legal_basis: String,
    pub source: String,
    pub confidence: String,
}

/// One legal unit: the rows of its periods, in order, and the units that went into it.
struct Unit {
    rows: Vec<usize>,
    predecessors: Vec<usize>,
}

/// The provinces and cities, those that ended first: a unit comes after its predecessors.
pub fn localities() -> Result<Vec<Locality>, Broken> {
    let rows = read()?;
    let units = units(&rows)?;
    let names: Vec<String> = units.iter().map(|unit| name(unit, &units, &rows)).collect();
    let mut localities = Vec::with_capacity(units.len());
    for (unit, name) in units.iter().zip(&names) {
        let periods = unit.rows.iter().map(|at| period(&rows[*at])).collect::<Result<_, _>>()?;
        let first = &rows[unit.rows[0]];
        let predecessors = unit.predecessors.iter().map(|at| succession(first, &names[*at])).collect();
        localities.push(Locality { name: name.clone(), periods, predecessors, ..Locality::default() });
    }
    localities.sort_by_key(|locality| !locality.predecessors.is_empty());
    Ok(localities)
}

pub(super) fn read() -> Result<Vec<Row>, Broken> {
    rows("localities.csv", include_str!("../../data/localities.csv"))
}

/// For each row the rows that end on the day before and name its slug as their successor's.
fn before(rows: &[Row]) -> Vec<Vec<usize>> {
    let mut begins: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        begins.insert((row.slug.as_str(), row.valid_from.as_str()), at);
    }
    let mut before = vec![Vec::new(); rows.len()];
    for (at, row) in rows.iter().enumerate() {
        let next = day_after(&row.valid_to).unwrap_or_default();
        if let Some(successor) = begins.get(&(row.successor_slug.as_str(), next.as_str())) {
            before[*successor].push(at);
        }
    }
    before
}

/// A row with exactly one row before it continues that row's unit; any other begins a unit.
fn units(rows: &[Row]) -> Result<Vec<Unit>, Broken> {
    let before = before(rows);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|at| rows[*at].valid_from.as_str());
    let mut units: Vec<Unit> = Vec::new();
    let mut unit_of: Vec<Option<usize>> = vec![None; rows.len()];
    for at in order {
        let above: Vec<usize> = before[at].iter().filter_map(|earlier| unit_of[*earlier]).collect();
        let unit = match above.as_slice() {
            [one] => *one,
            several => {
                units.push(Unit { rows: Vec::new(), predecessors: several.to_vec() });
                units.len() - 1
            }
        };
        units[unit].rows.push(at);
        unit_of[at] = Some(unit);
    }
    match rows
        .iter()
        .enumerate()
        .find(|(at, row)| !row.valid_to.is_empty() && !before.iter().flatten().any(|it| it == at))
    {
        Some((_, row)) => {
            Err(Broken(format!("localities.csv: {} ends on {} and nothing follows", row.slug, row.valid_to)))
        }
        None => Ok(units),
    }
}

/// The slug; with the year of its end, where a later unit bears the same.
fn name(unit: &Unit, units: &[Unit], rows: &[Row]) -> String {
    let last = &rows[*unit.rows.last().expect("invariant: a unit has a row")];
    let later = units.iter().any(|other| {
        let first = &rows[other.rows[0]];
        first.valid_from > last.valid_to && other.rows.iter().any(|at| rows[*at].slug == last.slug)
    });
    match last.valid_to.get(..4).filter(|_| later) {
        Some(year) => format!("localities/{}-{year}", last.slug),
        None => format!("localities/{}", last.slug),
    }
}

fn period(row: &Row) -> Result<LocalityPeriod, Broken> {
    let kind = match row.r#type.as_str() {
        "province" => locality::Type::Province,
        "city" => locality::Type::City,
        other => return Err(Broken(format!("localities.csv: {other:?} is no type of unit"))),
    };
    Ok(LocalityPeriod {
        valid_from: row.valid_from.clone(),
        valid_to: row.valid_to.clone(),
        r#type: kind as i32,
        display_name: row.name_vi.clone(),
        english_name: row.name_en.clone(),
        other_names: parts(&row.other_names).collect(),
        code: row.code.clone(),
        slug: row.slug.clone(),
        agency_code: row.agency_code_h.clone(),
        agency_code_confidence: row.agency_code_confidence.clone(),
        border_countries: countries_of(&row.border_countries),
        legal_basis: row.legal_basis.clone(),
        source: source(row.source.clone(), row.confidence.clone()),
    })
}

fn succession(first: &Row, predecessor: &str) -> LocalitySuccession {
    LocalitySuccession {
        effective_date: first.valid_from.clone(),
        locality: predecessor.to_owned(),
        kind: locality_succession::Kind::Merge as i32,
        legal_basis: first.legal_basis.clone(),
        source: source(first.source.clone(), first.confidence.clone()),
        ..LocalitySuccession::default()
    }
}

#[cfg(test)]
mod tests;
