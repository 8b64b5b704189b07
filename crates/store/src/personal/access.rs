//! The log of accesses: who was shown the personal data of which record.

use std::sync::Arc;

use api::shared::v1::Actor;
use chassis::caller::Caller;
use chassis::context::Context;
use chassis::error::{Error, Result};
use chrono::{DateTime, Utc};
use prost::Message as _;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use uuid::Uuid;

use super::schema::PersonalAccess as Column;
use crate::tx::Tx;
use crate::{Store, change, database};

/// Rows that are inserted at once.
const CHUNK: usize = 100;

/// That somebody was shown the personal data of a record.
#[derive(Debug, Clone)]
pub struct Access {
    /// Orders accesses of the same moment.
    pub id: String,
    /// When, in microseconds since 1970.
    pub time: i64,
    /// The record.
    pub name: String,
    /// Who.
    pub actor: Actor,
    /// By which rpc, as `package.Service/Method`.
    pub method: String,
    /// The trace of the call.
    pub trace_id: String,
    /// Why, where the rpc asks for a reason.
    pub reason: String,
}

/// An access that is being made: by whom, how and why.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    pub caller: Arc<Caller>,
    pub method: String,
    pub trace_id: String,
    pub reason: String,
}

impl Asking {
    /// What a request asks.
    pub fn of(context: &Context, reason: &str) -> Asking {
        Asking {
            caller: context.caller.clone(),
            method: context.method.path.clone(),
            trace_id: context.trace_id.clone(),
            reason: reason.to_owned(),
        }
    }

    /// Logs that these records were shown, durably.
    pub async fn log(&self, store: &Store, names: Vec<String>) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let (asking, caller) = (self.clone(), Caller::clone(&self.caller));
        store.write_as(caller, async move |tx: Tx| asking.log_in(&tx, &names).await).await
    }

    /// The same within a transaction.
    pub async fn log_in(&self, tx: &Tx, names: &[String]) -> Result<()> {
        let (now, actor) = (tx.now(), change::actor(&self.caller).encode_to_vec());
        for chunk in names.chunks(CHUNK) {
            tx.execute(&self.insert(chunk, &actor, now)).await.map_err(database)?;
        }
        Ok(())
    }

    fn insert(&self, names: &[String], actor: &[u8], now: DateTime<Utc>) -> sea_orm::sea_query::InsertStatement {
        let mut insert = Query::insert();
        insert.into_table(Column::Table).columns([
            Column::Id,
            Column::Name,
            Column::Time,
            Column::Actor,
            Column::Method,
            Column::TraceId,
            Column::Reason,
        ]);
        for name in names {
            insert.values_panic([
                Uuid::now_v7().to_string().into(),
                name.as_str().into(),
                now.timestamp_micros().into(),
                actor.to_vec().into(),
                self.method.trim_start_matches('/').into(),
                self.trace_id.as_str().into(),
                self.reason.as_str().into(),
            ]);
        }
        insert
    }
}

/// The accesses to a record, the latest first, after (that is before) the one of this time and id.
pub async fn accesses(store: &Store, name: &str, after: Option<(i64, &str)>, limit: u64) -> Result<Vec<Access>> {
    let mut select = Query::select();
    select
        .columns([Column::Id, Column::Time, Column::Name, Column::Actor])
        .columns([Column::Method, Column::TraceId, Column::Reason])
        .from(Column::Table)
        .and_where(Expr::col(Column::Name).eq(name))
        .order_by(Column::Time, Order::Desc)
        .order_by(Column::Id, Order::Desc)
        .limit(limit);
    if let Some((time, id)) = after {
        let before = Expr::col(Column::Time).eq(time).and(Expr::col(Column::Id).lt(id));
        select.and_where(Expr::col(Column::Time).lt(time).or(before));
    }
    let rows = store.read().query_all(&select).await.map_err(database)?;
    rows.iter().map(access).collect()
}

fn access(row: &QueryResult) -> Result<Access> {
    let read = || -> Result<(Access, Vec<u8>), DbErr> {
        let access = Access {
            id: row.try_get_by(0)?,
            time: row.try_get_by(1)?,
            name: row.try_get_by(2)?,
            actor: Actor::default(),
            method: row.try_get_by(4)?,
            trace_id: row.try_get_by(5)?,
            reason: row.try_get_by(6)?,
        };
        Ok((access, row.try_get_by(3)?))
    };
    let (access, actor) = read().map_err(database)?;
    Ok(Access { actor: Actor::decode(&*actor).map_err(Error::internal)?, ..access })
}
