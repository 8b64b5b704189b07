//! How lively a partnership is. What rests on too few cases is told as insufficient, not as a figure.

use std::collections::BTreeSet;

use api::registry::v1::border_zone_milestone::Status as MilestoneStatus;
use api::registry::v1::partnership_scorecard::Sufficiency;
use api::registry::v1::{BorderZone, Partnership, PartnershipRate, PartnershipScorecard, ScorePartnershipRequest};
use chassis::error::{Error, Result};
use chrono::{Months, NaiveDate};
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use store::{Scope, Store, View};

use super::{Partnerships, row, rules};
use crate::period::Span;
use crate::{border_zone, partnership_activity, visible};

/// How many cases a rate needs at least, and activities a frequency.
const CASES_MIN: i32 = 3;

/// How many years are looked at, if the request does not say from when.
const YEARS: u32 = 10;

/// Days of a year, on average.
const YEAR_DAYS: f64 = 365.25;

/// How many generations of continued partnerships are followed at most.
const GENERATIONS_MAX: usize = 20;

/// The score card of one partnership, as far as the scope sees its activities.
pub async fn of(store: &Store, scope: &Scope, asked: &ScorePartnershipRequest) -> Result<PartnershipScorecard> {
    let partnership = store::load::<Partnerships>(store.read(), scope, &asked.name).await?;
    let today = View::at(store.clock().now()).today;
    let (from, to) = stretch(asked, today)?;
    let span = Span { from: from.to_string(), to: to.to_string() };
    let continues = continued(store, scope, &partnership.name).await?;
    let names: Vec<String> = [&partnership.name].into_iter().chain(&continues).cloned().collect();
    let activities = partnership_activity::counts(store, scope, &names, &span).await?;
    let last = partnership_activity::last(store, scope, &names, &span).await?;
    let zones = border_zone::of_partnerships(store, scope, &names).await?;
    let count = activities.iter().map(|it| it.count).sum();
    let frequency = frequency(count, from, to);
    let (last_activity, last_activity_date) = last.map(|it| (it.name, it.date)).unwrap_or_default();
    Ok(PartnershipScorecard {
        partnership: partnership.name.clone(),
        from: span.from.clone(),
        to: span.to.clone(),
        continues,
        activities,
        frequency_sufficiency: enough(frequency.is_some()) as i32,
        activities_per_year: frequency,
        last_activity_date,
        last_activity,
        renewals_on_time: Some(renewals(&partnership, &span, &today.to_string())),
        milestones_on_time: Some(milestones(&zones, &span, &today.to_string())),
    })
}

/// The first and the last day to look at.
fn stretch(asked: &ScorePartnershipRequest, today: NaiveDate) -> Result<(NaiveDate, NaiveDate)> {
    let day = |field: &str, text: &str| {
        text.parse::<NaiveDate>().map_err(|_| Error::invalid(field, "must be a day that exists, YYYY-MM-DD"))
    };
    let to = if asked.to.is_empty() { today } else { day("to", &asked.to)? };
    let before = to.checked_sub_months(Months::new(12 * YEARS)).unwrap_or(NaiveDate::MIN);
    let from = if asked.from.is_empty() { before } else { day("from", &asked.from)? };
    if to < from {
        return Err(Error::invalid("to", "must not be before from"));
    }
    Ok((from, to))
}

/// The partnerships that this one continues, through all generations, by name.
async fn continued(store: &Store, scope: &Scope, name: &str) -> Result<Vec<String>> {
    let (mut found, mut latest) = (BTreeSet::new(), vec![name.to_owned()]);
    for _ in 0..GENERATIONS_MAX {
        let ids: Vec<String> = row::Entity::find()
            .select_only()
            .column(row::Column::Id)
            .filter(row::Column::ContinuedBy.is_in(&latest))
            .filter(row::Column::Id.in_subquery(visible::ids::<row::Entity>(scope)))
            .into_tuple()
            .all(store.read())
            .await
            .map_err(store::database)?;
        latest = ids.into_iter().map(|id| format!("partnerships/{id}")).filter(|it| found.insert(it.clone())).collect();
        if latest.is_empty() {
            break;
        }
    }
    Ok(found.into_iter().collect())
}

/// Activities a year; none where there are too few, or less than a year.
fn frequency(count: i32, from: NaiveDate, to: NaiveDate) -> Option<f64> {
    let days = (to - from).num_days() + 1;
    (count >= CASES_MIN && days >= 365).then(|| f64::from(count) / (days as f64 / YEAR_DAYS))
}

fn enough(enough: bool) -> Sufficiency {
    if enough { Sufficiency::Sufficient } else { Sufficiency::Insufficient }
}

fn rate(met: i32, cases: i32) -> PartnershipRate {
    let told = cases >= CASES_MIN;
    PartnershipRate {
        sufficiency: enough(told) as i32,
        rate: told.then(|| f64::from(met) / f64::from(cases)),
        met,
        cases,
    }
}

