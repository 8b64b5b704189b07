//! Days as the contract writes them. Pure.

use chrono::NaiveDate;
use store::register::span;

/// The day that a whole date means.
pub fn day(text: &str) -> Option<NaiveDate> {
    span(text).map(|(first, _)| first)
}
