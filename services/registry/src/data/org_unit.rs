//! org_units.csv and org_unit_coverages.csv

use api::registry::v1::country::WorldRegion;
use api::registry::v1::{OrgUnit, OrgUnitCoverage, org_unit};
use serde::Deserialize;

use super::{Broken, countries_of, parts, rows, source, world_region};

#[derive(Deserialize)]
struct Row {
    id: String,
    kind: String,
    name_vi: String,
    name_en: String,
    short_name: String,
    other_names: String,
    valid_from: String,
    valid_to: String,
    note: String,
    source: String,
    confidence: String,
}

#[derive(Deserialize)]
struct Coverage {
    unit: String,
    country: String,
    world_region: String,
    topic: String,
    source: String,
    confidence: String,
}

/// The units of the Ministry of Foreign Affairs.
pub fn org_units() -> Result<Vec<OrgUnit>, Broken> {
    let rows_of_units: Vec<Row> = rows("org_units.csv", include_str!("../../data/org_units.csv"))?;
    let coverages: Vec<Coverage> = rows("org_unit_coverages.csv", include_str!("../../data/org_unit_coverages.csv"))?;
    let mut units = rows_of_units.into_iter().map(unit).collect::<Result<Vec<_>, _>>()?;
    for row in coverages {
        let name = format!("orgUnits/{}", row.unit);
        let unit = units.iter_mut().find(|unit| unit.name == name);
        let unit = unit.ok_or_else(|| Broken(format!("org_unit_coverages.csv: no unit {name}")))?;
        unit.coverages.push(coverage(row)?);
    }
    Ok(units)
}

fn unit(row: Row) -> Result<OrgUnit, Broken> {
    let kind = org_unit::Kind::from_str_name(&row.kind.to_uppercase());
    let kind = kind.ok_or_else(|| Broken(format!("org_units.csv: no kind {:?}", row.kind)))?;
    Ok(OrgUnit {
        name: format!("orgUnits/{}", row.id),
        display_name: row.name_vi,
        english_name: row.name_en,
        short_name: row.short_name,
        other_names: parts(&row.other_names).collect(),
        kind: kind as i32,
        agency: "agencies/g08".to_owned(),
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        note: row.note,
        source: source(row.source, row.confidence),
        ..OrgUnit::default()
    })
}

fn coverage(row: Coverage) -> Result<OrgUnitCoverage, Broken> {
    let region = match row.world_region.as_str() {
        "" => WorldRegion::Unspecified,
        word => world_region("org_unit_coverages.csv", word)?,
    };
    Ok(OrgUnitCoverage {
        country: countries_of(&row.country).pop().unwrap_or_default(),
        world_region: region as i32,
        topic: row.topic,
        source: source(row.source, row.confidence),
        ..OrgUnitCoverage::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk;

    #[test]
    fn every_unit_keeps_the_rules_and_one_owns_the_domain_on_every_day() {
        let units = org_units().expect("the files parse");
        assert_eq!(units.len(), 16);
        for unit in &units {
            assert_eq!(desk::check(unit), Ok(()), "{}", unit.name);
        }
        let everything = |it: &OrgUnitCoverage| it.country.is_empty() && it.world_region == 0 && it.topic.is_empty();
        for (day, owners) in
            [("2021-12-18", &["orgUnits/vu-tong-hop-kinh-te"][..]), ("2026-01-10", &["orgUnits/vu-ngoai-giao-kinh-te"])]
        {
            let open = units.iter().filter(|unit| desk::life(unit).contains(day));
            let found: Vec<&str> =
                open.filter(|unit| unit.coverages.iter().any(everything)).map(|it| it.name.as_str()).collect();
            assert_eq!(found, owners, "{day}");
        }
    }

    #[test]
    fn every_region_of_the_world_has_one_desk() {
        let units = org_units().expect("the files parse");
        let mut seen = std::collections::HashMap::new();
        for unit in &units {
            for region in
                unit.coverages.iter().map(OrgUnitCoverage::world_region).filter(|it| *it != WorldRegion::Unspecified)
            {
                assert_eq!(seen.insert(region, &unit.name), None, "{region:?}");
            }
        }
        assert_eq!(seen.len(), 22, "all of UN M49 but Antarctica");
    }
}