/// Of the terms that ended in this time, and not later than yesterday, those after which another one was signed by their last day.
fn renewals(partnership: &Partnership, span: &Span, today: &str) -> PartnershipRate {
    let (mut met, mut cases) = (0, 0);
    for (at, term) in partnership.terms.iter().enumerate() {
        let last = rules::term_span(term).to;
        let next = partnership.terms.get(at + 1);
        let over_before = !partnership.end_date.is_empty() && partnership.end_date <= last;
        if !span.contains(&last) || over_before || (last.as_str() >= today && next.is_none()) {
            continue;
        }
        cases += 1;
        let signed = |next: &api::registry::v1::PartnershipTerm| {
            if next.signed_date.is_empty() { next.effective_date.clone() } else { next.signed_date.clone() }
        };
        met += i32::from(next.is_some_and(|next| signed(next) <= last));
    }
    rate(met, cases)
}

/// Of the milestones that were due in this time, and not later than yesterday unless they are done, those done by then.
fn milestones(zones: &[BorderZone], span: &Span, today: &str) -> PartnershipRate {
    let (mut met, mut cases) = (0, 0);
    for milestone in zones.iter().flat_map(|zone| &zone.milestones) {
        let done = milestone.status() == MilestoneStatus::Done;
        let waiting = milestone.status() == MilestoneStatus::Open && milestone.due_date.as_str() >= today;
        if milestone.status() == MilestoneStatus::Dropped || waiting || !span.contains(&milestone.due_date) {
            continue;
        }
        cases += 1;
        met += i32::from(done && milestone.close_date <= milestone.due_date);
    }
    rate(met, cases)
}

#[cfg(test)]
mod tests {
    use api::registry::v1::{BorderZoneMilestone, PartnershipTerm};

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn too_little_gives_no_figure() {
        assert_eq!(frequency(2, day("2020-01-01"), day("2025-12-31")), None);
        assert_eq!(frequency(5, day("2025-01-01"), day("2025-06-30")), None);
        let often = frequency(12, day("2020-01-01"), day("2025-12-31")).expect("enough");
        assert!((often - 2.0).abs() < 0.01, "{often}");
        assert_eq!(rate(2, 2).rate, None);
        assert_eq!((rate(2, 4).rate, rate(2, 4).sufficiency()), (Some(0.5), Sufficiency::Sufficient));
        assert_eq!(rate(0, 0).sufficiency(), Sufficiency::Insufficient);
    }

    #[test]
    fn a_renewal_is_on_time_if_it_is_signed_by_the_last_day() {
        let term = |signed: &str, from: &str, to: &str| PartnershipTerm {
            signed_date: signed.into(),
            effective_date: from.into(),
            expire_date: to.into(),
            ..PartnershipTerm::default()
        };
        let partnership = Partnership {
            terms: vec![
                term("2010-01-01", "", "2014-12-31"),
                term("2014-12-31", "2015-01-01", "2019-12-31"),
                term("2020-03-01", "2020-03-01", "2024-12-31"),
                term("2024-10-01", "2025-01-01", "2029-12-31"),
            ],
            ..Partnership::default()
        };
        let all = Span::of("2010-01-01", "2040-01-01");
        let told = renewals(&partnership, &all, "2026-01-01");
        assert_eq!((told.met, told.cases), (2, 3), "the last term has not ended");
        let told = renewals(&partnership, &all, "2030-01-01");
        assert_eq!((told.met, told.cases), (2, 4), "it ended without another");
        let told = renewals(&partnership, &Span::of("2019-01-01", "2020-01-01"), "2026-01-01");
        assert_eq!((told.met, told.cases), (0, 1));
        let ended = Partnership { end_date: "2029-06-30".into(), ..partnership };
        assert_eq!(renewals(&ended, &all, "2030-01-01").cases, 3, "what was ended before is not to be renewed");
    }

    #[test]
    fn a_milestone_counts_once_it_is_done_or_late() {
        let milestone = |due: &str, done: &str, status: MilestoneStatus| BorderZoneMilestone {
            due_date: due.into(),
            close_date: done.into(),
            status: status as i32,
            ..BorderZoneMilestone::default()
        };
        let zone = BorderZone {
            milestones: vec![
                milestone("2025-06-30", "2025-06-30", MilestoneStatus::Done),
                milestone("2025-06-30", "2025-07-01", MilestoneStatus::Done),
                milestone("2025-06-30", "", MilestoneStatus::Open),
                milestone("2026-06-30", "", MilestoneStatus::Open),
                milestone("2025-06-30", "2025-05-01", MilestoneStatus::Dropped),
            ],
            ..BorderZone::default()
        };
        let told = milestones(&[zone], &Span::of("2025-01-01", "2026-12-31"), "2026-01-01");
        assert_eq!((told.met, told.cases, told.sufficiency()), (1, 3, Sufficiency::Sufficient));
    }
}
