//! Lanes: the work of sending, one for each endpoint. Whoever works on a lane holds it by a lease, so that an endpoint
//! hears from one process at a time, and one that hangs holds up nobody's messages but its own.
//!
//! A lane's row says when something may be due in it. To wake a lane is to make that earlier, also while somebody works
//! on it; letting go of it only makes it later if nobody woke it meanwhile. So nothing that is woken is ever missed.

use chassis::clock::Clock;
use chassis::error::{Error, Result};
use chrono::{DateTime, Utc};
use std::time::Duration;
use store::sea_orm;
use store::sea_orm::sea_query::{
    CaseStatement, Expr, ExprTrait, LockBehavior, LockType, OnConflict, Order, Query, SelectStatement,
};
use store::sea_orm::{ConnectionTrait, DbBackend, DbErr, DeriveIden, QueryResult};
use store::{Store, Tx};

/// How long a lease holds without being renewed, by the real time: what is left behind by a process that was killed is
/// taken up again after so long.
pub const TERM: Duration = Duration::from_secs(10);

/// Nothing is due.
pub const NEVER: i64 = i64::MAX;

/// The columns of the table.
#[derive(DeriveIden, Clone, Copy)]
pub enum Lane {
    Table,
    Endpoint,
    DueAt,
    LeasedUntil,
    Epoch,
    FailingSince,
    RestUntil,
}

/// A lane that this process holds.
#[derive(Debug, Clone)]
pub struct Held {
    /// The endpoint's name.
    pub endpoint: String,
    /// Since when the endpoint has not taken a message; `None` if it took the last one.
    pub failing_since: Option<DateTime<Utc>>,
    epoch: i64,
    /// What the row's due time was set to when the lane was claimed: if it still is so, nobody woke it.
    fallback: i64,
}

/// Notes, in the transaction that makes it so, that something may be due to an endpoint.
pub async fn wake(tx: &Tx, endpoint: &str) -> Result<()> {
    let now = tx.now().timestamp_micros();
    let mut upsert = Query::insert();
    upsert
        .into_table(Lane::Table)
        .columns([Lane::Endpoint, Lane::DueAt, Lane::LeasedUntil, Lane::Epoch, Lane::FailingSince, Lane::RestUntil])
        .values_panic([endpoint.into(), now.into(), 0_i64.into(), 0_i64.into(), 0_i64.into(), 0_i64.into()])
        .on_conflict(OnConflict::column(Lane::Endpoint).value(Lane::DueAt, earlier(now)).to_owned());
    tx.wake_queue();
    tx.execute(&upsert).await.map_err(store::database).map(drop)
}

/// Ends the rest of an endpoint that did not answer: somebody asks for it to be tried now.
pub async fn end_rest(tx: &Tx, endpoint: &str) -> Result<()> {
    let mut update = Query::update();
    update.table(Lane::Table).value(Lane::RestUntil, 0_i64).and_where(Expr::col(Lane::Endpoint).eq(endpoint));
    tx.execute(&update).await.map_err(store::database).map(drop)
}

/// Notes, in a transaction, since when the endpoint has been failing. One that is not failing has no rest.
pub async fn note_failing(tx: &Tx, endpoint: &str, since: Option<DateTime<Utc>>) -> Result<()> {
    let mut update = Query::update();
    update.table(Lane::Table).value(Lane::FailingSince, since.map_or(0, |at| at.timestamp_micros()));
    if since.is_none() {
        update.value(Lane::RestUntil, 0_i64);
    }
    update.and_where(Expr::col(Lane::Endpoint).eq(endpoint));
    tx.execute(&update).await.map_err(store::database).map(drop)
}

/// Lanes in which something may be due, at most `limit`, each now held by this process.
pub async fn claim(store: &Store, limit: u64) -> Result<Vec<Held>> {
    let real = Clock::system();
    let due = due(store.clock().now(), real.now(), 1);
    // Asked first, because reading disturbs nobody.
    if store.read().query_one(&due).await.map_err(store::database)?.is_none() {
        return Ok(Vec::new());
    }
    let caller = chassis::caller::Caller::system(store.name());
    store.write_as(caller, async move |tx: Tx| claim_in(&tx, real.now(), limit).await).await
}

