//! What goes on in one client's connection: requests at work, and answers that the client has not taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use chassis::config::Limits;
use http::Version;
use tokio::time::Instant;

/// How long a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// For the head of a request.
    pub head: Duration,
    /// Without a request.
    pub idle: Duration,
    /// Until the client takes more of what it is owed.
    take: Duration,
}

impl Times {
    /// As configured.
    pub fn of(limits: &Limits) -> Times {
        Times {
            head: Duration::from_secs(limits.header_seconds),
            idle: Duration::from_secs(limits.idle_seconds),
            take: Duration::from_secs(limits.body_seconds),
        }
    }

    /// When to look at a connection again that may stay until `end`.
    pub fn next_look(&self, end: Instant) -> Instant {
        end.min(Instant::now() + self.take)
    }
}

/// What goes on in one connection.
#[derive(Debug)]
pub struct Activity {
    opened: Instant,
    begun: AtomicU64,
    at_work: AtomicUsize,
    /// Milliseconds after `opened` at which the last request ended.
    ended: AtomicU64,
    /// Bytes of answers that are kept until the client has taken them.
    unsent: AtomicUsize,
    /// Answers that could go on if the client took more.
    owing: AtomicUsize,
    /// Milliseconds after `opened` at which the client took something, or was first owed it.
    taken: AtomicU64,
    unread: AtomicBool,
    /// Whether a request came over HTTP/2.
    http2: AtomicBool,
}

impl Activity {
    /// A connection that has just been opened.
    pub fn new() -> Arc<Activity> {
        Arc::new(Activity {
            opened: Instant::now(),
            begun: AtomicU64::new(0),
            at_work: AtomicUsize::new(0),
            ended: AtomicU64::new(0),
            unsent: AtomicUsize::new(0),
            owing: AtomicUsize::new(0),
            taken: AtomicU64::new(0),
            unread: AtomicBool::new(false),
            http2: AtomicBool::new(false),
        })
    }

    /// Counts a request until its answer has been sent, or given up.
    pub fn begin(self: &Arc<Self>, version: Version) -> AtWork {
        self.http2.fetch_or(version >= Version::HTTP_2, Relaxed);
        self.begun.fetch_add(1, Relaxed);
        self.at_work.fetch_add(1, Relaxed);
        AtWork { activity: self.clone(), owes: false }
    }

    /// When the connection was opened.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// How many requests there have been.
    pub fn begun(&self) -> u64 {
        self.begun.load(Relaxed)
    }

    /// How many there are now.
    pub fn at_work(&self) -> usize {
        self.at_work.load(Relaxed)
    }

    /// A request's body was given up before its end.
    pub fn leave_unread(&self) {
        self.unread.store(true, Relaxed);
    }

    /// Bytes of answers that the client has not taken.
    pub fn unsent(&self) -> usize {
        self.unsent.load(Relaxed)
    }

    /// So many more.
    pub fn keep(&self, bytes: usize) {
        self.owed();
        self.unsent.fetch_add(bytes, Relaxed);
    }

    /// So many fewer.
    pub fn let_go(&self, bytes: usize) {
        self.unsent.fetch_sub(bytes, Relaxed);
        self.moved();
    }

    /// Whether the client could take something.
    pub fn is_owed(&self) -> bool {
        self.unsent.load(Relaxed) > 0 || self.owing.load(Relaxed) > 0
    }

    /// From now on the client is owed something. Whoever was owed something before does not get more time by asking for more.
    fn owed(&self) {
        if !self.is_owed() {
            self.moved();
        }
    }

    fn moved(&self) {
        self.taken.store(self.milliseconds(), Relaxed);
    }

    fn milliseconds(&self) -> u64 {
        self.opened.elapsed().as_millis() as u64
    }

    /// Whether a request's body was given up before its end.
    pub fn has_unread(&self) -> bool {
        self.unread.load(Relaxed)
    }

    /// Whether it is known to speak HTTP/2, whose clients can be told to go without losing a request.
    pub fn is_http2(&self) -> bool {
        self.http2.load(Relaxed)
    }

    /// When the connection is to be closed if nothing happens before; now or in the past if it is idle for long enough, or its
    /// client has not taken anything of what it is owed.
    pub fn idle_until(&self, times: Times) -> Instant {
        if self.is_owed() {
            return self.opened + Duration::from_millis(self.taken.load(Relaxed)) + times.take;
        }
        match self.at_work.load(Relaxed) {
            0 => self.opened + Duration::from_millis(self.ended.load(Relaxed)) + times.idle,
            _ => Instant::now() + times.idle,
        }
    }
}

/// A request at work.
#[derive(Debug)]
pub struct AtWork {
    activity: Arc<Activity>,
    owes: bool,
}

impl AtWork {
    /// What goes on in its connection.
    pub fn client(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Whether its answer waits for the client to take more, and not the other way round.
    pub fn owes(&mut self, owes: bool) {
        match (self.owes, owes) {
            (false, true) => {
                self.activity.owed();
                self.activity.owing.fetch_add(1, Relaxed);
            }
            (true, false) => drop(self.activity.owing.fetch_sub(1, Relaxed)),
            _ => {}
        }
        self.owes = owes;
    }

    /// The client has taken something.
    pub fn moved(&self) {
        self.activity.moved();
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.owes(false);
        self.activity.ended.store(self.activity.milliseconds(), Relaxed);
        self.activity.at_work.fetch_sub(1, Relaxed);
    }
}
