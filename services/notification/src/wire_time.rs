//! Instants of the wire and of the database.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

/// An instant of the wire; the beginning of 1970 for one that is out of range.
pub fn instant(timestamp: &Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(timestamp.seconds, timestamp.nanos.try_into().unwrap_or_default()).unwrap_or_default()
}

/// An instant for the wire.
pub fn timestamp(instant: DateTime<Utc>) -> Timestamp {
    Timestamp { seconds: instant.timestamp(), nanos: instant.timestamp_subsec_nanos().cast_signed() }
}

/// Microseconds since 1970, as the database has instants; 0 for none.
pub fn micros(timestamp: Option<&Timestamp>) -> i64 {
    timestamp.map_or(0, |timestamp| instant(timestamp).timestamp_micros())
}
