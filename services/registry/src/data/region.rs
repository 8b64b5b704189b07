//! regions.csv, with the members from localities.csv.

use std::collections::BTreeMap;

use api::registry::v1::{Locality, Region, RegionMember, RegionPeriod, region};
use serde::Deserialize;

use super::{Broken, locality, rows, source};
use crate::period::Span;

#[derive(Deserialize)]
struct Row {
    code: String,
    name_vi: String,
    name_en: String,
    valid_from: String,
    valid_to: String,
    source: String,
    confidence: String,
}

/// The socio-economic regions. A code that both schemes use is one region.
pub fn regions(localities: &[Locality]) -> Result<Vec<Region>, Broken> {
    let rows: Vec<Row> = rows("regions.csv", include_str!("../../data/regions.csv"))?;
    let mut regions: BTreeMap<String, Region> = BTreeMap::new();
    for row in rows {
        let region = regions.entry(row.code.clone()).or_insert_with(|| Region {
            name: format!("regions/{}", row.code.to_lowercase()),
            code: row.code.clone(),
            kind: region::Kind::SocioEconomic as i32,
            display_name: row.name_vi,
            english_name: row.name_en,
            ..Region::default()
        });
        region.periods.push(RegionPeriod {
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            legal_basis: act(&row.source),
            source: source(row.source, row.confidence),
        });
    }
    for (code, member) in members(localities)? {
        let region = regions.get_mut(&code);
        region.ok_or_else(|| Broken(format!("localities.csv: there is no region {code}")))?.members.push(member);
    }
    Ok(regions.into_values().collect())
}

/// "Resolution 81/2023/QH15 (national master plan; …)" rests on "Resolution 81/2023/QH15".
fn act(source: &str) -> String {
    source.split([' ', '(']).take(2).collect::<Vec<_>>().join(" ")
}

/// Every locality's memberships by the code of the region, those that follow on each other joined.
fn members(localities: &[Locality]) -> Result<Vec<(String, RegionMember)>, Broken> {
    let regions: BTreeMap<(String, String), String> =
        locality::read()?.into_iter().map(|row| ((row.slug, row.valid_from), row.region)).collect();
    let mut members: Vec<(String, RegionMember)> = Vec::new();
    for locality in localities {
        for period in &locality.periods {
            let code = regions.get(&(period.slug.clone(), period.valid_from.clone()));
            let code = code.ok_or_else(|| Broken(format!("localities.csv: {} has no region", locality.name)))?;
            match members.last_mut().filter(|(before, member)| before == code && joins(member, &locality.name, period))
            {
                Some((_, member)) => member.valid_to.clone_from(&period.valid_to),
                None => members.push((code.clone(), member(&locality.name, period))),
            }
        }
    }
    Ok(members)
}

fn member(locality: &str, period: &api::registry::v1::LocalityPeriod) -> RegionMember {
    RegionMember {
        locality: locality.to_owned(),
        valid_from: period.valid_from.clone(),
        valid_to: period.valid_to.clone(),
        ..RegionMember::default()
    }
}

fn joins(member: &RegionMember, locality: &str, period: &api::registry::v1::LocalityPeriod) -> bool {
    let before = Span::of(&member.valid_from, &member.valid_to);
    member.locality == locality && before.meets(&Span::of(&period.valid_from, &period.valid_to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_have_as_many_members_as_their_resolutions_say() {
        let localities = super::super::localities().expect("localities.csv");
        let regions = regions(&localities).expect("regions.csv");
        let count = |code: &str, day: &str| {
            let region = regions.iter().find(|region| region.code == code).expect(code);
            let members = region.members.iter();
            members.filter(|member| Span::of(&member.valid_from, &member.valid_to).contains(day)).count()
        };
        for (code, before, after) in [
            ("TDMNPB", 14, 9),
            ("DBSH", 11, 6),
            ("BTBDHMT", 14, 0),
            ("TN", 5, 0),
            ("BTB", 0, 5),
            ("NTBTN", 0, 6),
            ("DNB", 6, 3),
            ("DBSCL", 13, 5),
        ] {
            assert_eq!((count(code, "2025-06-30"), count(code, "2025-07-01")), (before, after), "{code}");
        }
        let dbsh = regions.iter().find(|region| region.name == "regions/dbsh").expect("one region under both schemes");
        assert_eq!(dbsh.periods.len(), 2);
        assert_eq!(dbsh.periods[0].legal_basis, "Resolution 81/2023/QH15");
        let of = |name: &str| dbsh.members.iter().filter(|member| member.locality == name).count();
        assert_eq!(of("localities/ha-noi"), 1, "an unbroken membership is one");
    }
}
