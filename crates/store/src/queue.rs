//! Work that waits for its time: put into the transaction that it follows from, done at least once.
//!
//! A job is identified by its queue and key; putting in the same key again replaces time and payload. Whoever claims a
//! job holds it for a term and renews it; each claim, and each replacement, raises the job's epoch, and only the holder
//! of the current epoch can finish it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chassis::clock::Clock;
use chassis::error::{Error, Result};
use chassis::host::Host;
use chassis::telemetry::trace;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use sea_orm::sea_query::{
    Expr, ExprTrait, LockBehavior, LockType, OnConflict, Order, Query, SelectStatement, UpdateStatement,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};
use tokio::sync::Semaphore;

use crate::held::{Held, Refusal, What};
use crate::schema::Job as Column;
use crate::store::Store;
use crate::tx::Tx;
use crate::{database, lease};

/// How long a claim holds without being renewed, and how often it is renewed.
const TERM: Duration = Duration::from_secs(30);
const RENEWAL: Duration = Duration::from_secs(10);

/// How often work is looked for that nobody told of: jobs whose time has come, and those of other processes.
const LOOK: Duration = Duration::from_millis(200);

/// The wait after a handler that panicked: doubles from one attempt to the next, up to the longest.
const PANIC_WAIT: Duration = Duration::from_secs(1);
const PANIC_WAIT_MAX: Duration = Duration::from_secs(3600);

/// A job that this process has claimed.
#[derive(Debug, Clone)]
pub struct Job {
    /// The queue.
    pub queue: &'static str,
    /// What identifies the job in its queue.
    pub key: String,
    /// What it is about, as it was put in.
    pub payload: Vec<u8>,
    /// How often it was claimed, this time included.
    pub attempts: i32,
    /// When it was due.
    pub run_at: DateTime<Utc>,
    epoch: i64,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done and goes away.
    Done,
    /// It is to be tried again at this time.
    Retry(DateTime<Utc>),
    /// It can never be done; it is kept with the reason, and not tried again.
    Dead(String),
}

impl Job {
    /// The payload as the message that was put in.
    pub fn message<M: prost::Message + Default>(&self) -> Result<M> {
        M::decode(&*self.payload).map_err(Error::internal)
    }

    /// Finishes the job in the transaction of its effect, which so happens once. Fails the transaction if the job is
    /// somebody else's by now, or was put in anew. Answer [`Outcome::Done`] afterwards.
    pub async fn done(&self, tx: &Tx) -> Result<()> {
        match self.delete(tx).await? {
            true => Ok(()),
            false => Err(Error::unavailable("the job").because("somebody else has it by now")),
        }
    }

    async fn delete(&self, tx: &Tx) -> Result<bool> {
        let mut delete = Query::delete();
        delete
            .from_table(Column::Table)
            .and_where(Expr::col(Column::Queue).eq(self.queue))
            .and_where(Expr::col(Column::Key).eq(self.key.as_str()))
            .and_where(Expr::col(Column::Epoch).eq(self.epoch));
        Ok(tx.execute(&delete).await.map_err(database)?.rows_affected() == 1)
    }

    async fn change(&self, tx: &Tx, set: impl FnOnce(&mut UpdateStatement)) -> Result<bool> {
        let mut update = Query::update();
        update.table(Column::Table);
        set(&mut update);
        update
            .and_where(Expr::col(Column::Queue).eq(self.queue))
            .and_where(Expr::col(Column::Key).eq(self.key.as_str()))
            .and_where(Expr::col(Column::Epoch).eq(self.epoch));
        Ok(tx.execute(&update).await.map_err(database)?.rows_affected() == 1)
    }
}

impl Tx {
    /// Puts a job into a queue, to be done at `run_at` or later. If there is one of this key already, it is replaced; if
    /// that one is being worked on, it will be worked on again.
    pub async fn enqueue(
        &self,
        queue: &'static str,
        key: &str,
        run_at: DateTime<Utc>,
        payload: &impl prost::Message,
    ) -> Result<()> {
        let mut upsert = Query::insert();
        upsert
            .into_table(Column::Table)
            .columns([
                Column::Queue,
                Column::Key,
                Column::RunAt,
                Column::Payload,
                Column::Attempts,
                Column::Epoch,
                Column::LeasedUntil,
                Column::Reason,
            ])
            .values_panic([
                queue.into(),
                key.into(),
                run_at.timestamp_micros().into(),
                payload.encode_to_vec().into(),
                0.into(),
                1_i64.into(),
                0_i64.into(),
                "".into(),
            ])
            .on_conflict(
                OnConflict::columns([Column::Queue, Column::Key])
                    .update_columns([
                        Column::RunAt,
                        Column::Payload,
                        Column::Attempts,
                        Column::LeasedUntil,
                        Column::Reason,
                    ])
                    .value(Column::DeadAt, Option::<i64>::None)
                    .value(Column::Epoch, Expr::col((Column::Table, Column::Epoch)).add(1))
                    .to_owned(),
            );
        self.wake_queue();
        self.hold(Held { what: What::Upsert(upsert), row: ("job", format!("{queue}\n{key}")), refusal: Refusal::Never })
            .await
    }

