//! Consuming another service's change log. The cursor is kept in the transaction of the effect, so each entry takes
//! effect once; a consumer that was away goes on where it stood.
//!
//! If the other service's log is no longer the one that it was (its database was restored), it is read again from the
//! beginning: then entries come a second time. An effect that must not be repeated even so goes by the entry's `hash`,
//! which stays the same.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use api::options::v1::Failure;
use api::shared::v1::{Change, WatchChangesRequest, WatchChangesResponse};
use chassis::channel::CallAs;
use chassis::error::{Error, Result};
use chassis::host::Host;
use chassis::telemetry::trace;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use tonic::Streaming;

use crate::schema::Cursor as Column;
use crate::store::Store;
use crate::tx::Tx;
use crate::{database, lease};

/// A stream that has said nothing for so long is dead: the other side gives a sign of life every ten seconds.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// The largest answer: a record as large as a request may be, and what an entry says about it, is more than gRPC
/// libraries take by default.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Of how many traces a span says at most that it follows from them.
const LINKS_MAX: usize = 64;

/// The wait before a failed stream or effect is tried again: doubles up to the longest.
const WAIT: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Somebody who follows another service's change log.
#[derive(Debug, Clone)]
pub struct Consumer<A> {
    /// Its name, under which its cursor is kept; never changed.
    pub name: &'static str,
    /// The service that it follows.
    pub peer: &'static str,
    /// The change types that it wants, such as `locality.*`; `*` is all.
    pub types: &'static [&'static str],
    /// The effect of one entry, in a transaction together with others and the cursor. What fails is tried again, and
    /// nothing after it is taken before it succeeds. It is also told until when the log had been read to its end before, by
    /// the clock of here: the entry came after that, whatever its own time says. None if that is not known.
    pub apply: A,
}

/// Follows another service's change log until the process stops; of several processes, one at a time does. The calls are
/// made as this service, which sees every entry.
pub fn consume<A, F>(host: &Host, store: &Store, consumer: Consumer<A>)
where
    A: Fn(Tx, Change, Option<DateTime<Utc>>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    let Consumer { name, peer, types, apply } = consumer;
    let types = types.iter().map(|kind| (*kind).to_owned()).collect();
    follow(host, store, Follow { name: name.to_owned(), peer, types, effect: Arc::new(Each(apply)) });
}

/// What follows from entries.
pub(crate) trait Effect: Send + Sync + 'static {
    /// Applies entries in a transaction that takes the cursor a step on. May be called again for the same.
    fn apply(self: Arc<Self>, tx: Tx, changes: Arc<[Change]>, step: Step) -> BoxFuture<'static, Result<()>>;
    /// All there was has been applied.
    fn caught_up(self: Arc<Self>) -> BoxFuture<'static, Result<()>>;
}

/// A move of the cursor.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// Grows by one with each.
    pub generation: i64,
    /// Until when the log had been read to its end before.
    pub read_until: Option<DateTime<Utc>>,
}

struct Each<A>(A);

