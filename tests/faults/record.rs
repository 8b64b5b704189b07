//! What every request came to, as its client saw it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::platform::SERVICES;

/// So many of what was last said are kept for each end.
const SAMPLES: usize = 200;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    Success,
    /// 503 with Retry-After, and UNAVAILABLE as the reason.
    Unavailable,
    /// 429, or 503 because there is too much to do, with Retry-After.
    TooMuch,
    /// 504: its time was over.
    Deadline,
    /// Nobody listened, at either gateway.
    Refused,
    /// The connection broke before the answer was whole.
    Broken,
    /// No answer within the client's own time.
    Silence,
    /// An answer of 4xx to a request that is right.
    Wrong,
    /// 5xx of another kind, or without Retry-After.
    Fault,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Since the beginning of the run.
    pub begin: Duration,
    pub took: Duration,
    pub service: u8,
    pub writes: bool,
    pub end: End,
}

/// All of them, in the order in which they ended.
pub struct Recorder {
    start: Instant,
    outcomes: Mutex<Vec<Outcome>>,
    samples: Mutex<BTreeMap<End, VecDeque<String>>>,
    /// Reads that showed what must not be: an older version, or another's content.
    pub contradictions: Mutex<Vec<String>>,
    pub successes: AtomicU64,
}

/// What happened within some time.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub ends: BTreeMap<End, usize>,
    pub slowest: Duration,
    /// From the healing to the end of the first request that began after it and succeeded, the worst of reads and writes
    /// of all services; none if there was none.
    pub first_success: Option<Duration>,
    /// Which that was.
    pub last_to_recover: String,
    /// The longest time without a success of any service.
    pub gap: Duration,
}

impl Recorder {
    pub fn new() -> Recorder {
        Recorder {
            start: Instant::now(),
            outcomes: Mutex::default(),
            samples: Mutex::default(),
            contradictions: Mutex::default(),
            successes: AtomicU64::new(0),
        }
    }

    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub fn put(&self, service: usize, writes: bool, begin: Duration, end: End, said: &str) {
        let outcome = Outcome { begin, took: self.now() - begin, service: service as u8, writes, end };
        if end == End::Success {
            self.successes.fetch_add(1, Relaxed);
        } else {
            let mut samples = self.samples.lock().expect("no holder panics");
            let kept = samples.entry(end).or_default();
            if kept.len() >= SAMPLES {
                kept.pop_front();
            }
            let what = if writes { "write" } else { "read" };
            kept.push_back(format!("at {:.1} s, {what} of {}: {said}", begin.as_secs_f64(), SERVICES[service]));
        }
        self.outcomes.lock().expect("no holder panics").push(outcome);
    }

    pub fn contradiction(&self, what: String) {
        self.contradictions.lock().expect("no holder panics").push(what);
    }

    /// What was said to some of the requests that ended so.
    pub fn samples(&self, end: End, since: Duration) -> Vec<String> {
        let of_end = self.samples.lock().expect("no holder panics").get(&end).cloned().unwrap_or_default();
        let begun = |line: &str| line.split(' ').nth(1).and_then(|at| at.parse::<f64>().ok()).unwrap_or(0.0);
        of_end.into_iter().filter(|line| begun(line) + 0.1 >= since.as_secs_f64()).take(3).collect()
    }

    /// Whether reads and writes of every service have succeeded that began after this moment.
    pub fn has_recovered(&self, healed: Duration) -> bool {
        self.firsts(healed).iter().all(Option::is_some)
    }

    fn firsts(&self, healed: Duration) -> [Option<Duration>; 8] {
        let mut firsts = [None; 8];
        for outcome in self.outcomes.lock().expect("no holder panics").iter().rev() {
            // Those that ended before have nothing to say; a request takes half a minute at most.
            if outcome.begin + outcome.took < healed {
                if outcome.begin + Duration::from_secs(30) < healed {
                    break;
                }
                continue;
            }
            if outcome.end == End::Success && outcome.begin >= healed {
                let end = outcome.begin + outcome.took - healed;
                let slot = &mut firsts[outcome.service as usize * 2 + usize::from(outcome.writes)];
                *slot = Some(slot.map_or(end, |known: Duration| known.min(end)));
            }
        }
        firsts
    }

    /// What happened to the requests that ended from `begin` to `end`, with the fault healed at `healed`.
    pub fn summary(&self, begin: Duration, healed: Duration, end: Duration) -> Summary {
        let mut summary = Summary::default();
        let mut last_success = [begin; 4];
        for outcome in self.outcomes.lock().expect("no holder panics").iter() {
            let ended = outcome.begin + outcome.took;
            if ended < begin || ended > end {
                continue;
            }
            *summary.ends.entry(outcome.end).or_default() += 1;
            summary.slowest = summary.slowest.max(outcome.took);
            if outcome.end == End::Success {
                let last = &mut last_success[outcome.service as usize];
                summary.gap = summary.gap.max(ended.saturating_sub(*last));
                *last = ended.max(*last);
            }
        }
        let firsts = self.firsts(healed);
        if firsts.iter().all(Option::is_some) {
            let slowest = firsts.iter().flatten().enumerate().max_by_key(|(_, took)| **took);
            summary.first_success = slowest.map(|(_, took)| *took);
            let name =
                |slot: usize| format!("{} {}", SERVICES[slot / 2], if slot % 2 == 1 { "writes" } else { "reads" });
            summary.last_to_recover = slowest.map(|(slot, _)| name(slot)).unwrap_or_default();
        } else {
            let missing = firsts.iter().position(Option::is_none).unwrap_or(0);
            summary.last_to_recover =
                format!("{} {}", SERVICES[missing / 2], if missing % 2 == 1 { "writes" } else { "reads" });
        }
        summary
    }

    /// Reads that began between two moments and did not succeed, of all that did.
    pub fn failed_reads(&self, begin: Duration, end: Duration) -> (usize, usize) {
        let outcomes = self.outcomes.lock().expect("no holder panics");
        let reads = outcomes.iter().filter(|o| !o.writes && o.begin >= begin && o.begin < end);
        reads.fold((0, 0), |(failed, all), read| (failed + usize::from(read.end != End::Success), all + 1))
    }

    /// Successes a second between two moments.
    pub fn rate(&self, begin: Duration, end: Duration) -> f64 {
        let outcomes = self.outcomes.lock().expect("no holder panics");
        let within = |o: &&Outcome| o.end == End::Success && o.begin + o.took >= begin && o.begin + o.took < end;
        outcomes.iter().filter(within).count() as f64 / (end - begin).as_secs_f64()
    }
}

impl Summary {
    pub fn count(&self, end: End) -> usize {
        self.ends.get(&end).copied().unwrap_or(0)
    }
}
