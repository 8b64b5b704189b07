//! Notification.

mod envelope;
mod matching;
mod mention;
mod schedule;
mod signing;
mod wording;