impl<A, F> Effect for Each<A>
where
    A: Fn(Tx, Change, Option<DateTime<Utc>>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    fn apply(self: Arc<Self>, tx: Tx, changes: Arc<[Change]>, step: Step) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            for change in changes.iter() {
                (self.0)(tx.clone(), change.clone(), step.read_until).await?;
            }
            Ok(())
        })
    }

    fn caught_up(self: Arc<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

#[derive(Clone)]
pub(crate) struct Follow {
    /// Under which the cursor is kept.
    pub name: String,
    pub peer: &'static str,
    pub types: Vec<String>,
    pub effect: Arc<dyn Effect>,
}

/// Follows a log whenever this process holds the lease that is called like the cursor.
pub(crate) fn follow(host: &Host, store: &Store, follow: Follow) {
    let channel = host.peers.client_as(follow.peer, host.system(store.name()));
    let standing = Standing::default();
    let mut consumers = store.consumers().lock().unwrap_or_else(PoisonError::into_inner);
    consumers.insert(follow.name.clone(), (follow.peer, standing.clone()));
    drop(consumers);
    let (store, name) = (store.clone(), follow.name.clone());
    lease::hold(host, &store.clone(), name, move |_| {
        let (store, follow, channel) = (store.clone(), follow.clone(), channel.clone());
        let standing = standing.clone();
        let mut follower = Follower { store, follow, channel, standing, read_until: None, wait: WAIT };
        async move { follower.run().await }
    });
}

struct Follower {
    store: Store,
    follow: Follow,
    channel: CallAs,
    standing: Standing,
    /// The latest time at which the log had been read to its end. Never earlier than before: clocks fall back.
    read_until: Option<DateTime<Utc>>,
    wait: Duration,
}

/// Since when a consumer has been behind, as far as this process knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing(Arc<AtomicI64>);

impl Standing {
    /// When it last had everything that the log had; none if somebody else follows the log.
    pub fn in_step(&self) -> Option<DateTime<Utc>> {
        Some(self.0.load(Ordering::Relaxed)).filter(|at| *at != 0).and_then(DateTime::from_timestamp_micros)
    }

    /// It has everything that was written before this.
    fn has(&self, until: DateTime<Utc>) {
        self.0.store(until.timestamp_micros(), Ordering::Relaxed);
    }

    fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Drop for Follower {
    /// Whoever follows the log from now on knows better.
    fn drop(&mut self) {
        self.standing.forget();
    }
}

impl Follower {
    async fn run(&mut self) -> Result<()> {
        // How far it is behind is known with the first answer; until then it is from now on.
        self.standing.has(self.store.clock().now());
        loop {
            let Err(error) = self.stream().await else { continue };
            if error.is(Failure::CursorInvalid) {
                tracing::warn!(
                    consumer = self.follow.name,
                    "the log is not the one that it was; reading it from the beginning"
                );
                self.start_over().await?;
                self.read_until = None;
                continue;
            }
            let quiet = self.wait < WAIT_MAX && error.is_transient();
            match quiet {
                true => tracing::debug!(consumer = self.follow.name, %error, "will try again"),
                false => tracing::warn!(consumer = self.follow.name, %error, "will try again"),
            }
            tokio::time::sleep(self.wait).await;
            self.wait = (self.wait * 2).min(WAIT_MAX);
        }
    }

    /// Reads the stream until it ends or something fails.
    async fn stream(&mut self) -> Result<()> {
        let mut at = position(&self.store, &self.follow.name).await?;
        let mut stream = self.open(&at).await?;
        loop {
            let answer = tokio::time::timeout(SILENCE_MAX, stream.message()).await;
            let answer = answer.map_err(|_| Error::unavailable(self.follow.peer).because("the stream is silent"))?;
            let Some(answer) = answer.map_err(Error::from)? else { return Ok(()) };
            let (ended, now) = (answer.changes.is_empty(), self.store.clock().now());
            let written = |change: Option<&Change>| change.and_then(|it| it.time.as_ref()).map_or(now, instant);
            let (first, last) = (written(answer.changes.first()), written(answer.changes.last()));
            self.standing.has(first);
            self.take(&mut at, answer).await?;
            self.wait = WAIT;
            self.standing.has(last);
            if ended {
                self.read_until = Ord::max(self.read_until, Some(now));
                self.follow.effect.clone().caught_up().await?;
            }
        }
    }

    async fn open(&self, at: &str) -> Result<Streaming<WatchChangesResponse>> {
        let path = format!("/ngkt.{}.v1.ChangeService/WatchChanges", self.follow.peer);
        let path = path.parse().map_err(Error::internal)?;
        let mut client = tonic::client::Grpc::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        let ready = client.ready().await;
        ready.unwrap_or_else(|never| match never {});
        let request = WatchChangesRequest { cursor: at.to_owned(), types: self.follow.types.clone() };
        let codec = tonic_prost::ProstCodec::<WatchChangesRequest, WatchChangesResponse>::default();
        let answer = client.server_streaming(tonic::Request::new(request), path, codec).await.map_err(Error::from)?;
        Ok(answer.into_inner())
    }

    /// Applies an answer, as a piece of work of its own that follows from all that was written.
    async fn take(&self, at: &mut String, answer: WatchChangesResponse) -> Result<()> {
        if answer.changes.is_empty() {
            return self.take_in_turn(at, answer).await;
        }
        let (name, count) = (self.follow.name.as_str(), answer.changes.len() as u64);
        let span = trace::root(|| {
            tracing::info_span!(target: "ngkt::feed", "consume", otel.name = format!("consume {name}"),
                otel.kind = "consumer", messaging.operation.type = "process", messaging.batch.message_count = count)
        });
        let mut linked = BTreeSet::new();
        for change in &answer.changes {
            if linked.len() < LINKS_MAX && linked.insert((change.trace_id.clone(), change.span_id.clone())) {
                trace::follows(&span, &change.trace_id, &change.span_id);
            }
        }
        trace::begin(span, self.take_in_turn(at, answer)).await
    }

    /// Applies an answer; if that fails, entry by entry, to come as far as it goes.
    async fn take_in_turn(&self, at: &mut String, answer: WatchChangesResponse) -> Result<()> {
        let changes: Arc<[Change]> = answer.changes.into();
        if answer.next_cursor == *at {
            return Ok(());
        }
        let Err(error) = self.apply(at, &answer.next_cursor, changes.clone()).await else { return Ok(()) };
        if changes.len() < 2 || error.is_transient() {
            return Err(error);
        }
        for change in changes.iter() {
            self.apply(at, &change.cursor, Arc::new([change.clone()])).await.inspect_err(|error| {
                tracing::error!(
                    consumer = self.follow.name,
                    resource = change.resource,
                    change = change.r#type,
                    version = change.version,
                    %error,
                    "an entry cannot be applied"
                );
            })?;
        }
        self.apply(at, &answer.next_cursor, Arc::new([])).await
    }

    /// One transaction: the effect, and the cursor from where it was to where it is then.
    async fn apply(&self, at: &mut String, to: &str, changes: Arc<[Change]>) -> Result<()> {
        if at == to {
            return Ok(());
        }
        let (name, effect) = (self.follow.name.clone(), self.follow.effect.clone());
        let (from, next, read_until) = (at.clone(), to.to_owned(), self.read_until);
        let applied = self.store.write_self(async move |tx: Tx| {
            let generation = advance(&tx, &name, &from, &next).await?;
            effect.apply(tx, changes, Step { generation, read_until }).await
        });
        applied.await?;
        to.clone_into(at);
        Ok(())
    }

    async fn start_over(&self) -> Result<()> {
        let (name, at) = (self.follow.name.clone(), position(&self.store, &self.follow.name).await?);
        self.store.write_self(async move |tx: Tx| advance(&tx, &name, &at, "").await.map(drop)).await
    }
}

fn instant(time: &prost_types::Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).unwrap_or_default()).unwrap_or_default()
}

