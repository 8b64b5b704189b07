//! countries.csv

use api::registry::v1::Country;
use serde::Deserialize;

use super::{Broken, parts, rows, source};

#[derive(Deserialize)]
struct Row {
    code: String,
    alpha3: String,
    name_vi: String,
    name_en: String,
    other_names: String,
    relations_since: String,
    source: String,
    confidence: String,
}

/// The countries and territories of ISO 3166-1.
pub fn countries() -> Result<Vec<Country>, Broken> {
    let rows: Vec<Row> = rows("countries.csv", include_str!("../../data/countries.csv"))?;
    Ok(rows.into_iter().map(country).collect())
}

fn country(row: Row) -> Country {
    Country {
        name: format!("countries/{}", row.code),
        display_name: row.name_vi,
        english_name: row.name_en,
        other_names: parts(&row.other_names).collect(),
        alpha3_code: row.alpha3,
        relations_since: row.relations_since,
        source: source(row.source, row.confidence),
        ..Country::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_a_name_in_both_languages() {
        let countries = countries().expect("the file parses");
        assert_eq!(countries.len(), 249);
        for country in &countries {
            assert!(!country.display_name.is_empty() && !country.english_name.is_empty(), "{}", country.name);
        }
        let named = |code: &str| countries.iter().find(|it| it.name == format!("countries/{code}")).expect("known");
        for (code, name) in [("LB", "Li-băng"), ("KR", "Hàn Quốc"), ("TW", "Đài Loan (Trung Quốc)"), ("VN", "Việt Nam")]
        {
            assert_eq!(named(code).display_name, name);
        }
        assert!(named("LB").other_names.contains(&"Libăng".to_owned()), "the form of the FDI tables");
    }
}
