//! Copies of another service's records, kept up to date from its change log: a table that survives restarts, and a
//! snapshot in memory that answers at once, also while the other service is down.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use api::shared::v1::Change;
use chassis::error::{Error, Result};
use chassis::host::Host;
use futures::future::BoxFuture;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::watch;

use crate::consume::{self, Effect, Follow, Step};
use crate::database;
use crate::schema::{Cursor, Projection as Column};
use crate::store::Store;
use crate::tx::Tx;

/// How often changes that another process wrote are looked for.
const LOOK: Duration = Duration::from_millis(250);

/// Copies of chosen kinds of another service's records. Cheap to clone. Retired records stay, with their `retire_time`.
///
/// ```ignore
/// let registry = Projection::of_service("registry").of::<Locality>().of::<Country>().start(&host, &store).await?;
/// let hue: Option<Arc<Locality>> = registry.get("localities/hue");
/// ```
#[derive(Clone)]
pub struct Projection(Arc<Inner>);

struct Inner {
    name: String,
    store: Store,
    kinds: Vec<Kind>,
    kept: RwLock<HashMap<&'static str, BTreeMap<String, Copy>>>,
    /// Up to which generation the snapshot is.
    seen: AtomicI64,
    complete: AtomicBool,
    written: watch::Sender<()>,
}

type Copy = Arc<dyn Any + Send + Sync>;

/// A kind of record that is copied.
#[derive(Clone)]
struct Kind {
    /// Such as `ngkt.vn/Locality`.
    name: &'static str,
    /// What its change types begin with.
    singular: &'static str,
    /// How its message is called in an `Any`.
    message: String,
    decode: fn(&[u8]) -> Result<Copy>,
}

/// A projection that does not run yet.
pub struct Builder {
    peer: &'static str,
    kinds: Vec<Kind>,
}

impl Builder {
    /// Also copies this kind of record.
    pub fn of<M: api::Resource>(mut self) -> Builder {
        let decode = |bytes: &[u8]| M::decode(bytes).map(|record| Arc::new(record) as Copy).map_err(Error::internal);
        self.kinds.push(Kind { name: M::TYPE, singular: M::SINGULAR, message: M::full_name(), decode });
        self
    }

    /// Under which its cursor is kept. Another choice of kinds is another projection: it reads the log from the beginning.
    fn name(&self) -> String {
        let mut kinds: Vec<&Kind> = self.kinds.iter().collect();
        kinds.sort_by_key(|kind| kind.name);
        let kinds: Vec<&str> = kinds.into_iter().map(|kind| kind.singular).collect();
        format!("projection/{}/{}", self.peer, kinds.join("+"))
    }

    /// Loads what was copied before and follows the other service's log.
    pub async fn start(self, host: &Host, store: &Store) -> Result<Projection> {
        let name = self.name();
        let types = self.kinds.iter().map(|kind| format!("{}.*", kind.singular)).collect();
        let projection = Projection(Arc::new(Inner {
            name: name.clone(),
            store: store.clone(),
            kinds: self.kinds,
            kept: RwLock::default(),
            seen: AtomicI64::new(0),
            complete: AtomicBool::new(false),
            written: watch::Sender::new(()),
        }));
        projection.refresh().await.map_err(database)?;
        let (follower, shutdown) = (projection.clone(), host.drained.clone());
        host.spawn("projection", async move {
            tokio::select! {
                () = follower.keep_fresh() => {}
                () = shutdown.cancelled() => {}
            }
            Ok(())
        });
        // At the very first start there is nothing to go by yet. Afterwards the copies are there, also while the peer is away.
        let (copies, peer) = (projection.clone(), self.peer);
        host.health().probe(store.name(), move || {
            let ready = copies.ready();
            async move { if ready { Ok(()) } else { Err(Error::unavailable(peer)) } }
        });
        let effect = Arc::new(Copying(projection.clone()));
        consume::follow(host, store, Follow { name, peer: self.peer, types, effect });
        Ok(projection)
    }
}

impl Projection {
    /// A projection of this service's records; say of which kinds with [`Builder::of`].
    pub fn of_service(peer: &'static str) -> Builder {
        Builder { peer, kinds: Vec::new() }
    }

    /// The record of this name.
    pub fn get<M: api::Resource>(&self, name: &str) -> Option<Arc<M>> {
        let kept = self.0.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.get(M::TYPE)?.get(name).cloned().and_then(|record| record.downcast().ok())
    }

    /// All records of a kind, by name.
    pub fn all<M: api::Resource>(&self) -> Vec<Arc<M>> {
        let kept = self.0.kept.read().unwrap_or_else(PoisonError::into_inner);
        let Some(records) = kept.get(M::TYPE) else { return Vec::new() };
        records.values().cloned().filter_map(|record| record.downcast().ok()).collect()
    }

