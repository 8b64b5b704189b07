//! What an operator wants to know of a database: what waits in it and for how long. Read seldom, and changes nothing.

use chassis::error::Result;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Func, Order, Query};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::database;
use crate::feed::cursor::{Cursor, Place};
use crate::feed::read;
use crate::schema::{Change, Cursor as CursorColumn, Job};
use crate::seal;

/// One queue of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Jobs whose time has come.
    pub due: i64,
    /// Jobs whose time will come.
    pub waiting: i64,
    /// Jobs that can never be done.
    pub dead: i64,
    /// Since when the oldest of those due has been due.
    pub oldest_due: Option<DateTime<Utc>>,
}

/// How far a consumer has come in a peer's change log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The consumer's name.
    pub consumer: String,
    /// Which log it is in.
    pub log: uuid::Uuid,
    /// The number of the entry at which it stands.
    pub sequence: i64,
}

/// The queues in which there is something, as of `now`.
pub(crate) async fn queues(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Queue>> {
    let dead = Expr::col(Job::DeadAt).is_not_null();
    let due = Expr::col(Job::RunAt).lte(now.timestamp_micros());
    let one_if = |condition: Expr| Func::sum(CaseStatement::new().case(condition, 1).finally(0)).cast_as("bigint");
    let mut select = Query::select();
    select
        .column(Job::Queue)
        .expr(one_if(dead.clone().not().and(due.clone())))
        .expr(one_if(dead.clone().not().and(due.not())))
        .expr(one_if(dead.clone()))
        .expr(Func::min(CaseStatement::new().case(dead.not(), Expr::col(Job::RunAt))))
        .from(Job::Table)
        .group_by_col(Job::Queue)
        .order_by(Job::Queue, Order::Asc);
    let rows = db.query_all(&select).await.map_err(database)?;
    let queue = |row: &sea_orm::QueryResult| -> Result<Queue, DbErr> {
        let (due, first) = (row.try_get_by(1)?, row.try_get_by::<Option<i64>, _>(4)?);
        let oldest_due = first.filter(|_| due > 0).and_then(DateTime::from_timestamp_micros);
        Ok(Queue { name: row.try_get_by(0)?, due, waiting: row.try_get_by(2)?, dead: row.try_get_by(3)?, oldest_due })
    };
    rows.iter().map(queue).collect::<Result<_, _>>().map_err(database)
}

/// Where the consumers in this database stand.
pub(crate) async fn positions(db: &impl ConnectionTrait) -> Result<Vec<Position>> {
    let mut select = Query::select();
    select.columns([CursorColumn::Consumer, CursorColumn::Position]).from(CursorColumn::Table);
    let mut found = Vec::new();
    for row in db.query_all(&select).await.map_err(database)? {
        let (consumer, position): (String, String) =
            (row.try_get_by(0).map_err(database)?, row.try_get_by(1).map_err(database)?);
        // Those that have read nothing yet stand nowhere, and marks of completion are no consumers.
        if let Ok(cursor) = Cursor::parse(&position) {
            found.push(Position { consumer, log: cursor.incarnation, sequence: cursor.place.seq });
        }
    }
    Ok(found)
}

/// When the oldest entry was written that no seal covers; none if all are sealed. Also entries that readers do not see yet.
pub(crate) async fn oldest_unsealed(db: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>> {
    let sealed = seal::last(db).await.map_err(database)?.place;
    oldest_after(db, sealed).await
}

async fn oldest_after(db: &impl ConnectionTrait, place: Place) -> Result<Option<DateTime<Utc>>> {
    let mut select = Query::select();
    select.column(Change::Time).from(Change::Table).limit(1);
    select.and_where(read::beyond(db.get_database_backend(), place));
    read::order(&mut select, db.get_database_backend(), Order::Asc);
    let row = db.query_one(&select).await.map_err(database)?;
    let time: Option<i64> = row.map(|row| row.try_get_by(0)).transpose().map_err(database)?;
    Ok(time.and_then(DateTime::from_timestamp_micros))
}

/// When the oldest entry was written that may still be preceded by another, and so is not shown to readers. None on
/// SQLite, where what is committed is shown.
pub(crate) async fn oldest_unseen(db: &impl ConnectionTrait) -> Result<Option<DateTime<Utc>>> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let select = "SELECT coalesce(min(c.time), 0) FROM change c JOIN feed f ON f.epoch = c.epoch \
         WHERE c.xid >= pg_snapshot_xmin(pg_current_snapshot())";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, select)).await.map_err(database)?;
    let oldest: Option<i64> = row.map(|row| row.try_get_by(0)).transpose().map_err(database)?;
    Ok(oldest.filter(|time| *time > 0).and_then(DateTime::from_timestamp_micros))
}

/// How long ago that was, in seconds; 0 for nothing, and for what a clock elsewhere says is still to come.
pub(crate) fn age(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> f64 {
    since.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0))
}
