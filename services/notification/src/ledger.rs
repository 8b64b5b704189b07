//! What the sender reads and writes: what is due to an endpoint, and what came of sending it.

use api::notification::v1::Delivery;
use api::notification::v1::Endpoint;
use api::notification::v1::delivery::State;
use api::notification::v1::endpoint;
use chassis::caller::Caller;
use chassis::error::{Error, Result};
use chrono::{DateTime, Duration, Utc};
use prost::Message as _;
use std::collections::BTreeMap;
use store::sea_orm::sea_query::{Expr, ExprTrait, LockType, Order, Query};
use store::sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use store::{Scope, Store, Tx};

use crate::attempt::{self, Answer, Made, Patience};
use crate::delivery::row::{Column, Entity, Model};
use crate::endpoint::{Endpoints, disabled};
use crate::gauge;
use crate::lane::{self, Held};
use crate::notice::Notice;
use crate::post::Message;
use crate::secret::{self, Secret};
use crate::wire_time::micros;

/// Messages that are read, and noted, at a time.
const BATCH: u64 = 64;

/// Deliveries that are cancelled in one transaction.
const CANCELLED_AT_ONCE: u64 = 200;

/// Reads and writes for the sender.
#[derive(Clone)]
pub struct Ledger {
    pub store: Store,
    /// Attempts before a delivery is given up.
    pub attempts_max: u32,
    /// How long an endpoint may fail before it is disabled.
    pub disable_after: Duration,
}

/// What is due to an endpoint.
#[derive(Debug)]
pub struct Batch {
    pub endpoint: Endpoint,
    /// What signs, the current one first.
    pub secrets: Vec<Secret>,
    /// In the order in which they became due; none if the endpoint is disabled.
    pub messages: Vec<Message>,
    /// When something will be due, if nothing is.
    pub next: Option<DateTime<Utc>>,
}

impl Ledger {
    /// What is due in a lane; `None` if its endpoint is no longer in use.
    pub async fn open(&self, held: &Held) -> Result<Option<Batch>> {
        let (db, now) = (self.store.read(), self.store.clock().now());
        let endpoint = store::load::<Endpoints>(db, &Scope::everything(), &held.endpoint).await?;
        if endpoint.retire_time.is_some() {
            return Ok(None);
        }
        if endpoint.state() == endpoint::State::Disabled {
            return Ok(Some(Batch { endpoint, secrets: Vec::new(), messages: Vec::new(), next: None }));
        }
        let messages = due(db, &held.endpoint, now).await.map_err(store::database)?;
        let next = if messages.is_empty() { next(db, &held.endpoint).await.map_err(store::database)? } else { None };
        let secrets = secret::signing(db, &held.endpoint, now).await?;
        Ok(Some(Batch { endpoint, secrets, messages, next }))
    }

    /// Goes on holding a lane.
    pub async fn renew(&self, held: &mut Held) -> Result<()> {
        let mut renewed = held.clone();
        *held = self
            .write(async move |tx: Tx| {
                renewed.renew(&tx).await?;
                Ok(renewed)
            })
            .await?;
        Ok(())
    }

    /// Notes what came of sending, and goes on holding the lane.
    pub async fn note(&self, held: &mut Held, made: Vec<(String, Made)>) -> Result<()> {
        let (ledger, mut noting) = (self.clone(), held.clone());
        let (noted, states) = self
            .write(async move |tx: Tx| {
                noting.renew(&tx).await?;
                let states = ledger.note_deliveries(&tx, &made).await?;
                noting.failing_since = ledger.note_endpoint(&tx, &noting, &made).await?;
                Ok((noting, states))
            })
            .await?;
        *held = noted;
        states.into_iter().for_each(gauge::concluded);
        Ok(())
    }

    /// Lets a lane go.
    pub async fn close(&self, held: Held, next: Option<DateTime<Utc>>, rest: Option<DateTime<Utc>>) -> Result<()> {
        self.write(async move |tx: Tx| held.release(&tx, next, rest).await).await
    }

    /// Cancels everything that is pending to an endpoint that is no longer in use.
    pub async fn cancel(&self, endpoint: &str) -> Result<()> {
        loop {
            let endpoint = endpoint.to_owned();
            let cancelled = self.write(async move |tx: Tx| cancel_some(&tx, &endpoint).await).await?;
            if cancelled < CANCELLED_AT_ONCE {
                return Ok(());
            }
        }
    }

    async fn write<W, F, R>(&self, work: W) -> Result<R>
    where
        W: FnOnce(Tx) -> F + Clone + Send + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
        R: Send + 'static,
    {
        self.store.write_as(Caller::system(self.store.name()), work).await
    }

    /// Gives what became of them. On the rows as they are now: a caller may have retried or retired one while it was on its way.
    async fn note_deliveries(&self, tx: &Tx, made: &[(String, Made)]) -> Result<Vec<State>> {
        let made: BTreeMap<&str, &Made> = made.iter().map(|(id, made)| (id.as_str(), made)).collect();
        let ids: Vec<&str> = made.keys().copied().collect();
        let mut states = Vec::with_capacity(ids.len());
        for row in locked(tx, Column::Id.is_in(ids)).await.map_err(store::database)? {
            let Some(made) = made.get(row.id.as_str()) else { continue };
            let mut delivery = Delivery::decode(row.content.as_slice()).map_err(Error::internal)?;
            let patience = Patience { attempts_max: self.attempts_max, spread: rand::random() };
            attempt::conclude(&mut delivery, made, tx.now(), patience);
            rewrite(tx, &row.id, &delivery).await?;
            states.push(delivery.state());
        }
        Ok(states)
    }