/// Where a consumer stands; empty if it has read nothing yet.
pub(crate) async fn position(store: &Store, consumer: &str) -> Result<String> {
    let mut select = Query::select();
    select.column(Column::Position).from(Column::Table).and_where(Expr::col(Column::Consumer).eq(consumer));
    let row = store.read().query_one(&select).await.map_err(database)?;
    row.map_or(Ok(String::new()), |row| row.try_get_by(0)).map_err(database)
}

/// Moves a consumer's cursor, and gives the number of this move. Refused if it does not stand where the transaction
/// takes it to stand: of two that apply the same, one does.
pub(crate) async fn advance(tx: &Tx, consumer: &str, from: &str, to: &str) -> Result<i64> {
    let mut upsert = Query::insert();
    upsert
        .into_table(Column::Table)
        .columns([Column::Consumer, Column::Position, Column::Generation])
        .values_panic([consumer.into(), to.into(), 1_i64.into()])
        .on_conflict(
            OnConflict::column(Column::Consumer)
                .update_column(Column::Position)
                .value(Column::Generation, Expr::col((Column::Table, Column::Generation)).add(1))
                .action_and_where(Expr::col((Column::Table, Column::Position)).eq(from))
                .to_owned(),
        )
        .returning_col(Column::Generation);
    let row = tx.query_one(&upsert).await.map_err(database)?;
    let Some(row) = row else {
        return Err(Error::unavailable("the cursor").because(format!("{consumer} is being moved by another process")));
    };
    row.try_get_by(0).map_err(database)
}
