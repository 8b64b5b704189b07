//! Days as the contract writes them, and when a day has passed in Viet Nam. Pure.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use store::register::span;

/// Viet Nam is seven hours ahead all year.
const HOURS_AHEAD: i64 = 7;

/// The day that a whole date means.
pub fn day(text: &str) -> Option<NaiveDate> {
    span(text).map(|(first, _)| first)
}

/// The first instant at which a day has passed in Viet Nam.
pub fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX).and_time(NaiveTime::MIN);
    (midnight - TimeDelta::hours(HOURS_AHEAD)).and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_passed_when_the_next_one_begins_in_viet_nam() {
        let due = day("2026-12-22").unwrap();
        let end = end_of(due);
        assert_eq!(end.to_rfc3339(), "2026-12-22T17:00:00+00:00");
        assert_eq!(chassis::clock::day(end), due.succ_opt().unwrap());
        assert_eq!(chassis::clock::day(end - TimeDelta::microseconds(1)), due);
    }
}