    /// Gives since when the endpoint has been failing, and disables it if that is too long, or if it is gone.
    async fn note_endpoint(&self, tx: &Tx, held: &Held, made: &[(String, Made)]) -> Result<Option<DateTime<Utc>>> {
        let since = match (made.iter().any(|(_, made)| made.answer.is_success()), held.failing_since) {
            (true, _) => None,
            (false, Some(since)) => Some(since),
            (false, None) => made.first().map(|(_, made)| made.at),
        };
        if since != held.failing_since {
            lane::note_failing(tx, &held.endpoint, since).await?;
        }
        let gone = made.iter().any(|(_, made)| made.answer == Answer::Gone);
        match since {
            _ if gone => disable(tx, &held.endpoint, "It answered 410: it is gone.".to_owned()).await?,
            Some(at) if tx.now() - at >= self.disable_after => {
                let reason = format!("It has taken no message since {}.", at.format("%Y-%m-%dT%H:%M:%SZ"));
                disable(tx, &held.endpoint, reason).await?;
            }
            Some(_) | None => {}
        }
        Ok(since)
    }
}

async fn due(db: &impl ConnectionTrait, endpoint: &str, now: DateTime<Utc>) -> Result<Vec<Message>, DbErr> {
    let mut select = Query::select();
    select
        .column((Entity, Column::Id))
        .column((Notice::Table, Notice::Body))
        .from(Entity)
        .inner_join(Notice::Table, Expr::col((Notice::Table, Notice::EventId)).equals((Entity, Column::EventId)))
        .and_where(Expr::col((Entity, Column::Endpoint)).eq(endpoint))
        .and_where(Expr::col((Entity, Column::State)).eq(State::Pending as i32))
        .and_where(Expr::col((Entity, Column::DueAt)).lte(now.timestamp_micros()))
        .order_by((Entity, Column::DueAt), Order::Asc)
        .order_by((Entity, Column::Id), Order::Asc)
        .limit(BATCH);
    let rows = db.query_all(&select).await?;
    rows.iter().map(|row| Ok(Message { id: row.try_get_by(0)?, body: row.try_get_by(1)? })).collect()
}

async fn next(db: &impl ConnectionTrait, endpoint: &str) -> Result<Option<DateTime<Utc>>, DbErr> {
    let first = Entity::find()
        .filter(Column::Endpoint.eq(endpoint))
        .filter(Column::State.eq(State::Pending as i32))
        .order_by_asc(Column::DueAt)
        .select_only()
        .column(Column::DueAt)
        .into_tuple::<i64>()
        .one(db);
    Ok(first.await?.and_then(DateTime::from_timestamp_micros))
}

/// Rows that are to be changed; callers who would change them wait.
async fn locked(tx: &Tx, which: Expr) -> Result<Vec<Model>, DbErr> {
    let mut select = Entity::find().filter(which).order_by_asc(Column::Id);
    if tx.get_database_backend() == DbBackend::Postgres {
        QueryTrait::query(&mut select).lock(LockType::NoKeyUpdate);
    }
    select.all(tx).await
}

async fn rewrite(tx: &Tx, id: &str, delivery: &Delivery) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::Content, Expr::value(delivery.encode_to_vec()))
        .col_expr(Column::State, Expr::value(delivery.state))
        .col_expr(Column::DueAt, Expr::value(micros(delivery.next_attempt_time.as_ref())))
        .col_expr(Column::UpdatedAt, Expr::value(tx.now().timestamp_micros()))
        .filter(Column::Id.eq(id))
        .exec(tx)
        .await
        .map_err(store::database)?;
    Ok(())
}

async fn cancel_some(tx: &Tx, endpoint: &str) -> Result<u64> {
    let ids = Entity::find()
        .filter(Column::Endpoint.eq(endpoint))
        .filter(Column::State.eq(State::Pending as i32))
        .limit(CANCELLED_AT_ONCE)
        .select_only()
        .column(Column::Id)
        .into_tuple::<String>()
        .all(tx)
        .await
        .map_err(store::database)?;
    let count = ids.len() as u64;
    for row in locked(tx, Column::Id.is_in(ids)).await.map_err(store::database)? {
        let mut delivery = Delivery::decode(row.content.as_slice()).map_err(Error::internal)?;
        delivery.set_state(State::Cancelled);
        delivery.next_attempt_time = None;
        rewrite(tx, &row.id, &delivery).await?;
    }
    Ok(count)
}

async fn disable(tx: &Tx, name: &str, reason: String) -> Result<()> {
    let before = store::load_for::<Endpoints>(tx, name, |_, _| true).await?;
    let after = disabled(before.clone(), reason, tx);
    store::save::<Endpoints>(tx, "endpoint.disabled", before, after).await.map(drop)
}
