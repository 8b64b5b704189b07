//! When a delivery is tried again: the waits of Standard Webhooks, which grow from seconds to a day.

use chrono::{DateTime, Duration, Utc};

/// Seconds between one failed attempt and the next; the last wait repeats until the attempts are used up.
const WAITS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// A receiver may ask for more patience than the schedule has, but not for more than a day: it could not be told from
/// one that is lost.
const RETRY_AFTER_MAX: Duration = Duration::days(1);

/// The moment of the next attempt after `failed` attempts of at most `attempts_max`; `None` if that was the last.
/// `spread` in 0.0..1.0 lengthens the wait by up to a fifth, so that what failed together does not come back together.
pub fn next_attempt(
    failed: u32,
    attempts_max: u32,
    now: DateTime<Utc>,
    spread: f64,
    retry_after: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    if failed >= attempts_max {
        return None;
    }
    let step = (failed.max(1) as usize - 1).min(WAITS.len() - 1);
    let wait = WAITS[step] as f64 * (1.0 + spread.clamp(0.0, 1.0) / 5.0);
    let scheduled = now + Duration::milliseconds((wait * 1_000.0) as i64);
    let asked = retry_after.map(|at| at.min(now + RETRY_AFTER_MAX));
    Some(asked.map_or(scheduled, |at| at.max(scheduled)))
}

/// Reads the value of a Retry-After header: seconds, or a date of HTTP.
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let value = value.trim();
    match value.parse::<u32>() {
        Ok(seconds) => Some(now + Duration::seconds(seconds.into())),
        Err(_) => DateTime::parse_from_rfc2822(value).ok().map(|at| at.with_timezone(&Utc)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().expect("a time")
    }

    fn wait(failed: u32, spread: f64, retry_after: Option<i64>) -> Option<i64> {
        let asked = retry_after.map(|seconds| noon() + Duration::seconds(seconds));
        next_attempt(failed, 12, noon(), spread, asked).map(|at| (at - noon()).num_seconds())
    }

    #[test]
    fn waits_grow_from_seconds_to_a_day_and_end_after_the_last_attempt() {
        let waits: Vec<_> = (1..=12).map(|failed| wait(failed, 0.0, None)).collect();
        let hours = |n: i64| Some(n * 3_600);
        let expected = [
            Some(5),
            Some(300),
            Some(1_800),
            hours(2),
            hours(5),
            hours(10),
            hours(14),
            hours(20),
            hours(24),
            hours(24),
            hours(24),
            None,
        ];
        assert_eq!(waits, expected);
    }

    #[test]
    fn jitter_lengthens_a_wait_by_at_most_a_fifth() {
        assert_eq!(wait(2, 0.5, None), Some(330));
        assert_eq!(wait(2, 1.0, None), Some(360));
    }

    #[test]
    fn the_receiver_may_ask_for_more_patience_but_not_for_less_and_not_for_ever() {
        assert_eq!(wait(1, 0.0, Some(90)), Some(90));
        assert_eq!(wait(2, 0.0, Some(90)), Some(300));
        assert_eq!(wait(1, 0.0, Some(400_000)), Some(86_400));
    }

    #[test]
    fn retry_after_is_read_in_both_its_forms() {
        assert_eq!(retry_after(" 120 ", noon()), Some(noon() + Duration::seconds(120)));
        assert_eq!(retry_after("Sun, 22 Nov 2026 12:02:00 GMT", noon()), Some(noon() + Duration::seconds(120)));
        assert_eq!(retry_after("soon", noon()), None);
        assert_eq!(retry_after("-5", noon()), None);
    }
}
