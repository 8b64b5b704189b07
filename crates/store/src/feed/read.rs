//! Reads entries of the change log from the database, in feed order.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};

use super::cursor::Place;
use crate::schema::Change;

/// An entry as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub place: Place,
    /// The change in protobuf, as [`crate::change`] describes it.
    pub bytes: Vec<u8>,
    pub hash: Vec<u8>,
}

/// The entries after `after` that `wanted` lets through, at most `limit`. Only what can no longer be preceded by
/// anything new is read.
pub(crate) async fn entries(
    db: &impl ConnectionTrait,
    after: Place,
    wanted: Condition,
    limit: u64,
) -> Result<Vec<Entry>, DbErr> {
    let mut select = settled(db.get_database_backend());
    select.columns([Change::Entry, Change::Hash]).and_where(beyond(db.get_database_backend(), after));
    select.cond_where(wanted).limit(limit);
    order(&mut select, db.get_database_backend(), Order::Asc);
    db.query_all(&select)
        .await?
        .iter()
        .map(|row| Ok(Entry { place: place(row)?, bytes: row.try_get_by(3)?, hash: row.try_get_by(4)? }))
        .collect()
}

/// Place and hash of the entries after `after`, at most `limit`.
pub(crate) async fn hashes(
    db: &impl ConnectionTrait,
    after: Place,
    limit: u64,
) -> Result<Vec<(Place, Vec<u8>)>, DbErr> {
    let mut select = settled(db.get_database_backend());
    select.column(Change::Hash).and_where(beyond(db.get_database_backend(), after)).limit(limit);
    order(&mut select, db.get_database_backend(), Order::Asc);
    db.query_all(&select).await?.iter().map(|row| Ok((place(row)?, row.try_get_by(3)?))).collect()
}

/// Place and hash of the last entry.
pub(crate) async fn last(db: &impl ConnectionTrait) -> Result<Option<(Place, Vec<u8>)>, DbErr> {
    let mut select = settled(db.get_database_backend());
    select.column(Change::Hash).limit(1);
    order(&mut select, db.get_database_backend(), Order::Desc);
    let row = db.query_one(&select).await?;
    row.map(|row| Ok((place(&row)?, row.try_get_by(3)?))).transpose()
}

/// The hash of the entry at this very place.
pub(crate) async fn hash_at(db: &impl ConnectionTrait, at: Place) -> Result<Option<Vec<u8>>, DbErr> {
    let mut select = settled(db.get_database_backend());
    select.column(Change::Hash).and_where(Expr::col(Change::Seq).eq(at.seq));
    let row = db.query_one(&select).await?;
    let Some(row) = row.filter(|row| place(row).is_ok_and(|found| found == at)) else { return Ok(None) };
    row.try_get_by(3).map(Some)
}

/// A query whose first three columns are the place, of entries that can no longer be preceded by anything new.
pub(crate) fn settled(backend: DbBackend) -> SelectStatement {
    let mut select = Query::select();
    select.from(Change::Table);
    match backend {
        DbBackend::Postgres => {
            select.column(Change::Epoch).expr(Expr::cust("change.xid::text::bigint")).column(Change::Seq).and_where(
                Expr::cust(
                    "(epoch < (SELECT f.epoch FROM feed f) OR change.xid < pg_snapshot_xmin(pg_current_snapshot()))",
                ),
            )
        }
        _ => select.expr(Expr::cust("0")).expr(Expr::cust("0")).column(Change::Seq),
    };
    select
}

pub(crate) fn beyond(backend: DbBackend, place: Place) -> Expr {
    match backend {
        DbBackend::Postgres => Expr::cust_with_values(
            "(epoch, xid, seq) > ($1, $2::text::xid8, $3)",
            [sea_orm::Value::from(place.epoch), place.xid.to_string().into(), place.seq.into()],
        ),
        _ => Expr::col(Change::Seq).gt(place.seq),
    }
}

pub(crate) fn order(select: &mut SelectStatement, backend: DbBackend, order: Order) {
    if backend == DbBackend::Postgres {
        select.order_by(Change::Epoch, order.clone()).order_by(Change::Xid, order.clone());
    }
    select.order_by(Change::Seq, order);
}

pub(crate) fn place(row: &QueryResult) -> Result<Place, DbErr> {
    Ok(Place { epoch: row.try_get_by(0)?, xid: row.try_get_by(1)?, seq: row.try_get_by(2)? })
}
