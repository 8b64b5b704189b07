//! The sender: takes up lanes in which something is due, and sends it.

use chassis::error::Result;
use chassis::host::Host;
use chrono::{DateTime, Duration, Utc};
use futures::stream::{self, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use store::Store;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::attempt::{Answer, Made};
use crate::fallen::Fallen;
use crate::lane::{self, Held};
use crate::ledger::{Batch, Ledger};
use crate::post::{Message, Poster};

/// Lanes that one process works on at the same time.
const LANES_MAX: usize = 256;

/// Messages that are under way to one endpoint at the same time, as long as it takes them.
const AT_ONCE: usize = 8;

/// How often lanes are looked for that nobody told of: those whose time has come, and those of other processes.
const LOOK: std::time::Duration = std::time::Duration::from_millis(200);

/// How often a lane is renewed while an endpoint takes its time.
const RENEWAL: std::time::Duration = std::time::Duration::from_secs(3);

/// How long messages that are under way may take when the process stops.
const LAST_MOMENT: std::time::Duration = std::time::Duration::from_secs(2);

/// Sends what is due, in this process, until it stops.
#[derive(Clone)]
pub struct Sender {
    pub host: Host,
    pub store: Store,
    pub poster: Poster,
    pub ledger: Ledger,
    pub places: Places,
}

/// How many messages may be under way at the same time. Endpoints that are failing share a part of their own, so that
/// however many hang, they take nothing from the others.
#[derive(Clone)]
pub struct Places {
    well: Arc<Semaphore>,
    failing: Arc<Semaphore>,
}

/// What came of sending a batch.
struct Round {
    made: Vec<(String, Made)>,
    /// The endpoint did not even answer: there is no use in going on just now.
    silent: bool,
}

impl Places {
    /// Places for `concurrency_max` messages, and a quarter as many for failing endpoints besides.
    pub fn new(concurrency_max: usize) -> Places {
        let part = (concurrency_max / 4).max(1);
        Places { well: Arc::new(Semaphore::new(concurrency_max.max(1))), failing: Arc::new(Semaphore::new(part)) }
    }

    /// A place for one message; `None` if the endpoint is failing and there is none just now.
    async fn take(&self, failing: bool) -> Option<OwnedSemaphorePermit> {
        match failing {
            true => self.failing.clone().try_acquire_owned().ok(),
            false => self.well.clone().acquire_owned().await.ok(),
        }
    }
}

impl Sender {
    /// Starts sending.
    pub fn start(self) {
        let lanes = Arc::new(Semaphore::new(LANES_MAX));
        self.host.clone().spawn("webhooks", async move {
            let mut told = self.store.work_told();
            let mut well = true;
            let mut clock = Fallen::new(&self.store);
            while !self.host.shutdown.is_cancelled() {
                let looked = clock.look().await;
                let found = match looked.and(self.take_up(&lanes).await) {
                    Ok(found) => found,
                    Err(error) => {
                        if std::mem::replace(&mut well, false) {
                            let cause = error.cause().map(tracing::field::display);
                            tracing::warn!(%error, cause, "lanes cannot be taken up just now");
                        }
                        false
                    }
                };
                well |= found;
                if !found {
                    tokio::select! {
                        _ = tokio::time::timeout(LOOK, told.changed()) => {}
                        () = self.host.shutdown.cancelled() => {}
                    }
                }
            }
            Ok(())
        });
    }

    /// Takes up lanes, as many as there is room for. Tells whether there were any.
    async fn take_up(&self, lanes: &Arc<Semaphore>) -> Result<bool> {
        let mut free = Vec::from_iter(lanes.clone().acquire_owned().await);
        while let Ok(place) = lanes.clone().try_acquire_owned() {
            free.push(place);
        }
        let held = lane::claim(&self.store, free.len() as u64).await?;
        let found = !held.is_empty();
        for (held, place) in held.into_iter().zip(free) {
            let sender = self.clone();
            self.host.spawn("webhook-lane", async move {
                let endpoint = held.endpoint.clone();
                if let Err(error) = sender.work(held).await {
                    // The lease ends by itself; what was sent and not noted is sent again.
                    let cause = error.cause().map(tracing::field::display);
                    tracing::warn!(endpoint, %error, cause, "a lane was left");
                }
                drop(place);
                Ok(())
            });
        }
        Ok(found)
    }

    /// Sends what is due in a lane, batch by batch, and lets it go.
    async fn work(&self, mut held: Held) -> Result<()> {
        loop {
            let Some(batch) = self.ledger.open(&held).await? else { return self.close(held).await };
            if batch.messages.is_empty() {
                return self.ledger.close(held, batch.next, None).await;
            }
            let round = self.send(&mut held, &batch).await?;
            let (silent, nothing) = (round.silent, round.made.is_empty());
            self.ledger.note(&mut held, round.made).await?;
            let now = self.store.clock().now();
            if self.host.shutdown.is_cancelled() {
                return self.ledger.close(held, Some(now), None).await;
            }
            if silent || nothing {
                let rest = now + rest(held.failing_since, now);
                return self.ledger.close(held, Some(rest), Some(rest)).await;
            }
        }
    }

    /// The endpoint is no longer in use.
    async fn close(&self, held: Held) -> Result<()> {
        self.ledger.cancel(&held.endpoint).await?;
        self.ledger.close(held, None, None).await
    }

    /// Sends a batch, in order, some at a time. Stops with the first that gets no answer; what is under way ends. When the
    /// process stops, what is still under way after a moment is given up, and sent again by whoever comes next.
    async fn send(&self, held: &mut Held, batch: &Batch) -> Result<Round> {
        let failing = held.failing_since.is_some();
        let silent = AtomicBool::new(false);
        let attempts: Vec<_> =
            batch.messages.iter().map(|message| self.send_one(failing, &silent, batch, message)).collect();
        let mut sending = stream::iter(attempts).buffered(if failing { 1 } else { AT_ONCE });
        let mut renewal = tokio::time::interval_at(Instant::now() + RENEWAL, RENEWAL);
        let stopped = async {
            self.host.shutdown.cancelled().await;
            tokio::time::sleep(LAST_MOMENT).await;
        };
        tokio::pin!(stopped);
        let mut made = Vec::new();
        loop {
            tokio::select! {
                attempted = sending.next() => match attempted {
                    Some(attempted) => made.extend(attempted),
                    None => break,
                },
                _ = renewal.tick() => self.ledger.renew(held).await?,
                () = &mut stopped => break,
            }
        }
        Ok(Round { made, silent: silent.load(Relaxed) })
    }

    async fn send_one(
        &self,
        failing: bool,
        silent: &AtomicBool,
        batch: &Batch,
        message: &Message,
    ) -> Option<(String, Made)> {
        if silent.load(Relaxed) {
            return None;
        }
        let _place = self.places.take(failing).await?;
        let made = self.poster.post(&batch.endpoint.url, &batch.secrets, message.clone()).await;
        if matches!(made.answer, Answer::Silence { .. } | Answer::Gone) {
            silent.store(true, Relaxed);
        }
        Some((message.id.clone(), made))
    }
}

/// How long an endpoint that does not answer is left alone: the longer, the longer it has been so.
fn rest(failing_since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Duration {
    let been = failing_since.map_or(Duration::zero(), |since| now - since);
    (been / 10).clamp(Duration::seconds(5), Duration::seconds(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_endpoint_rests_longer_the_longer_it_is_silent() {
        let now: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().expect("a time");
        for (seconds, expected) in [(0, 5), (40, 5), (100, 10), (600, 60), (86_400, 60)] {
            assert_eq!(rest(Some(now - Duration::seconds(seconds)), now).num_seconds(), expected, "{seconds}");
        }
        assert_eq!(rest(None, now).num_seconds(), 5);
    }

    #[tokio::test]
    async fn failing_endpoints_take_no_place_from_the_others() {
        let places = Places::new(4);
        let taken = places.take(true).await;
        assert!(taken.is_some());
        assert!(places.take(true).await.is_none());
        assert!(places.take(false).await.is_some());
    }
}
