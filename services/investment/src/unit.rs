//! Which legal unit a slug means on a day, and which unit a unit has become. Neither slug nor code is an identity: the
//! slug bac-ninh meant one unit until June 2025 and means another since.

use std::collections::{BTreeMap, BTreeSet};

use api::registry::v1::Locality;
use api::registry::v1::locality_succession::Kind;
use chrono::NaiveDate;
use store::register::lifetime;

use crate::day::day;

/// Whether a unit exists on a day. A bound that is not given is not known or not reached.
pub fn exists(unit: &Locality, on: NaiveDate) -> bool {
    let (begins, ends) = lifetime(unit);
    day(begins).is_none_or(|begin| begin <= on) && day(ends).is_none_or(|end| end >= on)
}

/// The unit that bears a slug, or once bore it, and exists on the day. `Err` says why there is none.
pub fn of_slug<'a>(
    units: impl IntoIterator<Item = &'a Locality>,
    slug: &str,
    on: NaiveDate,
) -> Result<&'a Locality, String> {
    let bears = |unit: &&Locality| {
        unit.name.strip_prefix("localities/") == Some(slug) || unit.periods.iter().any(|period| period.slug == slug)
    };
    let (there, gone): (Vec<_>, Vec<_>) = units.into_iter().filter(bears).partition(|unit| exists(unit, on));
    match (there.as_slice(), gone.as_slice()) {
        ([unit], _) => Ok(unit),
        ([], []) => Err(format!("{slug} is no locality's slug")),
        ([], gone) => {
            let known: Vec<_> = gone.iter().map(|unit| existence(unit)).collect();
            Err(format!("{slug} is no locality on {on}: {}", known.join("; ")))
        }
        (several, _) => {
            let names: Vec<_> = several.iter().map(|unit| unit.name.as_str()).collect();
            Err(format!("{slug} may be {} on {on}", names.join(" or ")))
        }
    }
}

/// Its name in Vietnamese on a day; the nearest one where it did not exist.
pub fn display_name(unit: &Locality, on: NaiveDate) -> &str {
    let begun = |from: &str| day(from).is_none_or(|from| from <= on);
    let period = unit.periods.iter().rev().find(|period| begun(&period.valid_from)).or(unit.periods.first());
    period.map_or("", |period| &period.display_name)
}

/// When a unit existed, for a sentence.
fn existence(unit: &Locality) -> String {
    match lifetime(unit) {
        (_, end) if !end.is_empty() => format!("{} ended on {end}", unit.name),
        (begin, _) => format!("{} began on {begin}", unit.name),
    }
}

/// What became of units, seen from one day.
pub struct Succession {
    /// The unit that took the whole of a unit in, for units that had ended by the day.
    next: BTreeMap<String, String>,
}

