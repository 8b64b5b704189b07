//! Where faults are played: the platform under load, and the page on which is written what came of each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::actor::Actor;
use crate::load::{Entry, Load};
use crate::platform::Platform;
use crate::record::{End, Recorder, Summary};

/// How soon everything must work again after a fault has gone, and how soon it should.
pub const RECOVERY_MAX: Duration = Duration::from_secs(10);
pub const RECOVERY_GOAL: Duration = Duration::from_secs(1);
/// How long is waited for that, so that the report can say how late it was.
const WAIT_MAX: Duration = Duration::from_secs(40);
/// What the load does after each recovery, before the next fault.
const SETTLE: Duration = Duration::from_millis(1500);
/// No request takes longer than the platform's own bound and a bit: the machine is busy.
const SLOWEST_MAX: Duration = Duration::from_millis(10_000 + 1_000);

pub struct Stage {
    pub platform: Platform,
    pub recorder: Arc<Recorder>,
    pub load: Load,
    pub auditor: Actor,
    pub options: Options,
    pub acts: Mutex<Vec<Act>>,
    /// Ledgers of loads that came and went.
    pub ledgers: Mutex<Vec<Entry>>,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub rounds: usize,
    pub clients: usize,
    pub think: Duration,
    pub watchers: usize,
    pub hostile: usize,
}

/// Which ends, besides success, requests may have while a fault lasts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed(&'static [End]);

impl Allowed {
    pub const NOTHING: Allowed = Allowed(&[]);
    /// UNAVAILABLE, to be tried again.
    pub const UNAVAILABLE: Allowed = Allowed(&[End::Unavailable]);
    /// The same, and answers that come too late.
    pub const LATE: Allowed = Allowed(&[End::Unavailable, End::Deadline]);
    /// Connections to the gateway itself break.
    pub const BROKEN: Allowed = Allowed(&[End::Unavailable, End::Broken, End::Refused]);
    /// An HTTP/1.1 connection is closed just as a request comes: the client repeats it on another.
    pub const CLOSED: Allowed = Allowed(&[End::Broken]);
    /// More than can be done.
    pub const TOO_MUCH: Allowed = Allowed(&[End::Unavailable, End::TooMuch]);
}

/// One fault that was played.
#[derive(Clone, Debug)]
pub struct Act {
    pub fault: &'static str,
    pub what: String,
    pub lasted: Duration,
    pub summary: Summary,
    pub complaints: Vec<String>,
    /// Further figures, in words.
    pub notes: Vec<String>,
}

impl Stage {
    /// Breaks something, keeps it broken for a while, heals it, waits until everything works again, and writes down what
    /// the clients saw. `heal` returns when the platform could work again.
    pub async fn act(
        &self,
        fault: &'static str,
        what: impl Into<String>,
        allowed: Allowed,
        break_it: impl AsyncFnOnce() -> Result<(), String>,
        hold: Duration,
        heal: impl AsyncFnOnce() -> Result<(), String>,
    ) {
        let (what, mut complaints) = (what.into(), Vec::new());
        let begin = self.recorder.now();
        complaints.extend(break_it().await.err());
        tokio::time::sleep(hold).await;
        complaints.extend(heal().await.err());
        let healed = self.recorder.now();
        while !self.recorder.has_recovered(healed) && self.recorder.now() - healed < WAIT_MAX {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(SETTLE).await;
        let summary = self.recorder.summary(begin, healed, self.recorder.now());
        for who in self.platform.revive() {
            complaints.push(format!("{who} had ended by itself"));
        }
        complaints.extend(self.judge(&summary, allowed, begin));
        self.tell(Act { fault, what, lasted: healed - begin, summary, complaints, notes: Vec::new() });
    }

    fn judge(&self, summary: &Summary, allowed: Allowed, begin: Duration) -> Vec<String> {
        let mut complaints = Vec::new();
        for (end, number) in &summary.ends {
            if *end != End::Success && !allowed.0.contains(end) {
                let samples = self.recorder.samples(*end, begin).join(" | ");
                complaints.push(format!("{number} requests ended as {end:?}: {samples}"));
            }
        }
        match summary.first_success {
            None => complaints.push(format!("{} do not work {} s after", summary.last_to_recover, WAIT_MAX.as_secs())),
            Some(first) if first > RECOVERY_MAX => {
                complaints.push(format!("{} work {:.1} s after", summary.last_to_recover, first.as_secs_f64()));
            }
            Some(_) => {}
        }
        if summary.slowest > SLOWEST_MAX {
            complaints.push(format!("a request took {:.1} s", summary.slowest.as_secs_f64()));
        }
        complaints
    }

    /// Writes an act down, and says so.
    pub fn tell(&self, act: Act) {
        eprintln!("{act}");
        self.acts.lock().expect("no holder panics").push(act);
    }

    /// Writes down what else is to be known of the last act.
    pub fn add(&self, note: Option<String>, complaint: Option<String>) {
        let mut acts = self.acts.lock().expect("no holder panics");
        if let Some(act) = acts.last_mut() {
            for line in note.iter().chain(&complaint) {
                eprintln!("      {line}");
            }
            act.notes.extend(note);
            act.complaints.extend(complaint);
        }
    }
}

impl std::fmt::Display for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = if self.complaints.is_empty() { "ok  " } else { "FAIL" };
        let first =
            self.summary.first_success.map_or("never".to_owned(), |first| format!("{:.2} s", first.as_secs_f64()));
        let others: Vec<String> = self
            .summary
            .ends
            .iter()
            .filter(|(end, _)| **end != End::Success)
            .map(|(end, number)| format!("{number} {end:?}"))
            .collect();
        write!(
            f,
            "{verdict}  {:<11} {:<44} lasted {:>5.1} s  {:>6} ok  [{}]  first success {first} ({})  gap {:.1} s  slowest {:.1} s",
            self.fault,
            self.what,
            self.lasted.as_secs_f64(),
            self.summary.count(End::Success),
            others.join(", "),
            self.summary.last_to_recover,
            self.summary.gap.as_secs_f64(),
            self.summary.slowest.as_secs_f64(),
        )?;
        for line in self.notes.iter().chain(&self.complaints) {
            write!(f, "\n      {line}")?;
        }
        Ok(())
    }
}
