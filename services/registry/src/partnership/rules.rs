//! What a partnership is on a day: rules without a database.

use std::collections::BTreeMap;

use api::registry::v1::partnership::Status;
use api::registry::v1::{Partnership, PartnershipCounterpart, PartnershipHolder, PartnershipTerm};
use chassis::clock;
use chrono::{DateTime, Days, NaiveDate};
use store::calendar::Passing;

use crate::period::{BEGINNING, END, Span, day_after};

/// How many days before the end of its term a partnership is said to expire.
pub const NOTICE_DAYS: u64 = 90;

/// When a unit holds it.
pub fn held(holder: &PartnershipHolder) -> Span {
    Span::of(&holder.valid_from, &holder.valid_to)
}

/// When a foreign locality belongs to it.
pub fn belongs(counterpart: &PartnershipCounterpart) -> Span {
    Span::of(&counterpart.valid_from, &counterpart.valid_to)
}

/// The first and the last day of a term.
pub fn term_span(term: &PartnershipTerm) -> Span {
    let first = if term.effective_date.is_empty() { &term.signed_date } else { &term.effective_date };
    Span::of(first, &term.expire_date)
}

/// When it stands: from its first holder's first day to its last holder's last one, unless it was ended before.
pub fn life(partnership: &Partnership) -> Span {
    let from = partnership.holders.first().map_or_else(|| BEGINNING.to_owned(), |first| held(first).from);
    let to = partnership.holders.last().map_or_else(|| END.to_owned(), |last| held(last).to);
    let ended = if partnership.end_date.is_empty() { END } else { &partnership.end_date };
    Span { from, to: to.min(ended.to_owned()) }
}

/// The unit that holds it on a day; the nearest one, if none does.
pub fn holder<'a>(partnership: &'a Partnership, day: &str) -> Option<&'a PartnershipHolder> {
    let begun = partnership.holders.iter().rev().find(|holder| held(holder).from.as_str() <= day);
    begun.or_else(|| partnership.holders.first())
}