impl Succession {
    /// What had become of the units by the end of a day. A unit that was split has no one successor: its figures stay its own.
    pub fn until<'a>(units: impl IntoIterator<Item = &'a Locality>, on: NaiveDate) -> Self {
        let mut steps: BTreeMap<String, BTreeSet<(String, bool)>> = BTreeMap::new();
        for unit in units {
            let by_then = |date: &str| day(date).is_none_or(|date| date <= on);
            for step in unit.predecessors.iter().filter(|step| by_then(&step.effective_date)) {
                let whole = step.kind() == Kind::Merge;
                steps.entry(step.locality.clone()).or_default().insert((unit.name.clone(), whole));
            }
        }
        let whole = |(from, to): (String, BTreeSet<(String, bool)>)| match to.into_iter().collect::<Vec<_>>().as_slice()
        {
            [(to, true)] => Some((from, to.clone())),
            _ => None,
        };
        Self { next: steps.into_iter().filter_map(whole).collect() }
    }

    #[cfg(test)]
    pub fn of<const N: usize>(steps: [(&str, &str); N]) -> Self {
        Self { next: steps.map(|(from, to)| (from.to_owned(), to.to_owned())).into() }
    }

    /// The unit and all that it went into, one after the other. Ends also where records were entered that form a circle.
    fn path<'a>(&'a self, unit: &'a str) -> impl Iterator<Item = &'a str> {
        let step = |unit: &&'a str| self.next.get(*unit).map(String::as_str);
        std::iter::successors(Some(unit), step).take(self.next.len() + 1)
    }

    /// The unit to which a unit belongs on the day.
    pub fn today<'a>(&'a self, unit: &'a str) -> &'a str {
        self.path(unit).last().unwrap_or(unit)
    }

    /// Whether a unit is `into` or went into it.
    pub fn leads(&self, unit: &str, into: &str) -> bool {
        self.path(unit).any(|step| step == into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::{LocalityPeriod, LocalitySuccession};

    fn unit(id: &str, periods: &[(&str, &str, &str)], predecessors: &[(&str, Kind)]) -> Locality {
        let period = |&(slug, from, to): &(&str, &str, &str)| LocalityPeriod {
            slug: slug.into(),
            valid_from: from.into(),
            valid_to: to.into(),
            ..LocalityPeriod::default()
        };
        let succession = |&(id, kind): &(&str, Kind)| LocalitySuccession {
            locality: format!("localities/{id}"),
            effective_date: periods[0].1.into(),
            kind: kind.into(),
            ..LocalitySuccession::default()
        };
        Locality {
            name: format!("localities/{id}"),
            periods: periods.iter().map(period).collect(),
            predecessors: predecessors.iter().map(succession).collect(),
            ..Locality::default()
        }
    }

    fn register() -> Vec<Locality> {
        let merge = |id| (id, Kind::Merge);
        vec![
            unit("bac-giang", &[("bac-giang", "2008-08-01", "2025-06-30")], &[]),
            unit("bac-ninh-2025", &[("bac-ninh", "2008-08-01", "2025-06-30")], &[]),
            unit(
                "bac-ninh",
                &[("bac-ninh", "2025-07-01", "2026-09-19"), ("bac-ninh", "2026-09-20", "")],
                &[merge("bac-giang"), merge("bac-ninh-2025")],
            ),
            unit("hue", &[("thua-thien-hue", "2008-08-01", "2024-12-31"), ("hue", "2025-01-01", "")], &[]),
        ]
    }

    fn on(day: &str) -> NaiveDate {
        day.parse().unwrap()
    }

    #[test]
    fn a_slug_means_the_unit_of_its_time() {
        let register = register();
        for (slug, day, expected) in [
            ("bac-ninh", "2015-12-31", Some("localities/bac-ninh-2025")),
            ("bac-ninh", "2025-06-30", Some("localities/bac-ninh-2025")),
            ("bac-ninh", "2025-07-01", Some("localities/bac-ninh")),
            ("bac-ninh", "2026-12-31", Some("localities/bac-ninh")),
            ("bac-ninh-2025", "2020-12-31", Some("localities/bac-ninh-2025")),
            ("bac-giang", "2020-12-31", Some("localities/bac-giang")),
            ("bac-giang", "2025-12-31", None),
            ("thua-thien-hue", "2015-12-31", Some("localities/hue")),
            ("hue", "2015-12-31", Some("localities/hue")),
            ("hue", "2026-12-31", Some("localities/hue")),
            ("bac-nin", "2015-12-31", None),
        ] {
            let found = of_slug(&register, slug, on(day)).ok().map(|unit| unit.name.as_str());
            assert_eq!(found, expected, "{slug} on {day}");
        }
    }

    #[test]
    fn an_unknown_slug_is_told_from_one_of_another_time() {
        let register = register();
        let why = |slug| of_slug(&register, slug, on("2025-12-31")).unwrap_err();
        assert_eq!(why("bac-nin"), "bac-nin is no locality's slug");
        assert_eq!(
            why("bac-giang"),
            "bac-giang is no locality on 2025-12-31: localities/bac-giang ended on 2025-06-30"
        );
    }

    #[test]
    fn a_merger_is_followed_only_once_it_has_come() {
        let register = register();
        let later = Succession::until(&register, on("2026-01-01"));
        assert_eq!(later.today("localities/bac-giang"), "localities/bac-ninh");
        assert_eq!(later.today("localities/hue"), "localities/hue");
        assert!(later.leads("localities/bac-ninh-2025", "localities/bac-ninh"));
        assert!(later.leads("localities/bac-giang", "localities/bac-giang"));
        assert!(!later.leads("localities/bac-ninh", "localities/bac-giang"));
        let before = Succession::until(&register, on("2025-06-30"));
        assert_eq!(before.today("localities/bac-giang"), "localities/bac-giang");
    }

    #[test]
    fn a_unit_that_was_split_keeps_its_figures() {
        let mut register = vec![unit("old", &[("old", "2000-01-01", "2010-12-31")], &[])];
        register.push(unit("a", &[("a", "2011-01-01", "")], &[("old", Kind::Split)]));
        register.push(unit("b", &[("b", "2011-01-01", "")], &[("old", Kind::Split)]));
        assert_eq!(Succession::until(&register, on("2020-01-01")).today("localities/old"), "localities/old");
    }

    #[test]
    fn a_circle_in_the_records_ends() {
        let register = vec![
            unit("a", &[("a", "2000-01-01", "")], &[("b", Kind::Merge)]),
            unit("b", &[("b", "2000-01-01", "")], &[("a", Kind::Merge)]),
        ];
        Succession::until(&register, on("2020-01-01")).today("localities/a");
    }
}
