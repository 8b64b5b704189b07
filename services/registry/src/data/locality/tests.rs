//! What the law says of the provincial units, held against the file.

use std::collections::{HashMap, HashSet};

use api::registry::v1::locality::Type;

use super::*;
use crate::descent;
use crate::period::Span;

fn units() -> Vec<Locality> {
    localities().expect("the file parses")
}

fn life(unit: &Locality) -> Span {
    let last = unit.periods.last().expect("a unit has a period");
    Span::of(&unit.periods[0].valid_from, &last.valid_to)
}

/// The units of a day, with the period that holds.
fn on<'a>(units: &'a [Locality], day: &str) -> Vec<(&'a Locality, &'a LocalityPeriod)> {
    let alive = units.iter().filter(|unit| life(unit).contains(day));
    alive.map(|unit| (unit, descent::on(&unit.periods, day).expect("a unit has a period"))).collect()
}

#[test]
fn there_are_86_units_of_101_periods() {
    let units = units();
    assert_eq!(units.len(), 86);
    assert_eq!(units.iter().map(|unit| unit.periods.len()).sum::<usize>(), 101);
    for unit in &units {
        assert_eq!(descent::check_periods(&unit.periods), Ok(()), "{}", unit.name);
        let lives: HashMap<_, _> = units.iter().map(|other| (other.name.as_str(), life(other))).collect();
        for step in &unit.predecessors {
            let checked = descent::check_descent(step, &life(unit), &lives[step.locality.as_str()]);
            assert_eq!(checked, Ok(()), "{} into {}", step.locality, unit.name);
        }
    }
}

#[test]
fn as_many_units_and_cities_exist_on_a_day_as_the_law_says() {
    let units = units();
    for (day, count, cities) in [
        ("2023-12-31", 63, 5),
        ("2024-12-31", 63, 5),
        ("2025-01-01", 63, 6),
        ("2025-06-30", 63, 6),
        ("2025-07-01", 34, 6),
        ("2026-04-29", 34, 6),
        ("2026-04-30", 34, 7),
        ("2026-09-01", 34, 8),
        ("2026-09-20", 34, 9),
    ] {
        let there = on(&units, day);
        let of_type = there.iter().filter(|(_, period)| period.r#type == Type::City as i32).count();
        assert_eq!((there.len(), of_type), (count, cities), "{day}");
    }
}

#[test]
fn no_code_slug_or_name_is_borne_twice_on_one_day() {
    let units = units();
    for day in ["2024-06-01", "2025-03-01", "2025-07-01", "2026-10-01"] {
        let mut borne: Vec<&str> = Vec::new();
        for (_, period) in on(&units, day) {
            borne.extend([period.code.as_str(), &period.slug, &period.display_name]);
        }
        let distinct: HashSet<&str> = borne.iter().copied().collect();
        assert_eq!(distinct.len(), borne.len(), "{day}");
    }
}

#[test]
fn every_old_unit_goes_to_exactly_one_new_one() {
    let units = units();
    let steps: Vec<_> = units.iter().flat_map(|unit| &unit.predecessors).collect();
    let (old, new): (Vec<_>, Vec<_>) = units.iter().partition(|unit| life(unit).to == "2025-06-30");
    assert_eq!((old.len(), new.len(), steps.len()), (52, 34, 52));
    for unit in old {
        assert_eq!(steps.iter().filter(|step| step.locality == unit.name).count(), 1, "{}", unit.name);
    }
    let sizes = |parts: usize| new.iter().filter(|unit| unit.predecessors.len() == parts).count();
    assert_eq!((sizes(0), sizes(2), sizes(3)), (11, 17, 6), "unchanged, of two, of three");
}

#[test]
fn units_are_made_of_those_that_the_resolution_names() {
    let units = units();
    for (new, of) in [
        ("bac-ninh", "bac-giang bac-ninh-2025"),
        ("phu-tho", "hoa-binh phu-tho-2025 vinh-phuc"),
        ("ninh-binh", "ha-nam nam-dinh ninh-binh-2025"),
        ("lam-dong", "binh-thuan dak-nong lam-dong-2025"),
        ("ho-chi-minh", "ba-ria-vung-tau binh-duong ho-chi-minh-2025"),
        ("vinh-long", "ben-tre tra-vinh vinh-long-2025"),
        ("can-tho", "can-tho-2025 hau-giang soc-trang"),
        ("tuyen-quang", "ha-giang tuyen-quang-2025"),
        ("quang-tri", "quang-binh quang-tri-2025"),
        ("an-giang", "an-giang-2025 kien-giang"),
        ("hue", ""),
        ("quang-ninh", ""),
    ] {
        let unit = units.iter().find(|unit| unit.name == format!("localities/{new}")).expect(new);
        let mut parts: Vec<_> =
            unit.predecessors.iter().map(|it| it.locality.trim_start_matches("localities/")).collect();
        parts.sort_unstable();
        assert_eq!(parts.join(" "), of, "{new}");
    }
}

#[test]
fn codes_were_given_again_to_other_names() {
    let units = units();
    for (code, before, after) in [
        ("15", "yen-bai", "lao-cai"),
        ("24", "bac-giang", "bac-ninh"),
        ("44", "quang-binh", "quang-tri"),
        ("52", "binh-dinh", "gia-lai"),
        ("80", "long-an", "tay-ninh"),
        ("82", "tien-giang", "dong-thap"),
        ("91", "kien-giang", "an-giang"),
    ] {
        let bearer = |day: &str| {
            let there = on(&units, day);
            there.into_iter().find(|(_, period)| period.code == code).expect(code).0.name.clone()
        };
        assert_eq!(bearer("2025-06-30"), format!("localities/{before}"), "{code}");
        assert_eq!(bearer("2025-07-01"), format!("localities/{after}"), "{code}");
    }
}

#[test]
fn a_unit_that_only_changes_its_name_or_type_stays_the_same() {
    let units = units();
    for (name, slugs, types) in [
        ("hue", "thua-thien-hue hue hue", [Type::Province, Type::City, Type::City].as_slice()),
        ("dong-nai", "dong-nai dong-nai", &[Type::Province, Type::City]),
        ("bac-ninh", "bac-ninh bac-ninh", &[Type::Province, Type::City]),
        ("quang-ninh", "quang-ninh quang-ninh quang-ninh", &[Type::Province, Type::Province, Type::City]),
        ("ha-noi", "ha-noi ha-noi", &[Type::City, Type::City]),
    ] {
        let unit = units.iter().find(|unit| unit.name == format!("localities/{name}")).expect(name);
        let borne: Vec<_> = unit.periods.iter().map(|period| period.slug.as_str()).collect();
        assert_eq!(borne.join(" "), slugs);
        assert_eq!(unit.periods.iter().map(LocalityPeriod::r#type).collect::<Vec<_>>(), types, "{name}");
    }
}

#[test]
fn borders_go_over_to_the_merged_units() {
    let units = units();
    for (country, before, after) in [("CN", 7, 7), ("LA", 10, 9), ("KH", 10, 8)] {
        let touching = |day: &str| {
            let borders = on(&units, day).into_iter().map(|(_, period)| &period.border_countries);
            borders.filter(|borders| borders.contains(&format!("countries/{country}"))).count()
        };
        assert_eq!((touching("2025-06-30"), touching("2025-07-01")), (before, after), "{country}");
    }
}
