//! What becomes of a border zone when the units in which it lies are merged or split. Without a database.

use std::collections::BTreeSet;

use api::registry::v1::{BorderZone, BorderZoneLocality, LineageStep, Locality, locality_succession};
use chrono::NaiveDate;

use crate::descent;
use crate::period::Span;

/// The zone after these steps. It goes over to all successors of a unit that border on its country, or to all of them if none
/// does: ground does not move, and which of them it lies in the record of the zone says later. A unit that only gives off a part
/// keeps it.
pub fn hand_over(zone: &BorderZone, steps: &[LineageStep], units: &[Locality]) -> BorderZone {
    let mut zone = zone.clone();
    let days: BTreeSet<&str> = steps.iter().map(|step| step.effective_date.as_str()).collect();
    for day in days {
        let of_day: Vec<&LineageStep> = steps.iter().filter(|step| step.effective_date == day).collect();
        on_day(&mut zone, day, &of_day, units);
    }
    zone
}

fn on_day(zone: &mut BorderZone, day: &str, steps: &[&LineageStep], units: &[Locality]) {
    let Some(eve) = day.parse::<NaiveDate>().ok().and_then(|day| day.pred_opt()) else { return };
    let eve = eve.to_string();
    let mut added: Vec<BorderZoneLocality> = Vec::new();
    for at in 0..zone.localities.len() {
        let held = zone.localities[at].clone();
        let span = Span::of(&held.valid_from, &held.valid_to);
        let going = going_to(zone, &held.locality, day, steps, units);
        if going.is_empty() || !span.contains(day) || !span.contains(&eve) {
            continue;
        }
        zone.localities[at].valid_to.clone_from(&eve);
        if zone.owner == held.locality {
            zone.owner.clone_from(&going[0].successor);
        }
        added.extend(going.into_iter().map(|step| BorderZoneLocality {
            locality: step.successor.clone(),
            valid_from: day.to_owned(),
            valid_to: held.valid_to.clone(),
            predecessor: step.predecessor.clone(),
            legal_basis: step.legal_basis.clone(),
        }));
    }
    for it in added {
        let lies = |known: &BorderZoneLocality| {
            known.locality == it.locality && Span::of(&known.valid_from, &known.valid_to).contains(day)
        };
        if !zone.localities.iter().any(lies) {
            zone.localities.push(it);
        }
    }
}

/// The steps by which the zone goes over from one of its units.
fn going_to<'a>(
    zone: &BorderZone,
    unit: &str,
    day: &str,
    steps: &[&'a LineageStep],
    units: &[Locality],
) -> Vec<&'a LineageStep> {
    let mut going: Vec<&LineageStep> = steps.iter().copied().filter(|step| step.predecessor == unit).collect();
    let split = going.iter().any(|step| step.kind == locality_succession::Kind::Split as i32);
    let lives_on = |locality: &Locality| locality.periods.iter().any(|period| descent::span(period).contains(day));
    if split && units.iter().any(|known| known.name == unit && lives_on(known)) {
        return Vec::new();
    }
    let borders = |step: &&LineageStep| {
        let later = units.iter().find(|known| known.name == step.successor);
        let period = later.and_then(|later| descent::on(&later.periods, day));
        period.is_some_and(|period| period.border_countries.contains(&zone.country))
    };
    if going.iter().any(borders) {
        going.retain(|step| borders(step));
    }
    going
}

#[cfg(test)]
mod tests {
    use api::registry::v1::LocalityPeriod;

    use super::*;

    const DAY: &str = "2025-07-01";

    fn step(predecessor: &str, successor: &str, kind: locality_succession::Kind) -> LineageStep {
        LineageStep {
            predecessor: predecessor.into(),
            successor: successor.into(),
            effective_date: DAY.into(),
            kind: kind as i32,
            ..LineageStep::default()
        }
    }

    fn zone(units: &[&str]) -> BorderZone {
        let lies = |unit: &&str| BorderZoneLocality { locality: (*unit).into(), ..BorderZoneLocality::default() };
        let owner = units[0].to_owned();
        BorderZone {
            country: "countries/CN".into(),
            localities: units.iter().map(lies).collect(),
            owner,
            ..Default::default()
        }
    }

    fn today(zone: &BorderZone) -> Vec<&str> {
        zone.localities.iter().filter(|it| it.valid_to.is_empty()).map(|it| it.locality.as_str()).collect()
    }

    #[test]
    fn a_zone_goes_over_once_and_its_history_stays() {
        use locality_succession::Kind::Merge;
        let steps = [step("a", "c", Merge), step("b", "c", Merge)];
        let after = hand_over(&zone(&["a", "b"]), &steps, &[]);
        assert_eq!(today(&after), ["c"]);
        assert_eq!((after.localities.len(), after.owner.as_str()), (3, "c"));
        assert!(after.localities[..2].iter().all(|it| it.valid_to == "2025-06-30"));
        assert_eq!(hand_over(&after, &steps, &[]), after);
    }

    #[test]
    fn on_a_split_it_goes_to_those_at_the_border() {
        use locality_succession::Kind::Split;
        let period = |from: &str, to: &str, border: bool| LocalityPeriod {
            valid_from: from.into(),
            valid_to: to.into(),
            border_countries: border.then(|| "countries/CN".to_owned()).into_iter().collect(),
            ..LocalityPeriod::default()
        };
        let unit = |name: &str, period| Locality { name: name.into(), periods: vec![period], ..Locality::default() };
        let steps = [step("a", "b", Split), step("a", "c", Split)];
        let ended = [
            unit("a", period("", "2025-06-30", true)),
            unit("b", period(DAY, "", false)),
            unit("c", period(DAY, "", true)),
        ];
        assert_eq!(today(&hand_over(&zone(&["a"]), &steps, &ended)), ["c"]);
        assert_eq!(today(&hand_over(&zone(&["a"]), &steps, &[])), ["b", "c"]);
        let living = [unit("a", period("", "", true))];
        assert_eq!(today(&hand_over(&zone(&["a"]), &steps, &living)), ["a"]);
    }
}
