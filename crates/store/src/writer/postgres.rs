//! Writes on PostgreSQL: each in its own transaction, repeated if only its moment was wrong.

use std::time::Duration;

use chassis::clock::Clock;
use chassis::error::{Error, Result};
use sea_orm::DatabaseConnection;
use tonic::Code;

use super::Wake;
use crate::database;
use crate::job::{Attempt, Job, attempt};
use crate::session::{End, Fault, Session};

/// How often a write is tried whose moment was wrong: a deadlock, or a row that somebody else changed meanwhile.
const ATTEMPTS_MAX: u32 = 8;

/// The wait before the second attempt; it doubles from one to the next, and no two writers wait the same.
const WAIT: Duration = Duration::from_millis(8);

pub(super) async fn write(db: &DatabaseConnection, clock: &Clock, wake: &Wake, mut job: Box<dyn Job>) {
    let mut round = 0;
    let end = loop {
        let Err((error, fault)) = once(db, clock, wake, job.as_mut()).await else { break Ok(()) };
        round += 1;
        let again = round < ATTEMPTS_MAX;
        if !(again && fault == Some(Fault::Passing)) {
            match done_before(db, job.as_mut(), &error).await {
                Ok(true) => break Ok(()),
                // The other one met ours and went away again, or the record was forgotten just now.
                Ok(false) if again && fault == Some(Fault::Repeated) => {}
                Ok(false) => break Err(error),
                Err(other) => break Err(other),
            }
        }
        tokio::time::sleep(pause(round)).await;
    };
    wake.ended(&end);
    job.settle(end);
}

/// One transaction.
async fn once(
    db: &DatabaseConnection,
    clock: &Clock,
    wake: &Wake,
    job: &mut dyn Job,
) -> Result<(), (Error, Option<Fault>)> {
    let Attempt { result, fault, end, tx } = attempt(job, Session::alone(db.clone()), clock.now()).await;
    let End::Open(transaction) = end else { unreachable!("invariant: a session alone ends alone") };
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
    wake.after(&tx);
    Ok(())
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
