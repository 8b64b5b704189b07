//! What becomes of partnerships when units are merged or split: one rule for the reference data and for successions that are
//! recorded later. Without a database.
//!
//! - What a unit holds that goes into another goes over to that one, and what it was stays visible in the holders.
//! - On a split it goes over to one of the successors: for a border pair to one that borders on the country, then to the one with
//!   the largest share, then to the one that bears the unit's name. A unit that only gives off a part keeps what it holds. New
//!   border units have pairs of their own, which are recorded like any other.
//! - Where two border pairs with one country come to one unit, one continues: that which the unit held already, then that of the
//!   unit whose name it bears, then the oldest. The others end on the day before and say which one continues them; their foreign
//!   localities go over to it. Agreements never do so: two twinnings remain two.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use api::registry::v1::partnership::Kind;
use api::registry::v1::{
    LineageStep, Locality, Partnership, PartnershipCounterpart, PartnershipHolder, locality_share, locality_succession,
};
use chrono::NaiveDate;

use super::rules::{belongs, held, life};
use crate::descent;
use crate::period::{END, Span};

/// The partnerships that are changed by these steps, as they are afterwards; those that end come first. `partnerships` are those
/// of all units of the steps; `units` are the units.
pub fn hand_over(partnerships: &[Partnership], steps: &[LineageStep], units: &[Locality]) -> Vec<Partnership> {
    let mut after = partnerships.to_vec();
    let days: BTreeSet<&str> = steps.iter().map(|step| step.effective_date.as_str()).collect();
    for day in days {
        let of_day: Vec<&LineageStep> = steps.iter().filter(|step| step.effective_date == day).collect();
        on_day(&mut after, day, &of_day, units);
    }
    let changed = after.into_iter().filter(|now| partnerships.iter().all(|before| before != now));
    let (ended, going_on): (Vec<_>, Vec<_>) = changed.partition(|partnership| !partnership.continued_by.is_empty());
    ended.into_iter().chain(going_on).collect()
}

fn on_day(partnerships: &mut [Partnership], day: &str, steps: &[&LineageStep], units: &[Locality]) {
    let Some(eve) = eve(day) else { return };
    let mut coming: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (at, partnership) in partnerships.iter_mut().enumerate() {
        let standing = life(partnership);
        let Some(last) = partnership.holders.last().filter(|last| held(last).contains(day)) else { continue };
        if !standing.contains(day) {
            continue;
        }
        let unit = last.locality.clone();
        let moved = match successor(partnership, steps, units, day) {
            Some(step) if standing.contains(&eve) => {
                go_over(partnership, step, &eve);
                step.successor.clone()
            }
            _ => unit,
        };
        if partnership.kind() == Kind::BorderPair {
            coming.entry((moved, partnership.country.clone())).or_default().push(at);
        }
    }
    for together in coming.into_values().filter(|together| together.len() > 1) {
        come_together(partnerships, &together, day, &eve);
    }
}

/// The step by which a partnership goes over, if it does.
fn successor<'a>(
    partnership: &Partnership,
    steps: &[&'a LineageStep],
    units: &[Locality],
    day: &str,
) -> Option<&'a LineageStep> {
    let unit = &partnership.holders.last()?.locality;
    let mut fitting: Vec<&LineageStep> = steps.iter().copied().filter(|step| step.predecessor == *unit).collect();
    let split = fitting.iter().any(|step| step.kind == locality_succession::Kind::Split as i32);
    let lives_on = |locality: &Locality| locality.periods.iter().any(|period| descent::span(period).contains(day));
    if split && units.iter().any(|known| known.name == *unit && lives_on(known)) {
        return None;
    }
    if partnership.kind() == Kind::BorderPair {
        let borders = |step: &&LineageStep| {
            let later = units.iter().find(|known| known.name == step.successor);
            let period = later.and_then(|later| descent::on(&later.periods, day));
            period.is_some_and(|period| period.border_countries.contains(&partnership.country))
        };
        if fitting.iter().any(borders) {
            fitting.retain(|step| borders(step));
        }
    }
    let rank = |step: &LineageStep| (same_name(unit, &step.successor), Reverse(step.successor.clone()));
    fitting.into_iter().max_by_key(|step| (share(step), rank(step)))
}

/// The part that a successor got, in parts per ten thousand: of the area, else the largest of whatever was divided; 0 where nothing
/// is said.
fn share(step: &LineageStep) -> i32 {
    let area = step.shares.iter().find(|share| share.measure() == locality_share::Measure::Area);
    let largest = step.shares.iter().map(|share| share.parts_per_ten_thousand).max();
    area.map(|share| share.parts_per_ten_thousand).or(largest).unwrap_or_default()
}

