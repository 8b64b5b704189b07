//! Writes on SQLite: one task, one connection, many writes a commit. A commit costs a visit to the disk whatever is in
//! it, so all that wait go together. What only adds is worked out before its turn, by whoever asks for it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chassis::clock::Clock;
use chassis::telemetry::catalogue;
use sea_orm::DatabaseConnection;
use tokio::sync::mpsc;

use super::group::Group;
use super::{Ready, Wake};
use crate::database;
use crate::job::{Attempt, Job, attempt};
use crate::session::{End, Fault, Session};

/// How many writes go into one commit.
const GROUP_MAX: usize = 256;

/// After this time a commit takes on no more writes: those that are done wait for it.
const GROUP_TIME: Duration = Duration::from_millis(50);

/// What comes to the task.
pub(super) enum Wanted {
    /// To be added.
    Ready(Ready),
    /// To be worked out in the transaction, because it asks the database.
    Work(Box<dyn Job>),
}

impl Wanted {
    fn job(self) -> Box<dyn Job> {
        match self {
            Wanted::Ready(ready) => ready.job,
            Wanted::Work(job) => job,
        }
    }

    fn is_abandoned(&self) -> bool {
        match self {
            Wanted::Ready(ready) => ready.job.is_abandoned(),
            Wanted::Work(job) => job.is_abandoned(),
        }
    }
}

/// Of which kinds of work it is known that they ask the database.
#[derive(Clone, Default)]
pub(super) struct Habits(Arc<RwLock<HashMap<&'static str, bool>>>);

impl Habits {
    fn asks(&self, kind: &'static str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(kind).copied().unwrap_or(false)
    }

    fn note(&self, kind: &'static str, asks: bool) {
        if self.asks(kind) != asks {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(kind, asks);
        }
    }
}

/// Works a piece of work out, if that can be done without the database.
pub(super) async fn prepare(mut job: Box<dyn Job>, clock: &Clock, habits: &Habits) -> Wanted {
    let kind = job.kind();
    if habits.asks(kind) {
        return Wanted::Work(job);
    }
    let Attempt { fault, end, tx, .. } = attempt(job.as_mut(), Session::apart(), clock.now()).await;
    match end {
        End::GivenBack(inserts) => Wanted::Ready(Ready { job, tx, inserts }),
        // What fails by itself is told so in its turn: it may have been done before.
        End::Open(_) | End::Shared { .. } => {
            habits.note(kind, fault == Some(Fault::Blocked));
            Wanted::Work(job)
        }
    }
}

pub(super) struct Task {
    pub db: DatabaseConnection,
    pub service: &'static str,
    pub wake: Wake,
    pub clock: Clock,
    pub habits: Habits,
}

impl Task {
    pub async fn run(self, mut waiting: mpsc::Receiver<Wanted>) {
        let mut wanted = Vec::with_capacity(GROUP_MAX);
        while waiting.recv_many(&mut wanted, GROUP_MAX).await > 0 {
            wanted.reverse();
            while !wanted.is_empty() {
                self.group(&mut wanted, &mut waiting).await;
            }
        }
    }

    /// Takes writes from the end of `wanted`, and what comes meanwhile, and commits them.
    async fn group(&self, wanted: &mut Vec<Wanted>, waiting: &mut mpsc::Receiver<Wanted>) {
        let mut group = match Group::begin(&self.db, self.clock.clone()).await {
            Ok(group) => group,
            Err(error) => {
                self.wake.ended(&Err(database(error.clone())));
                wanted.drain(..).for_each(|it| it.job().settle(Err(database(error.clone()))));
                return self.leave_connection().await;
            }
        };
        let begin = Instant::now();
        while group.len() < GROUP_MAX && begin.elapsed() < GROUP_TIME && !group.is_lost() {
            match wanted.pop().or_else(|| waiting.try_recv().ok()) {
                None => break,
                Some(it) if it.is_abandoned() => {}
                Some(Wanted::Ready(ready)) => group.add(ready),
                Some(Wanted::Work(job)) => {
                    let kind = job.kind();
                    let asked = group.run(job).await;
                    self.habits.note(kind, asked);
                }
            }
        }
        let (size, begin) = (group.len(), Instant::now());
        let committed = group.commit(&self.wake).await;
        catalogue::COMMIT_SIZE.record(size as f64, [self.service.into()]);
        catalogue::COMMIT_DURATION.record(begin.elapsed().as_secs_f64(), [self.service.into()]);
        if !committed {
            self.leave_connection().await;
        }
    }

    /// Goes on with another connection. A commit that fails (disk full, for one) may leave the transaction open, or SQLite
    /// may have ended it by itself, and the library that counts what is open does not know which: it would take what
    /// comes next for a savepoint in it, and call that committed which never is.
    async fn leave_connection(&self) {
        let closed = match self.db.get_sqlite_connection_pool().acquire().await {
            Ok(connection) => connection.close().await,
            Err(error) => Err(error),
        };
        if let Err(cause) = closed {
            tracing::warn!(%cause, "a connection to SQLite could not be closed in good order");
        }
    }
}
