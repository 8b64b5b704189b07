//! Writes on SQLite: one task, one connection, many writes a commit. A commit costs a visit to the disk whatever is in
//! it, so all that wait go together, each in a savepoint of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chassis::clock::Clock;
use chassis::error::{Error, Result};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode};
use sea_orm::{TransactionOptions, TransactionTrait};
use tokio::sync::mpsc;
use tonic::Code;

use super::Wake;
use crate::database;
use crate::job::{Attempt, Job, attempt};
use crate::session::{End, Session};
use crate::tx::Tx;

/// How many writes go into one commit.
const GROUP_MAX: usize = 256;

/// After this time a commit takes on no more writes: those that are done wait for it.
const GROUP_TIME: Duration = Duration::from_millis(50);

pub(super) struct Task {
    pub db: DatabaseConnection,
    pub wake: Wake,
    pub clock: Clock,
}

/// A transaction with several writes in it.
struct Group {
    transaction: Arc<DatabaseTransaction>,
    /// The savepoint of the write before still stands.
    savepoint: bool,
    /// SQLite gave up the transaction by itself (disk full, for one): nothing in it can be kept.
    lost: Option<DbErr>,
}

/// A write that waits for the commit, and how it went.
struct Done {
    job: Box<dyn Job>,
    end: Result<()>,
    tx: Option<Tx>,
}

impl Task {
    pub async fn run(self, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
        let mut jobs = Vec::with_capacity(GROUP_MAX);
        while waiting.recv_many(&mut jobs, GROUP_MAX).await > 0 {
            jobs.reverse();
            while !jobs.is_empty() {
                self.group(&mut jobs, &mut waiting).await;
            }
        }
    }

    /// Takes writes from the end of `jobs`, and what comes meanwhile, and commits them.
    async fn group(&self, jobs: &mut Vec<Box<dyn Job>>, waiting: &mut mpsc::Receiver<Box<dyn Job>>) {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = match self.db.begin_with_options(options).await {
            Ok(transaction) => Arc::new(transaction),
            Err(error) => return jobs.drain(..).for_each(|job| job.settle(Err(database(error.clone())))),
        };
        let begin = Instant::now();
        let mut group = Group { transaction, savepoint: false, lost: None };
        let mut done = Vec::with_capacity(jobs.len());
        while done.len() < GROUP_MAX && begin.elapsed() < GROUP_TIME && group.lost.is_none() {
            let Some(job) = jobs.pop().or_else(|| waiting.try_recv().ok()) else { break };
            if !job.is_abandoned() {
                done.push(group.run(job, &self.clock).await);
            }
        }
        let committed = group.commit().await;
        for Done { job, end, tx } in done {
            let end = end.and_then(|()| committed.as_ref().map_err(|error| database(error.clone())).copied());
            if let (Ok(()), Some(tx)) = (&end, tx) {
                self.wake.after(&tx);
            }
            job.settle(end);
        }
    }
}

impl Group {
    async fn run(&mut self, mut job: Box<dyn Job>, clock: &Clock) -> Done {
        let savepoint = if self.savepoint { "RELEASE job; SAVEPOINT job; " } else { "SAVEPOINT job; " };
        let session = Session::shared(self.transaction.clone(), savepoint);
        let Attempt { result, end, tx, .. } = attempt(job.as_mut(), session, clock.now()).await;
        let touched = matches!(end, End::Shared { touched: true });
        self.savepoint |= touched;
        let Err(error) = result else { return Done { job, end: Ok(()), tx: Some(tx) } };
        if touched {
            self.undo().await;
        }
        let end = self.replay(job.as_mut(), error).await;
        Done { job, end, tx: None }
    }

    /// Takes back what the last write did.
    async fn undo(&mut self) {
        match self.transaction.execute_unprepared("ROLLBACK TO job; RELEASE job").await {
            Ok(_) => self.savepoint = false,
            Err(error) => self.lost = Some(error),
        }
    }

    /// The answer of the same request, if it was done before; else the error.
    async fn replay(&mut self, job: &mut dyn Job, error: Error) -> Result<()> {
        let Some(key) = job.origin().key.clone() else { return Err(error) };
        if self.lost.is_some() || error.code() == Code::Unavailable {
            return Err(error);
        }
        match key.answer(self.transaction.as_ref()).await? {
            Some(answer) => job.replay(&answer),
            None => Err(error),
        }
    }

    /// Commits; what this answers is so on disk.
    async fn commit(self) -> Result<(), DbErr> {
        // Each session gave up its share at its end, and all have ended.
        let Some(transaction) = Arc::into_inner(self.transaction) else {
            return Err(DbErr::Custom("somebody still holds the transaction".to_owned()));
        };
        match self.lost {
            None => transaction.commit().await,
            Some(error) => {
                // Nothing is left to roll back; this tells the connection so.
                let _ = transaction.rollback().await;
                Err(error)
            }
        }
    }
}
