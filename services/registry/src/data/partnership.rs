//! border_pairs.csv: the border units of before July 2025, each with a neighbour country. What became of them then follows from the
//! lineage of the units, by the same rule as for successions that are recorded later.

use std::collections::BTreeMap;

use api::registry::v1::{
    ForeignLocality, LineageStep, Locality, LocalityPeriod, Partnership, PartnershipCounterpart, PartnershipHolder,
    partnership,
};
use serde::Deserialize;

use super::{Broken, countries, parts, rows, source};
use crate::descent;
use crate::partnership::{handed_over, holder_on};

/// The last day of the 63 units, and the first one of the 34.
const LAST_OF_63: &str = "2025-06-30";
const FIRST_OF_34: &str = "2025-07-01";

/// What the pairs rest on.
const DECREE: &str = "Decree 34/2014/NĐ-CP (25 border units); vietnamnet.vn 2400214";
/// What the neighbour provinces rest on.
const NEIGHBOURS: &str = "border_pairs.csv, column neighbour_provinces";

#[derive(Deserialize)]
struct Row {
    slug_63: String,
    slug_34: String,
    country_iso: String,
    neighbour_provinces: String,
    country_pair_confidence: String,
    neighbour_province_confidence: String,
}

/// The border pairs, as they have become.
pub fn partnerships(localities: &[Locality], foreign: &[ForeignLocality]) -> Result<Vec<Partnership>, Broken> {
    let rows: Vec<Row> = rows("border_pairs.csv", include_str!("../../data/border_pairs.csv"))?;
    let names: BTreeMap<String, String> = countries()?.into_iter().map(|it| (it.name, it.display_name)).collect();
    let pairs = rows.iter().map(|row| pair(row, localities, foreign, &names)).collect::<Result<Vec<_>, _>>()?;
    let handed = handed_over(&pairs, &steps(localities), localities);
    let now = |pair: Partnership| handed.iter().find(|after| after.name == pair.name).cloned().unwrap_or(pair);
    // One that says which one continues it comes after that one.
    let mut pairs: Vec<Partnership> = pairs.into_iter().map(now).collect();
    pairs.sort_by_key(|pair| !pair.continued_by.is_empty());
    for row in &rows {
        check(row, &pairs, localities)?;
    }
    Ok(pairs)
}

fn pair(
    row: &Row,
    localities: &[Locality],
    foreign: &[ForeignLocality],
    countries: &BTreeMap<String, String>,
) -> Result<Partnership, Broken> {
    let (unit, period) = bearer(localities, &row.slug_63, LAST_OF_63)?;
    let country = format!("countries/{}", row.country_iso);
    let named = countries.get(&country).ok_or_else(|| Broken(format!("border_pairs.csv: no {country}")))?;
    let of_country = |it: &&ForeignLocality| it.country == country;
    let counterpart = |province: String| {
        let known = foreign.iter().filter(of_country).find(|it| it.english_name == province);
        let known = known.ok_or_else(|| Broken(format!("foreign_localities.csv: no {province} of {country}")))?;
        Ok(PartnershipCounterpart {
            foreign_locality: known.name.clone(),
            source: source(NEIGHBOURS.to_owned(), row.neighbour_province_confidence.clone()),
            ..PartnershipCounterpart::default()
        })
    };
    let counterparts = parts(&row.neighbour_provinces).map(counterpart).collect::<Result<_, _>>()?;
    Ok(Partnership {
        name: format!("partnerships/{}-{}", row.slug_63, row.country_iso.to_lowercase()),
        display_name: format!("Biên giới {} – {named}", period.display_name),
        english_name: format!("Border of {} with {}", period.english_name, row.country_iso),
        kind: partnership::Kind::BorderPair as i32,
        country,
        holders: vec![PartnershipHolder { locality: unit.name.clone(), ..PartnershipHolder::default() }],
        counterparts,
        note: "Named after the unit that held it before July 2025".to_owned(),
        source: source(DECREE.to_owned(), row.country_pair_confidence.clone()),
        ..Partnership::default()
    })
}

/// The unit that bears a slug on a day, and its period.
fn bearer<'a>(localities: &'a [Locality], slug: &str, day: &str) -> Result<(&'a Locality, &'a LocalityPeriod), Broken> {
    let bears = |period: &&LocalityPeriod| period.slug == slug && descent::span(period).contains(day);
    let found = localities.iter().find_map(|unit| Some((unit, unit.periods.iter().find(bears)?)));
    found.ok_or_else(|| Broken(format!("border_pairs.csv: no unit {slug} on {day}")))
}