/// The holder changes: the predecessor's last day is the eve.
fn go_over(partnership: &mut Partnership, step: &LineageStep, eve: &str) {
    let Some(last) = partnership.holders.last_mut() else { return };
    let was_open_until = std::mem::replace(&mut last.valid_to, eve.to_owned());
    let successor = PartnershipHolder {
        locality: step.successor.clone(),
        valid_from: step.effective_date.clone(),
        valid_to: was_open_until,
        predecessor: step.predecessor.clone(),
        legal_basis: step.legal_basis.clone(),
    };
    partnership.holders.push(successor);
    if partnership.owner == step.predecessor {
        partnership.owner.clone_from(&step.successor);
    }
}

/// Of several pairs that one unit holds with one country from this day, one continues and the others end on the eve.
fn come_together(partnerships: &mut [Partnership], together: &[usize], day: &str, eve: &str) {
    let rank = |at: &usize| {
        let partnership = &partnerships[*at];
        let last = partnership.holders.last().cloned().unwrap_or_default();
        let came = last.valid_from == day && !last.predecessor.is_empty();
        let stranger = came && !same_name(&last.predecessor, &last.locality);
        (came, stranger, life(partnership).from, partnership.name.clone())
    };
    let Some(continuing) = together.iter().copied().min_by_key(rank) else { return };
    let winner = partnerships[continuing].name.clone();
    for at in together.iter().copied().filter(|at| *at != continuing) {
        let foreign = end(&mut partnerships[at], &winner, day, eve);
        let loser = partnerships[at].name.clone();
        for counterpart in foreign {
            take_in(&mut partnerships[continuing], counterpart, &loser, day);
        }
    }
}

/// Ends a pair on the eve, and gives its foreign localities as they would have been from the day.
fn end(partnership: &mut Partnership, winner: &str, day: &str, eve: &str) -> Vec<PartnershipCounterpart> {
    if partnership.holders.last().is_some_and(|last| last.valid_from == day) {
        partnership.holders.pop();
    }
    if let Some(last) = partnership.holders.last_mut() {
        last.valid_to = eve.to_owned();
    }
    partnership.end_date = eve.to_owned();
    partnership.end_reason = format!("Both came to one unit on {day}; {winner} continues it");
    partnership.continued_by = winner.to_owned();
    let goes_on = |counterpart: &PartnershipCounterpart| belongs(counterpart).to.as_str() >= day;
    let going: Vec<_> = partnership.counterparts.iter().filter(|it| goes_on(it)).cloned().collect();
    partnership.counterparts.retain(|counterpart| belongs(counterpart).from.as_str() < day);
    for counterpart in partnership.counterparts.iter_mut().filter(|counterpart| goes_on(counterpart)) {
        counterpart.valid_to = eve.to_owned();
    }
    going
}

/// Adds a foreign locality of an ended pair, unless it belongs to the continuing one anyhow.
fn take_in(partnership: &mut Partnership, counterpart: PartnershipCounterpart, from: &str, day: &str) {
    let span = belongs(&counterpart);
    let begins = if span.from.as_str() < day { day.to_owned() } else { counterpart.valid_from.clone() };
    let taken = Span::of(&begins, &counterpart.valid_to);
    let known = partnership.counterparts.iter().filter(|it| it.foreign_locality == counterpart.foreign_locality);
    if known.map(belongs).any(|known| known.overlaps(&taken)) {
        return;
    }
    let added = PartnershipCounterpart { valid_from: begins, partnership: from.to_owned(), ..counterpart };
    partnership.counterparts.push(added);
}

/// Whether two units bear one name: their identifiers differ by no more than the year in which one of them ended.
pub fn same_name(one: &str, other: &str) -> bool {
    fn stem(name: &str) -> &str {
        match name.rsplit_once('-') {
            Some((stem, year)) if year.len() == 4 && year.bytes().all(|letter| letter.is_ascii_digit()) => stem,
            _ => name,
        }
    }
    stem(one) == stem(other)
}

/// The day before.
fn eve(day: &str) -> Option<String> {
    if day == END {
        return None;
    }
    Some(day.parse::<NaiveDate>().ok()?.pred_opt()?.to_string())
}

#[cfg(test)]
#[path = "succession_test.rs"]
mod tests;
