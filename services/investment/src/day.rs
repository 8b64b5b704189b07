//! Days as the contract writes them.

use chrono::NaiveDate;

/// The day; none where nothing is given. What reaches a service is a day that exists: the contract checked it.
pub fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}
