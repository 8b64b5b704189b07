//! Which desk answers: rules without a database.

use api::registry::v1::resolve_desk_response::Reason;
use api::registry::v1::{OrgUnit, OrgUnitCoverage};

use crate::period::{BEGINNING, Span};

/// When a unit exists.
pub fn life(unit: &OrgUnit) -> Span {
    Span::of(&unit.valid_from, &unit.valid_to)
}

/// When a coverage holds: never outside the life of its unit.
pub fn span(coverage: &OrgUnitCoverage, life: &Span) -> Span {
    let own = Span::of(&coverage.valid_from, &coverage.valid_to);
    Span { from: own.from.max(life.from.clone()), to: own.to.min(life.to.clone()) }
}

/// The names under which coverages may have a topic: a slug finds the theme and the work area of that identifier, and a theme or
/// work area finds the bare slug. None for no topic.
pub fn topics(wanted: &str) -> Vec<String> {
    match wanted.split_once('/') {
        _ if wanted.is_empty() => Vec::new(),
        Some((_, slug)) => vec![wanted.to_owned(), slug.to_owned()],
        None => vec![wanted.to_owned(), format!("themes/{wanted}"), format!("workAreas/{wanted}")],
    }
}

/// What a coverage that answers rests on.
pub fn reason(country: bool, region: bool, topic: bool) -> Reason {
    match (country, region, topic) {
        (true, _, true) => Reason::CountryAndTopic,
        (false, true, true) => Reason::RegionAndTopic,
        (true, _, false) => Reason::Country,
        (false, true, false) => Reason::Region,
        (false, false, true) => Reason::Topic,
        (false, false, false) => Reason::Fallback,
    }
}

/// A desk in the order of precedence; the smallest answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// The reasons are declared in their order.
    pub reason: Reason,
    /// Later beginnings first.
    began: std::cmp::Reverse<String>,
    /// The part of the unit's name after the slash.
    pub unit: String,
}

impl Rank {
    /// The closer coverage first; then the one that began later; then by name, so that the answer never depends on chance.
    pub fn of(reason: Reason, began: &str, unit: &str) -> Self {
        Self { reason, began: std::cmp::Reverse(began.to_owned()), unit: unit.to_owned() }
    }
}

/// Says which field of a unit is wrong, and why.
pub fn check(unit: &OrgUnit) -> Result<(), (String, String)> {
    if life(unit).is_broken() {
        return Err(("valid_to".into(), format!("must not be before valid_from, {}", unit.valid_from)));
    }
    if !unit.parent.is_empty() && unit.parent == unit.name {
        return Err(("parent".into(), "must be another unit".into()));
    }
    for (at, coverage) in unit.coverages.iter().enumerate() {
        let field = |name: &str| format!("coverages[{at}].{name}");
        if !coverage.country.is_empty() && coverage.world_region != 0 {
            return Err((field("world_region"), "must be empty where a country is named".into()));
        }
        let own = Span::of(&coverage.valid_from, &coverage.valid_to);
        if own.is_broken() {
            return Err((field("valid_to"), format!("must not be before valid_from, {}", coverage.valid_from)));
        }
        if own.from != BEGINNING && own.from > life(unit).to {
            return Err((field("valid_from"), format!("must not be after the unit's last day, {}", unit.valid_to)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::country::WorldRegion;

    #[test]
    fn the_closest_coverage_answers() {
        let order = [
            (Reason::CountryAndTopic, "2020-01-01", "z"),
            (Reason::RegionAndTopic, "2025-01-01", "a"),
            (Reason::Country, "2025-03-01", "z"),
            (Reason::Country, "2020-01-01", "a"),
            (Reason::Country, "2020-01-01", "b"),
            (Reason::Region, "2025-01-01", "a"),
            (Reason::Topic, "2025-01-01", "a"),
            (Reason::Fallback, "2025-01-01", "a"),
        ];
        let ranks = order.map(|(reason, began, unit)| Rank::of(reason, began, unit));
        assert!(ranks.is_sorted(), "{ranks:?}");
        for (parts, expected) in [
            ((true, false, true), Reason::CountryAndTopic),
            ((false, true, true), Reason::RegionAndTopic),
            ((true, false, false), Reason::Country),
            ((false, true, false), Reason::Region),
            ((false, false, true), Reason::Topic),
            ((false, false, false), Reason::Fallback),
        ] {
            assert_eq!(reason(parts.0, parts.1, parts.2), expected, "{parts:?}");
        }
    }

    #[test]
    fn a_topic_is_found_by_name_and_by_slug() {
        assert_eq!(topics("fta"), ["fta", "themes/fta", "workAreas/fta"]);
        assert_eq!(topics("themes/chuyen-doi-xanh"), ["themes/chuyen-doi-xanh", "chuyen-doi-xanh"]);
        assert!(topics("").is_empty());
    }

    #[test]
    fn a_coverage_names_a_country_or_a_region_and_ends_with_its_unit() {
        let unit = |coverage: OrgUnitCoverage| OrgUnit {
            name: "orgUnits/vu-chau-au".into(),
            valid_from: "2008".into(),
            valid_to: "2025-02-28".into(),
            coverages: vec![coverage],
            ..OrgUnit::default()
        };
        let dated = |from: &str, to: &str| OrgUnitCoverage {
            country: "countries/FR".into(),
            valid_from: from.into(),
            valid_to: to.into(),
            ..OrgUnitCoverage::default()
        };
        let both = OrgUnitCoverage { world_region: WorldRegion::WesternEurope as i32, ..dated("", "") };
        for (coverage, field) in [
            (dated("", ""), None),
            (dated("2020", "2020"), None),
            (both, Some("coverages[0].world_region")),
            (dated("2021", "2020"), Some("coverages[0].valid_to")),
            (dated("2025-03-01", ""), Some("coverages[0].valid_from")),
        ] {
            assert_eq!(check(&unit(coverage)).err().map(|(field, _)| field).as_deref(), field);
        }
        let open = dated("2010", "");
        assert_eq!(span(&open, &life(&unit(open.clone()))), Span::of("2010-01-01", "2025-02-28"));
    }
}
