//! countries.csv and relations.csv

use api::registry::v1::Country;
use api::registry::v1::country::WorldRegion;
use serde::Deserialize;

use super::{Broken, parts, rows, source, world_region};

#[derive(Deserialize)]
struct Row {
    code: String,
    alpha3: String,
    name_vi: String,
    name_en: String,
    other_names: String,
    world_region: String,
    source: String,
    confidence: String,
}

#[derive(Deserialize)]
struct RelationsRow {
    country: String,
    relations_since: String,
    source: String,
    confidence: String,
}

/// The countries and territories of ISO 3166-1.
pub fn countries() -> Result<Vec<Country>, Broken> {
    let rows: Vec<Row> = rows("countries.csv", include_str!("../../data/countries.csv"))?;
    let mut countries = rows.into_iter().map(country).collect::<Result<Vec<_>, _>>()?;
    relations(&mut countries)?;
    Ok(countries)
}

/// Says since when there are diplomatic relations.
fn relations(countries: &mut [Country]) -> Result<(), Broken> {
    let rows: Vec<RelationsRow> = rows("relations.csv", include_str!("../../data/relations.csv"))?;
    for row in rows {
        let name = format!("countries/{}", row.country);
        let country = countries.iter_mut().find(|country| country.name == name);
        let country = country.ok_or_else(|| Broken(format!("relations.csv: {name} is not in countries.csv")))?;
        country.relations_since = row.relations_since;
        country.relations_source = source(row.source, row.confidence);
    }
    Ok(())
}

fn country(row: Row) -> Result<Country, Broken> {
    let region = match row.world_region.as_str() {
        "" => WorldRegion::Unspecified,
        word => world_region("countries.csv", word)?,
    };
    Ok(Country {
        name: format!("countries/{}", row.code),
        display_name: row.name_vi,
        english_name: row.name_en,
        other_names: parts(&row.other_names).collect(),
        alpha3_code: row.alpha3,
        source: source(row.source, row.confidence),
        world_region: region as i32,
        ..Country::default()
    })
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
        for (code, region) in [
            ("JP", WorldRegion::EasternAsia),
            ("LB", WorldRegion::WesternAsia),
            ("VN", WorldRegion::SouthEasternAsia),
            ("AR", WorldRegion::SouthAmerica),
            ("AQ", WorldRegion::Unspecified),
        ] {
            assert_eq!(named(code).world_region(), region, "{code}");
        }
        assert!(named("LB").other_names.contains(&"Libăng".to_owned()), "the form of the FDI tables");
    }

    #[test]
    fn it_is_known_since_when_there_are_relations() {
        let countries = countries().expect("the files parse");
        let since = |code: &str| {
            let country = countries.iter().find(|it| it.name == format!("countries/{code}")).expect(code);
            assert_eq!(country.relations_since.is_empty(), country.relations_source.is_none(), "{code}");
            country.relations_since.clone()
        };
        for (code, day) in [
            ("CN", "1950-01-18"),
            ("RU", "1950-01-30"),
            ("BG", "1950-02-08"),
            ("LA", "1962-09-05"),
            ("JP", "1973-09-21"),
            ("GB", "1973-09-11"),
            ("US", "1995-07-12"),
            ("MW", "2024-09-23"),
            ("VN", ""),
            ("TW", ""),
        ] {
            assert_eq!(since(code), day, "{code}");
        }
    }
}
