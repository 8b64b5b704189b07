//! agency_codes.csv

use api::registry::v1::{Agency, Locality};
use serde::Deserialize;

use super::{Broken, rows, source};
use crate::period::Span;

#[derive(Deserialize)]
struct Row {
    code: String,
    legacy_code: String,
    name_vi: String,
    name_en: String,
    level: i32,
    valid_to: String,
    successor: String,
    note: String,
    source: String,
    confidence: String,
}

/// The ministries, agencies and People's Committees, those without a successor first: a record comes after what it refers to.
pub fn agencies(localities: &[Locality]) -> Result<Vec<Agency>, Broken> {
    let rows: Vec<Row> = rows("agency_codes.csv", include_str!("../../data/agency_codes.csv"))?;
    let mut agencies: Vec<Agency> = rows.into_iter().map(|row| agency(row, localities)).collect();
    agencies.sort_by_key(|agency| !agency.successor.is_empty());
    Ok(agencies)
}

fn agency(row: Row, localities: &[Locality]) -> Agency {
    let unit = latest_bearer(&row.code, localities);
    let ended = unit.and_then(|unit| unit.periods.last()).map(|period| period.valid_to.clone());
    Agency {
        name: name(&row.code),
        display_name: row.name_vi,
        english_name: row.name_en,
        code: row.code,
        legacy_code: row.legacy_code,
        level: row.level,
        locality: unit.map(|unit| unit.name.clone()).unwrap_or_default(),
        valid_to: if row.valid_to.is_empty() { ended.unwrap_or_default() } else { row.valid_to },
        successor: if row.successor.is_empty() { String::new() } else { name(&row.successor) },
        note: row.note,
        source: source(row.source, row.confidence),
        ..Agency::default()
    }
}

fn name(code: &str) -> String {
    format!("agencies/{}", code.to_lowercase().replace('.', "-"))
}

/// The locality that has borne the code last.
fn latest_bearer<'a>(code: &str, localities: &'a [Locality]) -> Option<&'a Locality> {
    let bearing = localities.iter().filter(|unit| unit.periods.iter().any(|period| period.agency_code == code));
    bearing.max_by_key(|unit| unit.periods.last().map(|last| Span::of(&last.valid_from, &last.valid_to).to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agencies_bear_both_codes_and_name_their_locality() {
        let localities = super::super::localities().expect("localities.csv");
        let agencies = agencies(&localities).expect("the file parses");
        assert_eq!(agencies.len(), 91);
        let named = |id: &str| agencies.iter().find(|it| it.name == format!("agencies/{id}")).expect(id);
        let ministry = named("g08");
        assert_eq!((ministry.code.as_str(), ministry.legacy_code.as_str()), ("G08", "000.00.00.G08"));
        assert_eq!(ministry.display_name, "Bộ Ngoại giao");
        for (id, locality, valid_to) in [
            ("h05", "localities/bac-ninh", ""),
            ("h02", "localities/bac-giang", "2025-06-30"),
            ("h57", "localities/hue", ""),
            ("g05", "", "2025-02-28"),
            ("g08", "", ""),
        ] {
            assert_eq!((named(id).locality.as_str(), named(id).valid_to.as_str()), (locality, valid_to), "{id}");
        }
        for agency in &agencies {
            assert_eq!(crate::naming::agency_code(&agency.legacy_code), agency.code);
        }
    }
}
