//! What a client counts.

use std::time::Duration;

/// Times of requests, and how many failed.
#[derive(Default)]
pub struct Tally {
    took: Vec<Duration>,
    failed: u64,
    why: String,
}

impl Tally {
    pub fn note(&mut self, took: Duration, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.took.push(took),
            Err(why) => {
                self.failed += 1;
                self.why = why;
            }
        }
    }

    pub fn add(&mut self, other: Tally) {
        self.took.extend(other.took);
        self.failed += other.failed;
        if !other.why.is_empty() {
            self.why = other.why;
        }
    }

    /// As one line of JSON; times in microseconds.
    pub fn print(mut self, elapsed: Duration) {
        self.took.sort_unstable();
        let at = |share: f64| {
            let last = self.took.len().saturating_sub(1);
            self.took.get((last as f64 * share) as usize).map_or(0, Duration::as_micros)
        };
        let report = serde_json::json!({
            "requests": self.took.len(),
            "seconds": elapsed.as_secs_f64(),
            "p50": at(0.5) as u64,
            "p99": at(0.99) as u64,
            "failed": self.failed,
            "why": self.why,
        });
        println!("{report}");
    }
}