/// All steps from predecessor to successor.
fn steps(localities: &[Locality]) -> Vec<LineageStep> {
    let of_unit = |unit: &Locality| {
        let successor = unit.name.clone();
        let step = move |it: &api::registry::v1::LocalitySuccession| LineageStep {
            predecessor: it.locality.clone(),
            successor: successor.clone(),
            effective_date: it.effective_date.clone(),
            kind: it.kind,
            legal_basis: it.legal_basis.clone(),
            shares: it.shares.clone(),
        };
        unit.predecessors.iter().map(step).collect::<Vec<_>>()
    };
    localities.iter().flat_map(of_unit).collect()
}

/// The file says into which unit each one went; the lineage must agree.
fn check(row: &Row, pairs: &[Partnership], localities: &[Locality]) -> Result<(), Broken> {
    let (successor, _) = bearer(localities, &row.slug_34, FIRST_OF_34)?;
    let name = format!("partnerships/{}-{}", row.slug_63, row.country_iso.to_lowercase());
    let pair = pairs.iter().find(|pair| pair.name == name);
    let continuing = pair.map(|pair| if pair.continued_by.is_empty() { &pair.name } else { &pair.continued_by });
    let held = pairs.iter().find(|pair| Some(&pair.name) == continuing).and_then(|pair| holder_on(pair, FIRST_OF_34));
    if held.is_some_and(|holder| holder.locality == successor.name) {
        return Ok(());
    }
    Err(Broken(format!("border_pairs.csv: {name} did not come to {}", successor.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partnership::standing;

    fn pairs() -> Vec<Partnership> {
        let localities = super::super::localities().expect("localities.csv");
        let foreign = super::super::foreign_localities().expect("foreign_localities.csv");
        partnerships(&localities, &foreign).expect("border_pairs.csv")
    }

    #[test]
    fn each_border_unit_has_one_pair_with_each_neighbour_before_and_after() {
        let pairs = pairs();
        for (country, before, after) in [("CN", 7, 7), ("LA", 10, 9), ("KH", 10, 8)] {
            let count = |day: &str| {
                let of_country = pairs.iter().filter(|pair| pair.country == format!("countries/{country}"));
                let holders = of_country
                    .filter(|pair| standing(pair).contains(day))
                    .map(|pair| holder_on(pair, day).expect("somebody holds it").locality.clone());
                let mut holders: Vec<String> = holders.collect();
                let number = holders.len();
                holders.sort_unstable();
                holders.dedup();
                assert_eq!(holders.len(), number, "one for each unit of {country} on {day}");
                number
            };
            assert_eq!(
                (count("2014-05-01"), count(LAST_OF_63), count(FIRST_OF_34)),
                (before, before, after),
                "{country}"
            );
        }
        let on = |day: &str| {
            let standing = pairs.iter().filter(|pair| standing(pair).contains(day));
            let mut units: Vec<_> = standing.filter_map(|pair| holder_on(pair, day)).map(|it| &it.locality).collect();
            units.sort_unstable();
            units.dedup();
            units.len()
        };
        assert_eq!((on(LAST_OF_63), on(FIRST_OF_34)), (25, 22));
    }

    #[test]
    fn foreign_provinces_of_an_ended_pair_stay_with_the_unit() {
        let pairs = pairs();
        let find = |id: &str| pairs.iter().find(|pair| pair.name == format!("partnerships/{id}")).expect(id);
        for (ended, continuing, taken_over) in [
            ("quang-binh-la", "quang-tri-la", &["la-khammouane"][..]),
            ("long-an-kh", "tay-ninh-kh", &[]),
            ("kien-giang-kh", "an-giang-kh", &["kh-kampot"]),
        ] {
            assert_eq!(find(ended).continued_by, find(continuing).name);
            assert_eq!(find(ended).end_date, LAST_OF_63);
            let taken = find(continuing).counterparts.iter().filter(|it| it.partnership == find(ended).name);
            let taken: Vec<_> = taken.map(|it| it.foreign_locality.trim_start_matches("foreignLocalities/")).collect();
            assert_eq!(taken, taken_over, "{continuing}");
        }
        assert_eq!(pairs.iter().filter(|pair| !pair.continued_by.is_empty()).count(), 3);
    }
}
