//! Writes on PostgreSQL: each in its own transaction, repeated if only its moment was wrong.

use std::time::Duration;

use chassis::clock::Clock;
use chassis::error::{Error, Result};
use sea_orm::DatabaseConnection;
use tokio::sync::mpsc;
use tonic::Code;

use super::{Ready, Wake};
use crate::database;
use crate::held::Added;
use crate::job::{Attempt, Job, attempt};
use crate::session::{End, Fault, Session};
use crate::tx::Tx;

/// How often a write is tried whose moment was wrong: a deadlock, or a row that somebody else changed meanwhile.
const ATTEMPTS_MAX: u32 = 8;

/// The wait before the second attempt; it doubles from one to the next, and no two writers wait the same.
const WAIT: Duration = Duration::from_millis(8);

/// Where writes go, and who is told of them.
#[derive(Clone)]
pub(super) struct Place {
    pub db: DatabaseConnection,
    pub clock: Clock,
    pub wake: Wake,
}

/// What came of an attempt that did not fail.
enum Made {
    /// It is committed.
    Whole,
    /// It only adds, and is to be sent.
    Ready(Tx, Vec<Added>),
}

impl Place {
    /// Makes a write; one that only adds is left to those who send such together.
    pub async fn write(&self, mut job: Box<dyn Job>, senders: &mpsc::Sender<Ready>) {
        match self.once(job.as_mut(), true).await {
            Ok(Made::Ready(tx, inserts)) => {
                // If nobody sends any more, whoever waits for the job is told so by its end.
                let _ = senders.send(Ready { job, tx, inserts }).await;
            }
            Ok(Made::Whole) => self.end(job, Ok(())),
            Err(failed) => self.again(job, failed).await,
        }
    }

    /// Makes a write in a transaction of its own.
    pub async fn write_alone(&self, mut job: Box<dyn Job>) {
        match self.once(job.as_mut(), false).await {
            Ok(_) => self.end(job, Ok(())),
            Err(failed) => self.again(job, failed).await,
        }
    }

    /// Repeats a write, as long as nothing was wrong but its moment.
    async fn again(&self, mut job: Box<dyn Job>, mut failed: (Error, Option<Fault>)) {
        let mut round = 1;
        let end = loop {
            let ((error, fault), again) = (failed, round < ATTEMPTS_MAX);
            if !(again && fault == Some(Fault::Passing)) {
                match done_before(&self.db, job.as_mut(), &error).await {
                    Ok(true) => break Ok(()),
                    // The other one met ours and went away again, or the record was forgotten just now.
                    Ok(false) if again && fault == Some(Fault::Repeated) => {}
                    Ok(false) => break Err(error),
                    Err(other) => break Err(other),
                }
            }
            tokio::time::sleep(pause(round)).await;
            match self.once(job.as_mut(), false).await {
                Ok(_) => break Ok(()),
                Err(more) => failed = more,
            }
            round += 1;
        };
        self.end(job, end);
    }

    fn end(&self, job: Box<dyn Job>, end: Result<()>) {
        self.wake.ended(&end);
        job.settle(end);
    }

    /// One transaction, or what is to be added.
    async fn once(&self, job: &mut dyn Job, gives_back: bool) -> Result<Made, (Error, Option<Fault>)> {
        let session = Session::alone(self.db.clone(), gives_back);
        let Attempt { result, fault, end, tx } = attempt(job, session, self.clock.now()).await;
        let transaction = match end {
            End::GivenBack(inserts) => return Ok(Made::Ready(tx, inserts)),
            End::Open(transaction) => transaction,
            End::Shared { .. } => unreachable!("invariant: a session alone ends alone"),
        };
        match (result, transaction) {
            (Ok(()), Some(transaction)) => transaction.commit().await.map_err(|error| (database(error), None))?,
            (Ok(()), None) => {}
            (Err(error), transaction) => {
                if let Some(transaction) = transaction {
                    // If this fails, the connection is gone, and the transaction with it.
                    let _ = transaction.rollback().await;
                }
                return Err((error, fault));
            }
        }
        self.wake.after(&tx);
        Ok(Made::Whole)
    }
}

/// Takes the answer of the same request, if it was done before: meanwhile, or long ago.
async fn done_before(db: &DatabaseConnection, job: &mut dyn Job, error: &Error) -> Result<bool> {
    let Some(key) = job.origin().key.clone() else { return Ok(false) };
    if error.code() == Code::Unavailable {
        return Ok(false);
    }
    let Some(answer) = key.answer(db).await? else { return Ok(false) };
    job.replay(&answer)?;
    Ok(true)
}

fn pause(round: u32) -> Duration {
    let longest = WAIT * 2_u32.pow(round);
    let [random, ..] = *uuid::Uuid::new_v4().as_bytes();
    longest / 2 + longest / 2 * u32::from(random) / 256
}
