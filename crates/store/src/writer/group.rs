//! A transaction on SQLite with the writes of many in it. Each has a savepoint of its own, so that one that fails takes
//! only itself back; those that only add go together, many in one visit, and one by one if that fails.

use std::sync::Arc;

use chassis::clock::Clock;
use chassis::error::{Error, Result};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode};
use sea_orm::{TransactionOptions, TransactionTrait};
use tonic::Code;

use super::{Ready, Wake};
use crate::database;
use crate::held::{Added, alike, merge};
use crate::job::{Attempt, Job, attempt};
use crate::session::{End, Session, Share};
use crate::tx::Tx;

pub(super) struct Group {
    transaction: Arc<DatabaseTransaction>,
    clock: Clock,
    /// The savepoint of the write before still stands.
    savepoint: bool,
    /// SQLite gave up the transaction by itself (disk full, for one): nothing in it can be kept.
    lost: Option<DbErr>,
    done: Vec<Done>,
    /// What was not sent yet, by the place of its work in `done`.
    unsent: Vec<(usize, Vec<Added>)>,
}

/// A write that waits for the commit, and how it went.
struct Done {
    job: Box<dyn Job>,
    end: Result<()>,
    tx: Option<Tx>,
}

impl Group {
    pub async fn begin(db: &DatabaseConnection, clock: Clock) -> Result<Group, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = Arc::new(db.begin_with_options(options).await?);
        Ok(Group { transaction, clock, savepoint: false, lost: None, done: Vec::new(), unsent: Vec::new() })
    }

    pub fn len(&self) -> usize {
        self.done.len()
    }

    pub fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Takes what was worked out already.
    pub fn add(&mut self, Ready { job, tx, inserts }: Ready) {
        if !inserts.is_empty() {
            self.unsent.push((self.done.len(), inserts));
        }
        self.done.push(Done { job, end: Ok(()), tx: Some(tx) });
    }

    /// Runs a piece of work, which finds all that others wrote before it. Tells whether it asked the database.
    pub async fn run(&mut self, mut job: Box<dyn Job>) -> bool {
        self.send().await;
        let tried = attempt(job.as_mut(), Session::shared(self.share(true)), self.clock.now()).await;
        let touched = matches!(tried.end, End::Shared { touched: true });
        let done = self.take(job, tried, touched).await;
        self.done.push(done);
        touched
    }

    fn share(&self, gives_back: bool) -> Share {
        Share { transaction: self.transaction.clone(), savepoint: Some(self.savepoint()), gives_back }
    }

    fn savepoint(&self) -> &'static str {
        if self.savepoint { "RELEASE job; SAVEPOINT job; " } else { "SAVEPOINT job; " }
    }

    async fn take(&mut self, mut job: Box<dyn Job>, tried: Attempt, touched: bool) -> Done {
        self.savepoint |= touched;
        let error = match tried.result {
            Ok(()) => {
                if let End::GivenBack(inserts) = tried.end
                    && !inserts.is_empty()
                {
                    self.unsent.push((self.done.len(), inserts));
                }
                return Done { job, end: Ok(()), tx: Some(tried.tx) };
            }
            Err(error) => error,
        };
        if touched {
            self.undo().await;
        }
        let end = replay(&self.transaction, self.is_lost(), job.as_mut(), error).await;
        Done { job, end, tx: None }
    }

    /// Sends what was not sent yet.
    async fn send(&mut self) {
        let mut unsent = std::mem::take(&mut self.unsent);
        while !unsent.is_empty() && self.lost.is_none() {
            let rest = unsent.split_off(alike(unsent.iter().map(|(_, inserts)| inserts)));
            let (places, inserts): (Vec<usize>, Vec<_>) = unsent.into_iter().unzip();
            let statement = merge(DbBackend::Sqlite, self.savepoint(), inserts);
            match self.transaction.execute_raw(statement).await {
                Ok(_) => self.savepoint = true,
                Err(_) => {
                    // At least one of them is refused. Which, and why, each is told when it runs alone.
                    self.undo().await;
                    for place in places {
                        self.run_alone(place).await;
                    }
                }
            }
            unsent = rest;
        }
    }

    /// Runs a piece of work again that went wrong together with others.
    async fn run_alone(&mut self, place: usize) {
        if self.lost.is_some() {
            return;
        }
        let share = self.share(false);
        let job = &mut self.done[place].job;
        let tried = attempt(job.as_mut(), Session::shared(share), self.clock.now()).await;
        self.savepoint |= matches!(tried.end, End::Shared { touched: true });
        self.done[place].tx = Some(tried.tx);
        let Err(error) = tried.result else { return };
        if matches!(tried.end, End::Shared { touched: true }) {
            self.undo().await;
        }
        let job = &mut self.done[place].job;
        let end = replay(&self.transaction, self.lost.is_some(), job.as_mut(), error).await;
        (self.done[place].end, self.done[place].tx) = (end, None);
    }

    /// Takes back what was done since the savepoint.
    async fn undo(&mut self) {
        match self.transaction.execute_unprepared("ROLLBACK TO job; RELEASE job").await {
            Ok(_) => self.savepoint = false,
            Err(error) => self.lost = Some(error),
        }
    }

    /// Commits, and answers everybody; what is answered as done is on disk. Tells whether it was committed: if not, the
    /// connection must not be used any more.
    pub async fn commit(mut self, wake: &Wake) -> bool {
        self.send().await;
        // Each session gave up its share at its end, and all have ended.
        let committed = match (Arc::into_inner(self.transaction), self.lost) {
            (Some(transaction), None) => transaction.commit().await,
            (Some(transaction), Some(error)) => {
                // Nothing is left to roll back; this tells the connection so.
                let _ = transaction.rollback().await;
                Err(error)
            }
            (None, _) => Err(DbErr::Custom("somebody still holds the transaction".to_owned())),
        };
        wake.ended(&committed.as_ref().map(drop).map_err(|error| database(error.clone())));
        for Done { job, end, tx } in self.done {
            let end = end.and_then(|()| committed.as_ref().map_err(|error| database(error.clone())).copied());
            if let (Ok(()), Some(tx)) = (&end, tx) {
                wake.after(&tx);
            }
            job.settle(end);
        }
        committed.is_ok()
    }
}

/// The answer of the same request, if it was done before; else the error.
async fn replay(transaction: &DatabaseTransaction, lost: bool, job: &mut dyn Job, error: Error) -> Result<()> {
    let Some(key) = job.origin().key.clone() else { return Err(error) };
    if lost || error.code() == Code::Unavailable {
        return Err(error);
    }
    match key.answer(transaction).await? {
        Some(answer) => job.replay(&answer),
        None => Err(error),
    }
}
