//! A request that carries an idempotency key is done once: the answer is kept in the transaction of the write, and a
//! repetition gets it again. Of two at the same time, one meets the other's record when it writes its own, waits for
//! the other's end, and then gets the other's answer.

use std::time::Duration;

use api::options::v1::Failure;
use chassis::context::Context;
use chassis::error::{Error, Result};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DbErr};
use sha2::{Digest, Sha256};

use crate::held::{Held, Insert, Refusal, What};
use crate::schema::Idempotency;

/// How long an answer is kept at least.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest key, in characters.
const KEY_MAX: usize = 255;

/// Which request an answer belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// SHA-256 of caller, rpc and key: short, whatever they are, and of no use to whoever reads the table.
    scope: Vec<u8>,
    /// SHA-256 of the request.
    request: Vec<u8>,
}

impl Key {
    /// The key of a request, if it carries one. It is the caller's own, for this rpc.
    pub fn of<M: prost::Message>(context: &Context, request: &M) -> Result<Option<Key>> {
        let Some(key) = context.idempotency_key.as_deref().filter(|key| !key.is_empty()) else { return Ok(None) };
        if key.chars().count() > KEY_MAX {
            return Err(Error::invalid("Idempotency-Key", format!("must have at most {KEY_MAX} characters")));
        }
        let caller = &context.caller;
        let mut scope = Sha256::new();
        for part in [&caller.subject, &caller.organization, &context.method.path, key] {
            scope.update((part.len() as u64).to_be_bytes());
            scope.update(part);
        }
        let request = Sha256::digest(request.encode_to_vec()).to_vec();
        Ok(Some(Key { scope: scope.finalize().to_vec(), request }))
    }

    /// The record to write with the work. A record that exists already refuses it.
    pub fn record(&self, answer: Vec<u8>, now: DateTime<Utc>) -> Held {
        let columns = vec!["scope", "request", "answer", "created_at"];
        let now = now.timestamp_micros();
        let values = vec![self.scope.clone().into(), self.request.clone().into(), answer.into(), now.into()];
        let insert = Insert { table: "idempotency", columns, values };
        Held { what: What::Insert(insert), row: ("idempotency", hex::encode(&self.scope)), refusal: Refusal::Repeated }
    }

    /// The answer that was kept for this request, if it was done before. Another request under the same key is refused.
    pub async fn answer(&self, db: &impl ConnectionTrait) -> Result<Option<Vec<u8>>> {
        let mut select = Query::select();
        select
            .columns([Idempotency::Request, Idempotency::Answer])
            .from(Idempotency::Table)
            .and_where(Expr::col(Idempotency::Scope).eq(self.scope.clone()));
        let Some(row) = db.query_one(&select).await.map_err(crate::database)? else { return Ok(None) };
        let read = || -> Result<(Vec<u8>, Vec<u8>), DbErr> { Ok((row.try_get_by(0)?, row.try_get_by(1)?)) };
        let (request, answer) = read().map_err(crate::database)?;
        if request != self.request {
            return Err(Error::of(Failure::IdempotencyKeyReused));
        }
        Ok(Some(answer))
    }
}

/// Removes answers that need not be kept any longer. Returns how many.
pub(crate) async fn forget(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64> {
    let before = (now - KEPT).timestamp_micros();
    let mut delete = Query::delete();
    delete.from_table(Idempotency::Table).and_where(Expr::col(Idempotency::CreatedAt).lt(before));
    Ok(db.execute(&delete).await.map_err(crate::database)?.rows_affected())
}
