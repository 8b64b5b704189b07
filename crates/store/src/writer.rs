//! The one way to write. On SQLite all writes of a process go through one task, which commits many at once; on
//! PostgreSQL each is a transaction of its own. On both, what only adds is worked out without the database and goes together.

mod group;
mod postgres;
mod sqlite;
mod together;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chassis::clock::Clock;
use chassis::error::{Error, Result};
use chassis::host::Host;
use chassis::telemetry::trace;
use sea_orm::DatabaseConnection;
use tokio::sync::{Mutex, mpsc, watch};
use tokio_util::task::TaskTracker;

use crate::failure;
use crate::held::Added;
use crate::job::{Form, Job, Origin, Work};
use crate::personal::Vault;
use crate::presence::Presence;
use crate::tx::Tx;
use postgres::Place;
use sqlite::{Habits, Wanted};

/// How many writes may wait for the SQLite task before callers wait in front of it.
const WAITING_MAX: usize = 1024;

/// On PostgreSQL so many of the connections for requests send what only adds. The fewer there are, the more goes together.
const CONNECTIONS_A_SENDER: usize = 4;
const SENDERS_MIN: usize = 2;

/// Takes writes and answers when they are durable.
#[derive(Clone)]
pub(crate) struct Writer {
    kind: Kind,
    vault: Arc<Vault>,
}

#[derive(Clone)]
enum Kind {
    Sqlite { clock: Clock, habits: Habits, wanted: mpsc::Sender<Wanted> },
    Postgres { requests: Place, background: Place, together: mpsc::Sender<Ready> },
}

/// A write that only adds, and has been worked out.
struct Ready {
    job: Box<dyn Job>,
    tx: Tx,
    inserts: Vec<Added>,
}

/// Tells who waits for commits of this process.
#[derive(Clone)]
pub(crate) struct Wake {
    /// There is something new in the change log.
    pub feed: watch::Sender<()>,
    /// There is new work in a queue.
    pub queue: watch::Sender<()>,
    /// The last write met a database that was away, read-only or full.
    unwell: Arc<AtomicBool>,
}

impl Wake {
    pub fn new() -> Wake {
        Wake { feed: watch::Sender::new(()), queue: watch::Sender::new(()), unwell: Arc::default() }
    }

    /// Whether the last write met a database that was away, read-only or full.
    pub fn is_unwell(&self) -> bool {
        self.unwell.load(Ordering::Relaxed)
    }

    /// Takes note of how a write ended. What the work itself refused says nothing of the database.
    fn ended(&self, end: &Result<()>) {
        match end {
            Ok(()) => self.unwell.store(false, Ordering::Relaxed),
            Err(error) if failure::is_of_database(error) => self.unwell.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
    }

    fn after(&self, tx: &Tx) {
        let (queue, feed) = tx.wakes();
        if feed {
            self.feed.send_replace(());
        }
        if queue {
            self.queue.send_replace(());
        }
    }
}

impl Writer {
    /// A writer on SQLite: `db` has one connection, which nobody else uses. It ends after the requests and `users`, and the
    /// mark beside the file with it.
    pub fn sqlite(
        host: &Host,
        service: &'static str,
        db: DatabaseConnection,
        presence: Presence,
        wake: Wake,
        vault: Arc<Vault>,
        users: TaskTracker,
    ) -> Writer {
        let (wanted, waiting) = mpsc::channel(WAITING_MAX);
        let (clock, habits) = (host.clock.clone(), Habits::default());
        let task = sqlite::Task { db, service, wake, clock: clock.clone(), habits: habits.clone() };
        // When nothing is written any more, whoever comes next has the file alone.
        until_unused(host, users, task.run(waiting), || drop(presence));
        Writer { kind: Kind::Sqlite { clock, habits, wanted }, vault }
    }

    /// A writer on PostgreSQL, with connections for what requests ask for and others for what nobody asked for.
    pub fn postgres(
        host: &Host,
        requests: DatabaseConnection,
        background: DatabaseConnection,
        wake: Wake,
        vault: Arc<Vault>,
        users: TaskTracker,
    ) -> Writer {
        let senders = (connections(&requests) / CONNECTIONS_A_SENDER).max(SENDERS_MIN);
        let place = |db| Place { db, clock: host.clock.clone(), wake: wake.clone() };
        let (requests, background) = (place(requests), place(background));
        let (together, waiting) = mpsc::channel(WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..senders {
            let sending = together::send(requests.clone(), waiting.clone());
            until_unused(host, users.clone(), sending, || ());
        }
        Writer { kind: Kind::Postgres { requests, background, together }, vault }
    }

    /// Runs `work` in a transaction and answers when it is durable.
    pub async fn write<W, F, R>(&self, origin: Origin, form: Form<R>, work: W) -> Result<R>
    where
        W: FnOnce(Tx) -> F + Clone + Send + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
        R: Send + 'static,
    {
        // From here to the commit, the wait for others included; statements are within it.
        let span = trace::inner(|| tracing::info_span!(target: "ngkt::db", "transaction", otel.kind = "client"));
        let (vault, carried) = (Some(self.vault.clone()), origin.carried.clone());
        let carried = if span.is_none() { carried } else { carried.in_span(span.clone()) };
        let of_request = origin.context.is_some();
        let (job, answer) = Work::new(Origin { vault, carried, ..origin }, work, form);
        match &self.kind {
            Kind::Sqlite { clock, habits, wanted } => {
                let it = sqlite::prepare(Box::new(job), clock, habits).await;
                wanted.send(it).await.map_err(|_| stopped())?
            }
            Kind::Postgres { requests, together, .. } if of_request => requests.write(Box::new(job), together).await,
            Kind::Postgres { background, .. } => background.write_alone(Box::new(job)).await,
        }
        answer.await.map_err(|_| stopped())?
    }
}

/// Runs the writer, until the requests and `users` have ended.
fn until_unused(
    host: &Host,
    users: TaskTracker,
    writing: impl Future<Output = ()> + Send + 'static,
    afterwards: impl FnOnce() + Send + 'static,
) {
    let drained = host.drained.clone();
    host.spawn("store-writer", async move {
        let unused = async {
            drained.cancelled().await;
            users.close();
            users.wait().await;
        };
        tokio::select! {
            biased;
            () = writing => {}
            () = unused => {}
        }
        afterwards();
        Ok(())
    });
}

fn connections(db: &DatabaseConnection) -> usize {
    db.get_postgres_connection_pool().options().get_max_connections() as usize
}

/// The answer when nobody is there any more to write.
fn stopped() -> Error {
    Error::unavailable("the database").because("the writer has stopped")
}
