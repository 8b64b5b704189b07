//! What the calendar brings: days after which something about a record is so that was not before (overdue, expired),
//! though nobody wrote it. Nothing about the record changes then, and reading it tells the same without any of this; but
//! an entry in the change log tells those who have to know. A job that was put in with the write that set the day
//! appends it, once.

use api::Resource as _;
use api::shared::v1::Change;
use chassis::clock;
use chassis::error::Result;
use chassis::host::Host;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use prost::Message as _;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DbErr};

use crate::queue::{Job, Outcome, work};
use crate::resource::Resource;
use crate::schema::Job as Column;
use crate::scope::Scope;
use crate::store::Store;
use crate::tx::Tx;
use crate::{announce, load};

/// The queue of a service. A record has one job in it at most for each type of entry.
const QUEUE: &str = "calendar";

/// How many are told of at the same time by one process.
const CONCURRENCY: usize = 4;

/// How long to wait after a failure.
const AGAIN: TimeDelta = TimeDelta::seconds(10);

/// Viet Nam is seven hours ahead all year.
const HOURS_AHEAD: i64 = 7;

/// A day of a record's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passing {
    /// The day. When it has passed in Viet Nam, the entry is written.
    pub day: NaiveDate,
    /// The type of the entry, such as `commitment.overdue`.
    pub tells: &'static str,
}

/// Tells of the days of one kind of record. [`teller`] makes it.
pub struct Teller {
    collection: &'static str,
    tell: fn(Store, Job, String) -> BoxFuture<'static, Result<()>>,
}

/// Tells of the days of `R`, as [`Resource::calendar`] gives them.
pub fn teller<R: Resource>() -> Teller {
    Teller { collection: R::Message::COLLECTION, tell: |store, job, name| Box::pin(tell::<R>(store, job, name)) }
}

/// Tells of days as they pass, until the process stops.
pub fn keep(host: &Host, store: &Store, tellers: Vec<Teller>) {
    let (worker, tellers) = (store.clone(), std::sync::Arc::new(tellers));
    work(host, store, QUEUE, CONCURRENCY, move |job| {
        let (store, tellers) = (worker.clone(), tellers.clone());
        async move {
            let again = store.clock().now() + AGAIN;
            let name = match job.message::<Change>() {
                Ok(change) => change.resource,
                Err(error) => return Outcome::Dead(error.to_string()),
            };
            let collection = name.split('/').next().unwrap_or_default();
            let Some(teller) = tellers.iter().find(|teller| teller.collection == collection) else {
                return Outcome::Dead(format!("nobody tells of {collection}"));
            };
            match (teller.tell)(store, job, name).await {
                Ok(()) => Outcome::Done,
                Err(error) => {
                    tracing::warn!(%error, "a day that has passed could not be told");
                    Outcome::Retry(again)
                }
            }
        }
    });
}

/// Appends the entry, if the day still stands, and ends the job in one transaction, so that it is told once. The record
/// gets a new version, because versions order a record's entries in the change log; what it says stays as it is.
async fn tell<R: Resource>(store: Store, job: Job, name: String) -> Result<()> {
    let change: Change = job.message()?;
    let told = store.write_self(async move |tx: Tx| {
        let record = load::<R>(&tx, &Scope::everything(), &name).await?;
        let stands = |passing: &Passing| passing.tells == change.r#type && passing.day < tx.today();
        if let Some(passing) = calendar::<R>(&record).into_iter().find(stands) {
            announce::<R>(&tx, passing.tells, record).await?;
        }
        job.done(&tx).await
    });
    told.await
}

/// Brings the jobs in line with a write.
pub(crate) async fn follow<R: Resource>(tx: &Tx, before: Option<&R::Message>, after: &R::Message) -> Result<()> {
    let old = before.map(calendar::<R>).unwrap_or_default();
    let new = calendar::<R>(after);
    let key = |passing: &Passing| format!("{}\n{}", after.name(), passing.tells);
    for gone in old.iter().filter(|old| new.iter().all(|new| new.tells != old.tells)) {
        tx.dequeue(QUEUE, &key(gone)).await?;
    }
    for passing in new.iter().filter(|new| !old.contains(new)) {
        let payload =
            Change { resource: after.name().to_owned(), r#type: passing.tells.to_owned(), ..Change::default() };
        tx.enqueue(QUEUE, &key(passing), end_of(passing.day), &payload).await?;
    }
    Ok(())
}

/// For a migration: takes over the jobs of a queue of its own in which a service kept one kind of day before, under the
/// names of the records.
pub async fn adopt(db: &impl ConnectionTrait, queue: &str, tells: &str) -> Result<(), DbErr> {
    let mut select = Query::select();
    select.column(Column::Key).from(Column::Table).and_where(Expr::col(Column::Queue).eq(queue));
    for row in db.query_all(&select).await? {
        let name: String = row.try_get_by(0)?;
        let payload = Change { resource: name.clone(), r#type: tells.to_owned(), ..Change::default() };
        let mut update = Query::update();
        update
            .table(Column::Table)
            .value(Column::Queue, QUEUE)
            .value(Column::Key, format!("{name}\n{tells}"))
            .value(Column::Payload, payload.encode_to_vec())
            .and_where(Expr::col(Column::Queue).eq(queue))
            .and_where(Expr::col(Column::Key).eq(name));
        db.execute(&update).await?;
    }
    Ok(())
}

/// A retired record waits for nothing.
fn calendar<R: Resource>(record: &R::Message) -> Vec<Passing> {
    if record.retire_time().is_some() { Vec::new() } else { R::calendar(record) }
}

/// The first instant at which a day has passed in Viet Nam.
fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX).and_time(NaiveTime::MIN);
    let end = (midnight - TimeDelta::hours(HOURS_AHEAD)).and_utc();
    debug_assert!(clock::day(end) > day);
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_passed_when_the_next_one_begins_in_viet_nam() {
        let due: NaiveDate = "2026-12-22".parse().unwrap();
        let end = end_of(due);
        assert_eq!(end.to_rfc3339(), "2026-12-22T17:00:00+00:00");
        assert_eq!(clock::day(end), due.succ_opt().unwrap());
        assert_eq!(clock::day(end - TimeDelta::microseconds(1)), due);
    }
}
