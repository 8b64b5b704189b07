//! The end of the change log, kept in memory: one task reads what is new, however many watch.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use api::shared::v1 as pb;
use chassis::error::Result;
use chassis::host::Host;
use prost::Message as _;
use sea_orm::sea_query::Condition;
use sea_orm::{DatabaseConnection, DbBackend};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::cursor::{Cursor, Place};
use super::{incarnation, read};
use crate::{change, database};

/// How much of the end is kept: enough for watchers that keep up, bounded whatever is in it.
const ENTRIES_MAX: usize = 8_192;
const BYTES_MAX: usize = 16 << 20;

/// How many entries are read at once.
const PAGE: u64 = 1_000;

/// How often commits of other processes are looked for; on PostgreSQL more often as long as there are some.
const POLL_POSTGRES: Duration = Duration::from_millis(100);
const POLL_POSTGRES_BUSY: Duration = Duration::from_millis(15);
const POLL_SQLITE: Duration = Duration::from_millis(1_000);

/// How long after the last entry others count as busy.
const BUSY: Duration = Duration::from_secs(3);

/// The waits after a commit of our own that cannot be read yet, because an older transaction still runs.
const HURRY_MILLIS: [u64; 5] = [2, 4, 8, 16, 32];

/// An entry on its way to readers: `cursor`, `sequence` and `hash` are set.
#[derive(Debug)]
pub(crate) struct Item {
    pub cursor: Cursor,
    pub change: pb::Change,
    pub bytes: usize,
}

/// The end of one service's change log.
#[derive(Clone)]
pub(crate) struct Tail(Arc<Inner>);

struct Inner {
    db: DatabaseConnection,
    incarnation: Uuid,
    kept: RwLock<Kept>,
    head: watch::Sender<Cursor>,
}

#[derive(Default)]
struct Kept {
    /// Everything after this place, up to the head, is in `items`.
    floor: Place,
    items: VecDeque<Arc<Item>>,
    bytes: usize,
}

impl Tail {
    /// Finds the end and follows it. `committed` is told of commits of this process.
    pub async fn start(host: &Host, db: &DatabaseConnection, committed: watch::Receiver<()>) -> Result<Tail> {
        let incarnation = incarnation::read(db).await.map_err(database)?.id;
        let (place, hash) = read::last(db).await.map_err(database)?.unwrap_or_default();
        let kept = RwLock::new(Kept { floor: place, ..Kept::default() });
        let head = watch::Sender::new(Cursor::after(incarnation, place, &hash));
        let tail = Tail(Arc::new(Inner { db: db.clone(), incarnation, kept, head }));
        let (follower, drained) = (tail.clone(), host.drained.clone());
        host.spawn("store-tail", async move {
            tokio::select! {
                () = follower.follow(committed) => {}
                () = drained.cancelled() => {}
            }
            Ok(())
        });
        Ok(tail)
    }

    /// The log that this is the end of.
    pub fn incarnation(&self) -> Uuid {
        self.0.incarnation
    }

    /// After the last entry; told anew with each that comes.
    pub fn head(&self) -> watch::Receiver<Cursor> {
        self.0.head.subscribe()
    }

    /// The next entries after a place, at most `limit`; `None` if they are no longer in memory.
    pub fn after(&self, place: Place, limit: usize) -> Option<Vec<Arc<Item>>> {
        let kept = self.0.kept.read().unwrap_or_else(PoisonError::into_inner);
        if place < kept.floor {
            return None;
        }
        let from = kept.items.partition_point(|item| item.cursor.place <= place);
        Some(kept.items.iter().skip(from).take(limit).cloned().collect())
    }

    /// An entry of this log, ready for readers.
    pub fn item(&self, entry: read::Entry) -> Result<Item> {
        let cursor = Cursor::after(self.0.incarnation, entry.place, &entry.hash);
        let mut change = change::read(&entry.bytes)?;
        change.cursor = cursor.to_string();
        change.sequence = entry.place.seq;
        change.hash = entry.hash.into();
        let bytes = change.encoded_len();
        Ok(Item { cursor, change, bytes })
    }

    async fn follow(&self, mut committed: watch::Receiver<()>) {
        let postgres = self.0.db.get_database_backend() == DbBackend::Postgres;
        let mut news = Instant::now();
        let mut hurry = HURRY_MILLIS.iter();
        let mut well = true;
        loop {
            match self.catch_up().await {
                Ok(0) => {
                    if let Some(wait) = hurry.next() {
                        sleep(Duration::from_millis(*wait)).await;
                        continue;
                    }
                }
                Ok(_) => (well, news) = (true, Instant::now()),
                Err(error) => {
                    if std::mem::replace(&mut well, false) {
                        tracing::warn!(%error, "the change log cannot be read just now");
                    }
                }
            }
            let poll = match (postgres, news.elapsed() < BUSY) {
                (true, true) => POLL_POSTGRES_BUSY,
                (true, false) => POLL_POSTGRES,
                (false, _) => POLL_SQLITE,
            };
            let told = timeout(poll, committed.changed()).await;
            hurry = if told.is_ok() { HURRY_MILLIS.iter() } else { [].iter() };
        }
    }

    /// Reads what is new; tells how much.
    async fn catch_up(&self) -> Result<usize> {
        let mut total = 0;
        loop {
            let after = self.0.head.borrow().place;
            let entries = read::entries(&self.0.db, after, Condition::all(), PAGE).await.map_err(database)?;
            let count = entries.len();
            let items: Vec<Arc<Item>> =
                entries.into_iter().map(|entry| self.item(entry).map(Arc::new)).collect::<Result<_>>()?;
            let Some(last) = items.last().map(|item| item.cursor) else { return Ok(total) };
            self.0.kept.write().unwrap_or_else(PoisonError::into_inner).extend(items);
            self.0.head.send_replace(last);
            total += count;
            if count < PAGE as usize {
                return Ok(total);
            }
        }
    }
}

impl Kept {
    fn extend(&mut self, items: Vec<Arc<Item>>) {
        self.bytes += items.iter().map(|item| item.bytes).sum::<usize>();
        self.items.extend(items);
        while self.items.len() > ENTRIES_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.items.pop_front() else { return };
            self.bytes -= oldest.bytes;
            self.floor = oldest.cursor.place;
        }
    }
}
