//! Which unit came out of which, and what a unit was on a day: rules without a database.

use std::collections::{BTreeSet, VecDeque};

use api::registry::v1::{LineageStep, LocalityPeriod, LocalitySuccession, locality_succession};

use crate::period::{END, Span};

/// All generations before and after one unit.
#[derive(Debug, Default, PartialEq)]
pub struct Family {
    /// Units that it was made of, and those that they were made of.
    pub predecessors: BTreeSet<String>,
    /// Units that it went into, and those that they went into.
    pub successors: BTreeSet<String>,
    /// The steps between these units, the earliest first.
    pub steps: Vec<LineageStep>,
}

/// Follows the steps from one unit in both directions.
pub fn family(of: &str, steps: &[LineageStep]) -> Family {
    let (predecessors, before) = follow(of, steps, |step| (&step.successor, &step.predecessor));
    let (successors, after) = follow(of, steps, |step| (&step.predecessor, &step.successor));
    let mut taken: Vec<LineageStep> = before.union(&after).map(|at| steps[*at].clone()).collect();
    let key = |step: &LineageStep| (step.effective_date.clone(), step.successor.clone(), step.predecessor.clone());
    taken.sort_by_key(key);
    Family { predecessors, successors, steps: taken }
}

/// Every unit that is reached, and the steps taken. A circle in the data does not trap it.
fn follow(
    of: &str,
    steps: &[LineageStep],
    ends: impl Fn(&LineageStep) -> (&String, &String),
) -> (BTreeSet<String>, BTreeSet<usize>) {
    let (mut reached, mut taken) = (BTreeSet::new(), BTreeSet::new());
    let mut waiting = VecDeque::from([of.to_owned()]);
    while let Some(unit) = waiting.pop_front() {
        for (at, step) in steps.iter().enumerate() {
            let (from, to) = ends(step);
            if *from != unit || !taken.insert(at) {
                continue;
            }
            if to != of && reached.insert(to.clone()) {
                waiting.push_back(to.clone());
            }
        }
    }
    (reached, taken)
}

/// The span of a period.
pub fn span(period: &LocalityPeriod) -> Span {
    Span::of(&period.valid_from, &period.valid_to)
}

/// The period that holds on a day; the nearest one, if the unit did not exist on it.
pub fn on<'a>(periods: &'a [LocalityPeriod], day: &str) -> Option<&'a LocalityPeriod> {
    let begun = periods.iter().rev().find(|period| span(period).from.as_str() <= day);
    begun.or_else(|| periods.first())
}

/// Says what is wrong with a unit's periods: they must be in order, without gap or overlap.
pub fn check_periods(periods: &[LocalityPeriod]) -> Result<(), String> {
    let told = |period: &LocalityPeriod| format!("{}..{}", period.valid_from, period.valid_to);
    if let Some(broken) = periods.iter().find(|period| span(period).is_broken()) {
        return Err(format!("{} ends before it begins", told(broken)));
    }
    match periods.windows(2).find(|pair| !span(&pair[0]).meets(&span(&pair[1]))) {
        Some(pair) => Err(format!("{} does not begin on the day after {}", told(&pair[1]), told(&pair[0]))),
        None => Ok(()),
    }
}

/// Says what is wrong with a unit's descent from another one. `own` is the unit's whole life, `other` that of its predecessor.
pub fn check_descent(step: &LocalitySuccession, own: &Span, other: &Span) -> Result<(), String> {
    let merged = step.kind == locality_succession::Kind::Merge as i32;
    if step.effective_date != own.from {
        return Err(format!("the unit begins on {}, not on {}", own.from, step.effective_date));
    }
    if step.effective_date <= other.from {
        return Err(format!("it begins only on {}", other.from));
    }
    if merged && other.to == END {
        return Err("it has not ended; what was merged ends on the day before".to_owned());
    }
    if merged && !other.meets(own) {
        return Err(format!("it ends on {}, not on the day before", other.to));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(predecessor: &str, successor: &str, date: &str) -> LineageStep {
        LineageStep {
            predecessor: predecessor.into(),
            successor: successor.into(),
            effective_date: date.into(),
            ..LineageStep::default()
        }
    }

    fn period(from: &str, to: &str) -> LocalityPeriod {
        LocalityPeriod { valid_from: from.into(), valid_to: to.into(), ..LocalityPeriod::default() }
    }

    #[test]
    fn lineage_goes_through_all_generations_and_not_sideways() {
        let steps = [
            step("c", "d", "2030-01-01"),
            step("a", "c", "2025-07-01"),
            step("b", "c", "2025-07-01"),
            step("b", "x", "2025-07-01"),
        ];
        for (unit, before, after, steps_taken) in [
            ("c", "a b", "d", 3),
            ("d", "a b c", "", 3),
            ("a", "", "c d", 2),
            ("b", "", "c d x", 3),
            ("alone", "", "", 0),
        ] {
            let found = family(unit, &steps);
            let joined = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
            assert_eq!((joined(&found.predecessors).as_str(), joined(&found.successors).as_str()), (before, after));
            assert_eq!(found.steps.len(), steps_taken, "{unit}");
            assert!(found.steps.is_sorted_by_key(|step| step.effective_date.clone()));
        }
    }

    #[test]
    fn a_circle_in_the_data_does_not_trap() {
        let found = family("a", &[step("a", "b", "2025-07-01"), step("b", "a", "2026-07-01")]);
        assert_eq!(found.predecessors, BTreeSet::from(["b".to_owned()]));
        assert_eq!(found.successors, BTreeSet::from(["b".to_owned()]));
    }

    #[test]
    fn a_day_outside_the_life_of_a_unit_gives_the_nearest_period() {
        let periods = [period("2008-08-01", "2024-12-31"), period("2025-01-01", "2025-06-30")];
        for (day, from) in [
            ("2000-01-01", "2008-08-01"),
            ("2024-12-31", "2008-08-01"),
            ("2025-01-01", "2025-01-01"),
            ("2026-01-01", "2025-01-01"),
        ] {
            assert_eq!(on(&periods, day).expect("one").valid_from, from, "{day}");
        }
        assert!(on(&[], "2026-01-01").is_none());
    }

    #[test]
    fn periods_follow_on_each_other() {
        for (periods, good) in [
            (vec![period("", "")], true),
            (vec![period("", "2025-06-30"), period("2025-07-01", "")], true),
            (vec![period("", "2025-06-30"), period("2025-07-02", "")], false),
            (vec![period("", "2025-07-01"), period("2025-07-01", "")], false),
            (vec![period("2025-07-01", ""), period("", "2025-06-30")], false),
            (vec![period("2025-07-01", "2025-06-30")], false),
        ] {
            assert_eq!(check_periods(&periods).is_ok(), good, "{periods:?}");
        }
    }

    #[test]
    fn a_merged_unit_begins_when_its_predecessors_end() {
        let own = Span::of("2025-07-01", "");
        let merge = locality_succession::Kind::Merge;
        let split = locality_succession::Kind::Split;
        for (kind, date, ended, good) in [
            (merge, "2025-07-01", "2025-06-30", true),
            (merge, "2025-07-01", "", false),
            (merge, "2025-07-02", "2025-06-30", false),
            (merge, "2025-07-01", "2025-06-29", false),
            (split, "2025-07-01", "", true),
        ] {
            let step = LocalitySuccession { effective_date: date.into(), kind: kind as i32, ..Default::default() };
            assert_eq!(check_descent(&step, &own, &Span::of("2008-08-01", ended)).is_ok(), good, "{date} {ended}");
        }
    }
}