async fn claim_in(tx: &Tx, real: DateTime<Utc>, limit: u64) -> Result<Vec<Held>> {
    let mut due = due(tx.now(), real, limit);
    if tx.get_database_backend() == DbBackend::Postgres {
        // Only speed: that a lane goes to one is certain by the row itself.
        due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let fallback = (tx.now() + TERM).timestamp_micros();
    let mut update = Query::update();
    update
        .table(Lane::Table)
        .value(Lane::LeasedUntil, (real + TERM).timestamp_micros())
        .value(Lane::Epoch, Expr::col(Lane::Epoch).add(1))
        .value(Lane::DueAt, fallback)
        .and_where(Expr::col(Lane::Endpoint).in_subquery(due))
        .and_where(is_free(real))
        .returning(Query::returning().columns([Lane::Endpoint, Lane::FailingSince, Lane::Epoch]));
    let rows = tx.query_all(&update).await.map_err(store::database)?;
    let read = |row: &QueryResult| -> Result<Held, DbErr> {
        let since: i64 = row.try_get_by(1)?;
        let failing_since = Some(since).filter(|at| *at != 0).and_then(DateTime::from_timestamp_micros);
        Ok(Held { endpoint: row.try_get_by(0)?, failing_since, epoch: row.try_get_by(2)?, fallback })
    };
    rows.iter().map(read).collect::<Result<Vec<_>, _>>().map_err(store::database)
}

/// Whether nobody holds the lane; `real` is the real time.
pub fn is_free(real: DateTime<Utc>) -> Expr {
    store::lease::lapsed(Expr::col(Lane::LeasedUntil), real, TERM)
}

fn due(now: DateTime<Utc>, real: DateTime<Utc>, limit: u64) -> SelectStatement {
    let mut select = Query::select();
    select
        .column(Lane::Endpoint)
        .from(Lane::Table)
        .and_where(Expr::col(Lane::DueAt).lte(now.timestamp_micros()))
        .and_where(Expr::col(Lane::RestUntil).lte(now.timestamp_micros()))
        .and_where(is_free(real))
        .order_by(Lane::DueAt, Order::Asc)
        .limit(limit);
    select
}

impl Held {
    /// Goes on holding the lane, and forgets that somebody woke it: to be followed by a look at what is due. Fails the
    /// transaction if the lane is somebody else's by now.
    pub async fn renew(&mut self, tx: &Tx) -> Result<()> {
        let fallback = (tx.now() + TERM).timestamp_micros();
        let mut update = Query::update();
        update
            .table(Lane::Table)
            .value(Lane::LeasedUntil, (Clock::system().now() + TERM).timestamp_micros())
            .value(Lane::DueAt, fallback)
            .and_where(Expr::col(Lane::Endpoint).eq(self.endpoint.as_str()))
            .and_where(Expr::col(Lane::Epoch).eq(self.epoch));
        match tx.execute(&update).await.map_err(store::database)?.rows_affected() {
            1 => self.fallback = fallback,
            _ => return Err(Error::unavailable("the lane").because("somebody else has it by now")),
        }
        Ok(())
    }

    /// Lets the lane go. Something will be due at `next`, or at once if somebody woke it, but nobody works on it before
    /// `rest` is over.
    pub async fn release(self, tx: &Tx, next: Option<DateTime<Utc>>, rest: Option<DateTime<Utc>>) -> Result<()> {
        let next = next.map_or(NEVER, |at| at.timestamp_micros());
        let woken = Expr::col(Lane::DueAt).lt(self.fallback);
        let due_at = CaseStatement::new().case(woken, Expr::col(Lane::DueAt)).finally(next);
        let mut update = Query::update();
        update
            .table(Lane::Table)
            .value(Lane::LeasedUntil, 0_i64)
            .value(Lane::DueAt, due_at)
            .value(Lane::RestUntil, rest.map_or(0, |at| at.timestamp_micros()))
            .and_where(Expr::col(Lane::Endpoint).eq(self.endpoint.as_str()))
            .and_where(Expr::col(Lane::Epoch).eq(self.epoch));
        tx.wake_queue();
        tx.execute(&update).await.map_err(store::database).map(drop)
    }
}

/// The earlier of the row's due time and this one.
fn earlier(at: i64) -> Expr {
    let is_earlier = Expr::col((Lane::Table, Lane::DueAt)).lt(at);
    CaseStatement::new().case(is_earlier, Expr::col((Lane::Table, Lane::DueAt))).finally(at).into()
}

#[cfg(test)]
#[path = "lane_test.rs"]
mod tests;
