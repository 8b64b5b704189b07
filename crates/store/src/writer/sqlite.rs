//! Writes on SQLite: one task, one connection, many writes a commit. A commit costs a visit to the disk whatever is in
//! it, so all that wait go together.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chassis::clock::Clock;
use chassis::telemetry::catalogue;
use sea_orm::DatabaseConnection;
use tokio::sync::mpsc;

use super::Wake;
use super::group::Group;
use crate::database;
use crate::job::Job;

/// How many writes go into one commit.
const GROUP_MAX: usize = 256;

/// After this time a commit takes on no more writes: those that are done wait for it.
const GROUP_TIME: Duration = Duration::from_millis(50);

/// Of which kinds of work it is remembered whether they ask the database.
pub(super) type Habits = HashMap<&'static str, bool>;

pub(super) struct Task {
    pub db: DatabaseConnection,
    pub service: &'static str,
    pub wake: Wake,
    pub clock: Clock,
    pub habits: Habits,
}

impl Task {
    pub async fn run(mut self, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
        let mut jobs = Vec::with_capacity(GROUP_MAX);
        while waiting.recv_many(&mut jobs, GROUP_MAX).await > 0 {
            jobs.reverse();
            while !jobs.is_empty() {
                self.group(&mut jobs, &mut waiting).await;
            }
        }
    }

    /// Takes writes from the end of `jobs`, and what comes meanwhile, and commits them.
    async fn group(&mut self, jobs: &mut Vec<Box<dyn Job>>, waiting: &mut mpsc::Receiver<Box<dyn Job>>) {
        let mut group = match Group::begin(&self.db, self.clock.clone()).await {
            Ok(group) => group,
            Err(error) => {
                self.wake.ended(&Err(database(error.clone())));
                jobs.drain(..).for_each(|job| job.settle(Err(database(error.clone()))));
                return self.leave_connection().await;
            }
        };
        let begin = Instant::now();
        while group.len() < GROUP_MAX && begin.elapsed() < GROUP_TIME && !group.is_lost() {
            let Some(job) = jobs.pop().or_else(|| waiting.try_recv().ok()) else { break };
            if !job.is_abandoned() {
                group.run(job, &mut self.habits).await;
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
