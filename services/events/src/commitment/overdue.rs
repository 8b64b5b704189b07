//! The moment at which a commitment becomes overdue. Nothing about a commitment changes then, so nothing of it is written: a
//! job that was put in with the write that set the due date appends one entry to the change log, from which those who have to
//! know learn of it. Reading a commitment tells whether it is overdue without any of this.

use api::events::v1::{Commitment, GetCommitmentRequest};
use chassis::caller::Caller;
use chassis::error::Result;
use chassis::host::Host;
use chrono::TimeDelta;
use store::{Outcome, Scope, Store, Tx};

use super::{Commitments, life};
use crate::date::{day, end_of};

/// The queue. A commitment has one job in it at most, under its name: a due date that moves replaces it.
const QUEUE: &str = "commitment-overdue";

/// How many are told of at the same time by one process.
const CONCURRENCY: usize = 4;

/// How long to wait after a failure.
const AGAIN: TimeDelta = TimeDelta::seconds(10);

/// Sees to it that the passing of the due date is told, if the commitment is still open then.
pub async fn expect(tx: &Tx, commitment: &Commitment) -> Result<()> {
    let Some(due) = day(&commitment.due_date) else { return Ok(()) };
    let payload = GetCommitmentRequest { name: commitment.name.clone() };
    tx.enqueue(QUEUE, &commitment.name, end_of(due), &payload).await
}

/// The due date matters no more.
pub async fn forget(tx: &Tx, commitment: &Commitment) -> Result<()> {
    tx.dequeue(QUEUE, &commitment.name).await
}

/// Tells of due dates as they pass, until the process stops.
pub fn start(host: &Host, store: &Store) {
    let worker = store.clone();
    store::work(host, store, QUEUE, CONCURRENCY, move |job| {
        let store = worker.clone();
        async move {
            let again = store.clock().now() + AGAIN;
            match tell(&store, job).await {
                Ok(()) => Outcome::Done,
                Err(error) => {
                    tracing::warn!(%error, "a passed due date could not be told");
                    Outcome::Retry(again)
                }
            }
        }
    });
}

/// Appends the entry and ends the job in one transaction, so that it is told once. The record gets a new version, because
/// versions order a record's entries in the change log; what it says stays as it is.
async fn tell(store: &Store, job: store::Job) -> Result<()> {
    let GetCommitmentRequest { name } = job.message()?;
    let told = store.write_as(Caller::system(store.name()), async move |tx: Tx| {
        let commitment = store::load::<Commitments>(&tx, &Scope::everything(), &name).await?;
        if commitment.retire_time.is_none() && life::is_overdue(&commitment, tx.today()) {
            store::announce::<Commitments>(&tx, "commitment.overdue", commitment).await?;
        }
        job.done(&tx).await
    });
    told.await
}