    /// Whether everything that the other service had was copied, at some time: then it is fit for use.
    pub fn ready(&self) -> bool {
        self.0.complete.load(Ordering::Acquire)
    }

    /// Waits until it is [`ready`](Projection::ready).
    pub async fn wait_ready(&self) {
        let mut written = self.0.written.subscribe();
        while !self.ready() {
            let _ = tokio::time::timeout(LOOK, written.changed()).await;
        }
    }

    async fn keep_fresh(&self) {
        let mut written = self.0.written.subscribe();
        loop {
            let _ = tokio::time::timeout(LOOK, written.changed()).await;
            if let Err(error) = self.refresh().await {
                tracing::debug!(projection = self.0.name, %error, "cannot be read just now");
            }
        }
    }

    /// Takes what is new in the table into the snapshot.
    async fn refresh(&self) -> Result<(), DbErr> {
        let db = self.0.store.read();
        let generation = generation(db, &self.0.name).await?;
        let seen = self.0.seen.load(Ordering::Acquire);
        if generation > seen {
            let mut select = Query::select();
            select
                .columns([Column::Name, Column::Kind, Column::Content])
                .from(Column::Table)
                .and_where(Expr::col(Column::Generation).gt(seen));
            for row in db.query_all(&select).await? {
                let (name, kind, content): (String, String, Vec<u8>) =
                    (row.try_get_by(0)?, row.try_get_by(1)?, row.try_get_by(2)?);
                self.put(name, &kind, &content);
            }
            self.0.seen.fetch_max(generation, Ordering::AcqRel);
        }
        if !self.ready() && generation_of_completion(db, &self.0.name).await? > 0 {
            self.0.complete.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn put(&self, name: String, kind: &str, content: &[u8]) {
        let Some(kind) = self.0.kinds.iter().find(|known| known.name == kind) else { return };
        match (kind.decode)(content) {
            Ok(record) => {
                let mut kept = self.0.kept.write().unwrap_or_else(PoisonError::into_inner);
                kept.entry(kind.name).or_default().insert(name, record);
            }
            Err(error) => tracing::error!(projection = self.0.name, name, %error, "a copy cannot be read"),
        }
    }
}

/// Writes copies into the table.
struct Copying(Projection);

impl Effect for Copying {
    fn apply(self: Arc<Self>, tx: Tx, changes: Arc<[Change]>, step: Step) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            for change in changes.iter() {
                self.copy(&tx, change, step.generation).await?;
            }
            Ok(())
        })
    }

    fn caught_up(self: Arc<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let projection = &self.0;
            if !projection.ready() {
                let mark = completion(&projection.0.name);
                projection
                    .0
                    .store
                    .write_self(async move |tx: Tx| consume::advance(&tx, &mark, "", "").await.map(drop))
                    .await?;
            }
            projection.0.written.send_replace(());
            Ok(())
        })
    }
}

impl Copying {
    async fn copy(&self, tx: &Tx, change: &Change, generation: i64) -> Result<()> {
        let Some(after) = &change.after else { return Ok(()) };
        let message = after.type_url.rsplit('/').next().unwrap_or_default();
        let Some(kind) = self.0.0.kinds.iter().find(|kind| kind.message == message) else { return Ok(()) };
        let mut upsert = Query::insert();
        upsert
            .into_table(Column::Table)
            .columns([Column::Name, Column::Kind, Column::Version, Column::Generation, Column::Content])
            .values_panic([
                change.resource.as_str().into(),
                kind.name.into(),
                change.version.into(),
                generation.into(),
                after.value.clone().into(),
            ])
            .on_conflict(
                OnConflict::column(Column::Name)
                    .update_columns([Column::Kind, Column::Version, Column::Generation, Column::Content])
                    .to_owned(),
            );
        tx.execute(&upsert).await.map_err(database).map(drop)
    }
}

/// Under which it is kept that everything was copied once.
fn completion(name: &str) -> String {
    format!("{name}/complete")
}

/// Whether everything that the other service had was copied, at some time.
pub(crate) async fn is_complete(db: &impl ConnectionTrait, projection: &Builder) -> Result<bool> {
    Ok(generation_of_completion(db, &projection.name()).await.map_err(database)? > 0)
}

async fn generation_of_completion(db: &impl ConnectionTrait, name: &str) -> Result<i64, DbErr> {
    generation(db, &completion(name)).await
}

/// How many moves a cursor has made.
async fn generation(db: &impl ConnectionTrait, name: &str) -> Result<i64, DbErr> {
    let mut select = Query::select();
    select.column(Cursor::Generation).from(Cursor::Table).and_where(Expr::col(Cursor::Consumer).eq(name));
    let row = db.query_one(&select).await?;
    row.map_or(Ok(0), |row| row.try_get_by(0))
}