    /// Takes a job out of a queue; nothing happens if there is none of this key. If it is being worked on, its end will
    /// be without effect.
    pub async fn dequeue(&self, queue: &'static str, key: &str) -> Result<()> {
        let mut delete = Query::delete();
        delete
            .from_table(Column::Table)
            .and_where(Expr::col(Column::Queue).eq(queue))
            .and_where(Expr::col(Column::Key).eq(key));
        self.execute(&delete).await.map_err(database).map(drop)
    }
}

/// Works on a queue until the process stops: up to `concurrency` jobs at a time in this process, each handed to
/// `handler`. Jobs are due by the platform's clock; claims last by the real time.
pub fn work<H, F>(host: &Host, store: &Store, queue: &'static str, concurrency: usize, handler: H)
where
    H: Fn(Job) -> F + Send + Sync + 'static,
    F: Future<Output = Outcome> + Send + 'static,
{
    let worker = Worker { store: store.clone(), queue, real: Clock::system() };
    let (host, handler) = (host.clone(), Arc::new(handler));
    let places = Arc::new(Semaphore::new(concurrency));
    let mut told = store.wake().queue.subscribe();
    let using = store.using();
    host.clone().spawn(queue, async move {
        let _using = using;
        while !host.shutdown.is_cancelled() {
            let claimed = worker.claim_some(&places).await;
            let found = !claimed.is_empty();
            for (job, place) in claimed {
                let (worker, handler) = (worker.clone(), handler.clone());
                let using = worker.store.using();
                host.spawn(queue, async move {
                    let span = trace::root(|| {
                        tracing::info_span!(target: "ngkt::queue", "job", otel.name = format!("job {queue}"),
                            otel.kind = "consumer", ngkt.queue = queue, ngkt.job.attempts = job.attempts)
                    });
                    trace::begin(span, worker.run(job, handler.as_ref())).await;
                    drop((place, using));
                    Ok(())
                });
            }
            if !found {
                tokio::select! {
                    _ = tokio::time::timeout(LOOK, told.changed()) => {}
                    () = host.shutdown.cancelled() => {}
                }
            }
        }
        Ok(())
    });
}

#[derive(Clone)]
struct Worker {
    store: Store,
    queue: &'static str,
    real: Clock,
}

type Place = tokio::sync::OwnedSemaphorePermit;

impl Worker {
    /// As many due jobs as there are places for them; waits for a place if there is none.
    async fn claim_some(&self, places: &Arc<Semaphore>) -> Vec<(Job, Place)> {
        let first = places.clone().acquire_owned().await.expect("invariant: never closed");
        let mut free = vec![first];
        while let Ok(place) = places.clone().try_acquire_owned() {
            free.push(place);
        }
        let claimed = match self.is_due().await {
            Ok(true) => self.claim(free.len() as u64).await,
            Ok(false) => return Vec::new(),
            Err(error) => Err(error),
        };
        match claimed {
            Ok(jobs) => jobs.into_iter().zip(free).collect(),
            Err(error) => {
                tracing::warn!(queue = self.queue, %error, "cannot claim work just now");
                tokio::time::sleep(Duration::from_millis(500)).await;
                Vec::new()
            }
        }
    }

    /// Asked before claiming, because reading disturbs nobody.
    async fn is_due(&self) -> Result<bool> {
        let select = self.due(1);
        Ok(self.store.read().query_one(&select).await.map_err(database)?.is_some())
    }

    fn due(&self, limit: u64) -> SelectStatement {
        let mut select = Query::select();
        select
            .columns([Column::Queue, Column::Key])
            .from(Column::Table)
            .and_where(Expr::col(Column::Queue).eq(self.queue))
            .and_where(Expr::col(Column::DeadAt).is_null())
            .and_where(Expr::col(Column::RunAt).lte(self.store.clock().now().timestamp_micros()))
            .and_where(self.is_free())
            .order_by(Column::RunAt, Order::Asc)
            .limit(limit);
        select
    }

    fn is_free(&self) -> Expr {
        lease::lapsed(Expr::col(Column::LeasedUntil), self.real.now(), TERM)
    }

    async fn claim(&self, limit: u64) -> Result<Vec<Job>> {
        let worker = self.clone();
        let claimed = self.store.write_self(async move |tx: Tx| {
            let mut due = worker.due(limit);
            if tx.get_database_backend() == DbBackend::Postgres {
                // Only speed: that a job goes to one is certain by the row itself.
                due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
            }
            let until = (worker.real.now() + TERM).timestamp_micros();
            let mut update = Query::update();
            update
                .table(Column::Table)
                .value(Column::LeasedUntil, until)
                .value(Column::Epoch, Expr::col(Column::Epoch).add(1))
                .value(Column::Attempts, Expr::col(Column::Attempts).add(1))
                .and_where(Expr::tuple([Expr::col(Column::Queue), Expr::col(Column::Key)]).in_subquery(due))
                .and_where(worker.is_free())
                .returning(Query::returning().columns([
                    Column::Key,
                    Column::Payload,
                    Column::Attempts,
                    Column::RunAt,
                    Column::Epoch,
                ]));
            let rows = tx.query_all(&update).await.map_err(database)?;
            rows.iter().map(|row| worker.job(row)).collect::<Result<Vec<_>, DbErr>>().map_err(database)
        });
        claimed.await
    }

    fn job(&self, row: &QueryResult) -> Result<Job, DbErr> {
        Ok(Job {
            queue: self.queue,
            key: row.try_get_by(0)?,
            payload: row.try_get_by(1)?,
            attempts: row.try_get_by(2)?,
            run_at: DateTime::from_timestamp_micros(row.try_get_by(3)?).unwrap_or_default(),
            epoch: row.try_get_by(4)?,
        })
    }

    async fn run<H, F>(&self, job: Job, handler: &H)
    where
        H: Fn(Job) -> F,
        F: Future<Output = Outcome>,
    {
        let handled = AssertUnwindSafe(async { handler(job.clone()).await }).catch_unwind();
        let outcome = tokio::select! {
            outcome = handled => outcome.unwrap_or_else(|_| self.after_panic(&job)),
            () = self.renew(&job) => {
                tracing::warn!(queue = self.queue, key = job.key, "the claim was lost; whoever has it now does the job");
                return;
            }
        };
        if let Err(error) = self.settle(job.clone(), outcome).await {
            // The claim ends by itself, and the job is done again: at least once.
            tracing::warn!(queue = self.queue, key = job.key, %error, "the outcome could not be kept");
        }
    }

    fn after_panic(&self, job: &Job) -> Outcome {
        let doublings = Ord::min(u32::try_from(job.attempts - 1).unwrap_or_default(), 16);
        let wait = PANIC_WAIT.saturating_mul(2_u32.pow(doublings)).min(PANIC_WAIT_MAX);
        tracing::error!(queue = self.queue, key = job.key, attempts = job.attempts, "the handler panicked");
        Outcome::Retry(self.store.clock().now() + wait)
    }

    /// Ends when the claim is somebody else's.
    async fn renew(&self, job: &Job) {
        loop {
            tokio::time::sleep(RENEWAL).await;
            let until = (self.real.now() + TERM).timestamp_micros();
            let renewed = job.clone();
            let held = self.store.write_self(async move |tx: Tx| {
                let set = |update: &mut UpdateStatement| {
                    update.value(Column::LeasedUntil, until);
                };
                renewed.change(&tx, set).await
            });
            if let Ok(false) = held.await {
                return;
            }
        }
    }

    async fn settle(&self, job: Job, outcome: Outcome) -> Result<bool> {
        let settled = self.store.write_self(async move |tx: Tx| match outcome {
            Outcome::Done => job.delete(&tx).await,
            Outcome::Retry(at) => {
                let set = |update: &mut UpdateStatement| {
                    update.value(Column::RunAt, at.timestamp_micros()).value(Column::LeasedUntil, 0_i64);
                };
                job.change(&tx, set).await
            }
            Outcome::Dead(reason) => {
                let dead_at = tx.now().timestamp_micros();
                let set = |update: &mut UpdateStatement| {
                    update
                        .value(Column::DeadAt, dead_at)
                        .value(Column::Reason, reason)
                        .value(Column::LeasedUntil, 0_i64);
                };
                job.change(&tx, set).await
            }
        });
        settled.await
    }
}
