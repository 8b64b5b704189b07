//! No request outlives its deadline: the caller's (`grpc-timeout`), else the default, and never more than the most.

use std::time::Duration;

use api::options::v1::Failure;
use http::HeaderMap;
use tokio::time::{Instant, timeout_at};

use crate::config::Limits;
use crate::error::Error;
use crate::server::{Call, Layer, Response, refuse};

pub(crate) const GRPC_TIMEOUT: &str = "grpc-timeout";

pub(super) struct Deadline<L> {
    next: L,
    default: Duration,
    max: Duration,
}

impl<L> Deadline<L> {
    pub(super) fn new(next: L, limits: &Limits) -> Deadline<L> {
        Deadline { next, default: limits.timeout_default(), max: limits.timeout_max() }
    }
}

impl<L: Layer> Layer for Deadline<L> {
    async fn run(&self, mut call: Call) -> Response {
        if call.called.is_stream() {
            return self.next.run(call).await;
        }
        let time = told(call.request.headers()).unwrap_or(self.default).min(self.max);
        let deadline = Instant::now() + time;
        call.deadline = Some(deadline);
        match timeout_at(deadline, crate::context::with_deadline(deadline, self.next.run(call))).await {
            Ok(response) => response,
            Err(_) => refuse(exceeded()),
        }
    }
}

pub(crate) fn exceeded() -> Error {
    Error::of(Failure::DeadlineExceeded)
}

/// The time that the caller gives, if it says so: at most eight digits and a unit.
pub(crate) fn told(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(GRPC_TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// A time as the header says it: in milliseconds, or in seconds where eight digits do not suffice.
pub(crate) fn tell(time: Duration) -> String {
    match time.as_millis() {
        millis @ 0..=99_999_999 => format!("{millis}m"),
        _ => format!("{}S", time.as_secs().min(99_999_999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_told_as_it_was_meant() {
        for (text, expected) in [
            ("250m", Some(Duration::from_millis(250))),
            ("1S", Some(Duration::from_secs(1))),
            ("2M", Some(Duration::from_secs(120))),
            ("1H", Some(Duration::from_secs(3600))),
            ("99999999u", Some(Duration::from_micros(99_999_999))),
            ("100n", Some(Duration::from_nanos(100))),
            ("123456789m", None),
            ("+1S", None),
            ("m", None),
            ("", None),
            ("5", None),
            ("1\u{e9}", None),
        ] {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static(GRPC_TIMEOUT),
                http::HeaderValue::from_bytes(text.as_bytes()).unwrap(),
            )]);
            assert_eq!(told(&headers), expected, "{text}");
        }
        assert_eq!(tell(Duration::from_millis(1500)), "1500m");
        assert_eq!(tell(Duration::from_secs(200_000)), "200000S");
    }
}
