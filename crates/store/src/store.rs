//! The database of one service in one process.

use std::sync::{Arc, Mutex, PoisonError};

use chassis::caller::Caller;
use chassis::clock::Clock;
use chassis::error::{Error, Result};
use chassis::host::Host;
use sea_orm::DatabaseConnection;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::connect::{self, Links};
use crate::feed::Tail;
use crate::gauge::Consumers;
use crate::job::{Form, Origin};
use crate::personal::{self, Vault};
use crate::service::Service;
use crate::tx::Tx;
use crate::writer::{Wake, Writer};
use crate::{checkpoint, gauge, housekeeping, lease, schema, seal};

/// The database of a service: reads, writes, and what both are told about. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    name: &'static str,
    read: DatabaseConnection,
    writer: Writer,
    wake: Wake,
    tail: Tail,
    clock: Clock,
    vault: Arc<Vault>,
    /// Tasks that write until they end: the writer ends after them.
    users: TaskTracker,
    consumers: Consumers,
}

impl Store {
    /// Connects to the service's database, brings its schema up to date, and starts what keeps it in order: the feed's
    /// tail, the sealer of the change log, the forgetting of old idempotency records, and the probe of readiness.
    pub async fn open(host: &Host, service: &Service) -> Result<Store> {
        let links = connect::connect(&host.config, service.name).await?;
        schema::migrate(links.writing(), service.migrations).await.map_err(crate::database)?;
        if let Some(presence) = links.presence() {
            if presence.is_alone() {
                lease::void_all(links.writing()).await.map_err(crate::database)?;
            }
            presence.share().await.map_err(Error::internal)?;
        }
        let (wake, users) = (Wake::new(), TaskTracker::new());
        let vault = Arc::new(Vault::new(host.config.key_dir()));
        personal::check(links.reading(), &vault).await?;
        let writer = match &links {
            Links::Sqlite { write, presence, .. } => {
                let presence = presence.clone();
                Writer::sqlite(host, service.name, write.clone(), presence, wake.clone(), vault.clone(), users.clone())
            }
            Links::Postgres { requests, background } => {
                Writer::postgres(host, requests.clone(), background.clone(), wake.clone(), vault.clone(), users.clone())
            }
        };
        let read = links.reading().clone();
        let tail = Tail::start(host, &read, wake.feed.subscribe()).await?;
        let (clock, consumers, name) = (host.clock.clone(), Consumers::default(), service.name);
        let inner = Inner { name, read, writer, wake, tail, clock, vault, users, consumers };
        let store = Store(Arc::new(inner));
        seal::start(host, &store);
        checkpoint::start(host, &store)?;
        housekeeping::start(host, &store);
        gauge::start(host, &store);
        Ok(store)
    }

    /// The service that this is the database of.
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// For queries. On SQLite it cannot write; on PostgreSQL it must not.
    pub fn read(&self) -> &DatabaseConnection {
        &self.0.read
    }

    /// The time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Runs `work` in a transaction, as the request's caller, and answers when all of it is durable. If the request
    /// carries an idempotency key that was used before, gives the answer of then. The work must only talk to the
    /// [`Tx`]; on SQLite everybody else's writes wait for it, and a write inside of it would wait for itself. On
    /// PostgreSQL it may run more than once, of which all but the last leave nothing behind.
    pub async fn write<M, W, F, R>(&self, request: &tonic::Request<M>, work: W) -> Result<R>
    where
        M: prost::Message,
        W: FnOnce(Tx) -> F + Clone + Send + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
        R: prost::Message + Default + 'static,
    {
        self.0.writer.write(Origin::of(request)?, Form::MESSAGE, work).await
    }

    /// Runs `work` in a transaction of which nothing stays, and gives what it answers, or the error that it would have
    /// met, constraints of the database included: for previews and dry runs. Nobody else sees what it writes.
    pub async fn rehearse<M, W, F, R>(&self, request: &tonic::Request<M>, work: W) -> Result<R>
    where
        M: prost::Message,
        W: FnOnce(Tx) -> F + Clone + Send + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
        R: Send + 'static,
    {
        let origin = Origin { key: None, ..Origin::of(request)? };
        let answer = Arc::new(Mutex::new(None));
        let kept = answer.clone();
        let ended: Result<()> = self
            .0
            .writer
            .write(origin, Form::NONE, async move |tx: Tx| {
                let answer = work(tx.clone()).await?;
                tx.session().settle().await?;
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
                // An error is what takes a transaction back.
                Err(Error::internal("a rehearsal leaves nothing behind"))
            })
            .await;
        let answered = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (answered, ended) {
            (Some(answer), _) => Ok(answer),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(Error::internal("a rehearsal ended without an answer")),
        }
    }

    /// The same for what no request asked for.
    pub async fn write_as<W, F, R>(&self, caller: Caller, work: W) -> Result<R>
    where
        W: FnOnce(Tx) -> F + Clone + Send + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
        R: Send + 'static,
    {
        self.0.writer.write(Origin::background(caller), Form::NONE, work).await
    }

    /// Writes as the service itself.
    pub(crate) async fn write_self<W, F, R>(&self, work: W) -> Result<R>
    where
        W: FnOnce(Tx) -> F + Clone + Send + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
        R: Send + 'static,
    {
        self.write_as(Caller::system(self.name()), work).await
    }

    pub(crate) async fn write_from<W, F, R>(&self, origin: Origin, work: W) -> Result<R>
    where
        W: FnOnce(Tx) -> F + Clone + Send + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
        R: prost::Message + Default + 'static,
    {
        self.0.writer.write(origin, Form::MESSAGE, work).await
    }

    /// Told whenever work was put into a queue, or woken, by a transaction of this process that is durable now.
    pub fn work_told(&self) -> tokio::sync::watch::Receiver<()> {
        self.0.wake.queue.subscribe()
    }

    /// To be held by a task that writes when the process stops.
    pub(crate) fn using(&self) -> TaskTrackerToken {
        self.0.users.token()
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.0.writer
    }

    /// The keys of personal data.
    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Who follows other services' change logs here.
    pub(crate) fn consumers(&self) -> &Consumers {
        &self.0.consumers
    }

    pub(crate) fn wake(&self) -> &Wake {
        &self.0.wake
    }

    pub(crate) fn tail(&self) -> &Tail {
        &self.0.tail
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.0.name).finish()
    }
}
