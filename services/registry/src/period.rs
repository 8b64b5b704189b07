//! Stretches of time between two days that both belong to them, as text that sorts: what the tables hold and compare.

use chrono::{Datelike, Days, Months, NaiveDate};

/// Stands for "before our records".
pub const BEGINNING: &str = "0001-01-01";
/// Stands for "still".
pub const END: &str = "9999-12-31";

/// A stretch of time; both days are `YYYY-MM-DD` and belong to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
}

impl Span {
    /// Reads both ends as exactly as they are given (`YYYY`, `YYYY-MM` or `YYYY-MM-DD`) and takes all that they may mean;
    /// an empty end is open.
    pub fn of(from: &str, to: &str) -> Self {
        Self { from: first_day(from), to: last_day(to) }
    }

    /// Whether the day `YYYY-MM-DD` belongs to it.
    pub fn contains(&self, day: &str) -> bool {
        self.from.as_str() <= day && day <= self.to.as_str()
    }

    /// Whether it ends before it begins.
    pub fn is_broken(&self) -> bool {
        self.to < self.from
    }

    /// Whether a day belongs to both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }

    /// Whether the other begins on the day after this one ends.
    pub fn meets(&self, other: &Self) -> bool {
        day_after(&self.to).is_some_and(|next| next == other.from)
    }
}

/// The first day that a date may mean.
pub fn first_day(date: &str) -> String {
    match date.len() {
        0 => BEGINNING.to_owned(),
        4 => format!("{date}-01-01"),
        7 => format!("{date}-01"),
        _ => date.to_owned(),
    }
}

/// The last day that a date may mean.
pub fn last_day(date: &str) -> String {
    match date.len() {
        0 => END.to_owned(),
        4 => format!("{date}-12-31"),
        7 => last_of_month(date).unwrap_or_else(|| format!("{date}-31")),
        _ => date.to_owned(),
    }
}

/// The day after `YYYY-MM-DD`; none after the end, or if it is no day.
pub fn day_after(day: &str) -> Option<String> {
    let next = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?.checked_add_days(Days::new(1))?;
    (next.year() <= 9999).then(|| next.to_string())
}

/// The day before `YYYY-MM-DD`; none before the beginning, or if it is no day.
pub fn day_before(day: &str) -> Option<String> {
    let before = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?.pred_opt()?;
    (before.year() >= 1).then(|| before.to_string())
}

fn last_of_month(month: &str) -> Option<String> {
    let first = NaiveDate::parse_from_str(&format!("{month}-01"), "%Y-%m-%d").ok()?;
    Some(first.checked_add_months(Months::new(1))?.pred_opt()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inexact_date_means_all_its_days() {
        for (date, first, last) in [
            ("", BEGINNING, END),
            ("1993", "1993-01-01", "1993-12-31"),
            ("2024-02", "2024-02-01", "2024-02-29"),
            ("2025-12", "2025-12-01", "2025-12-31"),
            ("2025-08-13", "2025-08-13", "2025-08-13"),
        ] {
            assert_eq!((first_day(date).as_str(), last_day(date).as_str()), (first, last), "{date}");
        }
    }

    #[test]
    fn both_ends_belong_to_a_span() {
        let span = Span::of("2025-07-01", "2026-04-29");
        for (day, inside) in [("2025-06-30", false), ("2025-07-01", true), ("2026-04-29", true), ("2026-04-30", false)]
        {
            assert_eq!(span.contains(day), inside, "{day}");
        }
        assert!(Span::of("", "").contains("1950-01-18"));
    }

    #[test]
    fn spans_meet_without_gap_and_without_overlap() {
        let old = Span::of("2008-08-01", "2025-06-30");
        for (from, meets, overlaps) in
            [("2025-06-30", false, true), ("2025-07-01", true, false), ("2025-07-02", false, false)]
        {
            let new = Span::of(from, "");
            assert_eq!((old.meets(&new), old.overlaps(&new)), (meets, overlaps), "{from}");
        }
        assert!(!Span::of("", "").meets(&Span::of("", "")));
        assert!(Span::of("2026", "2025").is_broken());
    }
}