/// The foreign localities on a day; on the nearest day of its life, if it does not stand.
pub fn foreign_localities(partnership: &Partnership, day: &str) -> Vec<String> {
    let life = life(partnership);
    let day = if day > life.to.as_str() { life.to.as_str() } else { day.max(life.from.as_str()) };
    let mut found: Vec<String> = partnership
        .counterparts
        .iter()
        .filter(|counterpart| belongs(counterpart).contains(day))
        .map(|counterpart| counterpart.foreign_locality.clone())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The terms that had been agreed by a day.
fn agreed<'a>(partnership: &'a Partnership, day: &'a str) -> impl DoubleEndedIterator<Item = &'a PartnershipTerm> {
    partnership.terms.iter().filter(move |term| term.signed_date.as_str() <= day)
}

/// The term that holds on a day; the last one before it, or the first one after it, if none does.
pub fn term<'a>(partnership: &'a Partnership, day: &'a str) -> Option<&'a PartnershipTerm> {
    let begun = agreed(partnership, day).rev().find(|term| term_span(term).from.as_str() <= day);
    begun.or_else(|| partnership.terms.first())
}

/// How it stands on a day, by what had been agreed by then.
pub fn status(partnership: &Partnership, day: NaiveDate) -> Status {
    let (text, life) = (day.to_string(), life(partnership));
    if text < life.from {
        return Status::Planned;
    }
    if text > life.to {
        return Status::Ended;
    }
    if partnership.terms.is_empty() {
        return Status::Active;
    }
    let Some(first) = agreed(partnership, &text).next() else { return Status::Planned };
    if text < term_span(first).from {
        return Status::Planned;
    }
    match until(partnership, &text) {
        Some(until) if notice_day(&until).is_some_and(|notice| notice <= day) => Status::Expiring,
        Some(_) => Status::Active,
        None => Status::Expired,
    }
}

/// The day until which the terms agreed by a day hold from it without a break; none if none holds on it.
fn until(partnership: &Partnership, day: &str) -> Option<String> {
    let mut until: Option<String> = None;
    for term in agreed(partnership, day) {
        let span = term_span(term);
        let goes_on = match &until {
            None => span.contains(day),
            Some(known) => span.from <= day_after(known).unwrap_or_else(|| END.to_owned()) && span.to > *known,
        };
        if goes_on {
            until = Some(span.to);
        }
    }
    until
}

/// The last day of its last term, if it has one.
pub fn expiry(partnership: &Partnership) -> Option<NaiveDate> {
    let last = partnership.terms.iter().map(|term| term_span(term).to).max()?;
    if last == END { None } else { last.parse().ok() }
}

/// The first day on which what ends on this day is said to expire.
pub fn notice_day(last: &str) -> Option<NaiveDate> {
    if last == END {
        return None;
    }
    last.parse::<NaiveDate>().ok()?.checked_sub_days(Days::new(NOTICE_DAYS))
}

/// The days of its calendar: from 90 days before the end of its last term it expires, after that day it has expired. What had passed
/// before it was recorded is told by nobody.
pub fn passings(partnership: &Partnership) -> Vec<Passing> {
    let Some(last) = expiry(partnership).filter(|_| partnership.end_date.is_empty()) else { return Vec::new() };
    let recorded = partnership.create_time.and_then(|time| DateTime::from_timestamp(time.seconds, 0)).map(clock::day);
    let notice = notice_day(&last.to_string()).and_then(|day| day.pred_opt());
    let notice = notice.map(|day| Passing { day, tells: "partnership.expiring" });
    let end = Passing { day: last, tells: "partnership.expired" };
    notice.into_iter().chain([end]).filter(|passing| recorded.is_none_or(|recorded| recorded <= passing.day)).collect()
}

/// Says what is wrong with its dates.
pub fn check(partnership: &Partnership) -> Result<(), String> {
    check_holders(&partnership.holders)?;
    check_counterparts(&partnership.counterparts)?;
    check_terms(&partnership.terms)?;
    let first = partnership.holders.first().map(|holder| held(holder).from).unwrap_or_default();
    if !partnership.end_date.is_empty() && partnership.end_date < first {
        return Err(format!("it ends on {} and begins on {first}", partnership.end_date));
    }
    Ok(())
}

fn check_holders(holders: &[PartnershipHolder]) -> Result<(), String> {
    if let Some(broken) = holders.iter().find(|holder| held(holder).is_broken()) {
        return Err(format!("{} holds it until {}, before {}", broken.locality, broken.valid_to, broken.valid_from));
    }
    match holders.windows(2).find(|pair| !held(&pair[0]).meets(&held(&pair[1]))) {
        Some(pair) => Err(format!("{} does not begin on the day after {} ends", pair[1].locality, pair[0].locality)),
        None => Ok(()),
    }
}

fn check_counterparts(counterparts: &[PartnershipCounterpart]) -> Result<(), String> {
    let mut spans: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for counterpart in counterparts {
        let (name, span) = (counterpart.foreign_locality.as_str(), belongs(counterpart));
        if span.is_broken() {
            return Err(format!("{name} belongs to it until {}, before {}", span.to, span.from));
        }
        let known = spans.entry(name).or_default();
        if known.iter().any(|other| other.overlaps(&span)) {
            return Err(format!("{name} belongs to it twice at the same time"));
        }
        known.push(span);
    }
    Ok(())
}

fn check_terms(terms: &[PartnershipTerm]) -> Result<(), String> {
    for term in terms {
        let span = term_span(term);
        if term.signed_date.is_empty() && term.effective_date.is_empty() {
            return Err(format!("{:?} has neither a day of signature nor one on which it begins", term.document));
        }
        if span.is_broken() {
            return Err(format!("{:?} ends on {} and begins on {}", term.document, span.to, span.from));
        }
    }
    let spans: Vec<Span> = terms.iter().map(term_span).collect();
    match spans.windows(2).find(|pair| pair[1].to <= pair[0].to || pair[1].from < pair[0].from) {
        Some(pair) => Err(format!(
            "a term from {} to {} does not begin and end later than the one before it, from {} to {}",
            pair[1].from, pair[1].to, pair[0].from, pair[0].to
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "rules_test.rs"]
mod tests;
