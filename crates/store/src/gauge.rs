//! What an operator sees of a database while it is in use: connections, how far the feed and those who follow it are, what
//! waits. Nobody looks unless metrics are sent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chassis::error::Result;
use chassis::host::Host;
use chassis::telemetry::{self, catalogue};
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, DbBackend};

use crate::consume::Standing;
use crate::look::{self, Position, Queue};
use crate::store::Store;

/// From where on a lag is worth a line in the log, in seconds: some transaction on the server does not end.
const LAG_WARNING: f64 = 10.0;

/// What was last seen.
#[derive(Default)]
struct Seen {
    lag: f64,
    unsealed: f64,
    queues: Vec<Queue>,
    positions: Vec<Position>,
    at: Option<DateTime<Utc>>,
}

/// The consumers of one database, by name, and how they stand.
pub(crate) type Consumers = Arc<Mutex<BTreeMap<String, (&'static str, Standing)>>>;

pub(crate) fn start(host: &Host, store: &Store) {
    if !telemetry::counts() {
        return;
    }
    connections(host, store);
    let seen = Arc::new(Mutex::new(Seen::default()));
    tell(store, &seen);
    consumers(store, &seen);
    let (store, shutdown) = (store.clone(), host.shutdown.clone());
    let look = Duration::from_secs(host.config.telemetry.metrics_seconds.max(1));
    host.spawn("store-gauge", async move {
        tokio::select! {
            () = watch(&store, &seen, look) => {}
            () = shutdown.cancelled() => {}
        }
        Ok(())
    });
}

fn connections(host: &Host, store: &Store) {
    let (db, service) = (store.read().clone(), store.name());
    catalogue::POOL_CONNECTIONS.observe(move |sight| {
        let (size, idle) = pool(&db);
        sight.tell(idle, [service.into(), "idle".into()]);
        sight.tell((size - idle).max(0.0), [service.into(), "used".into()]);
    });
    let max = host.config.service(service).map_or(0, |settings| settings.database.connections_max);
    catalogue::POOL_CONNECTIONS_MAX.observe(move |sight| sight.tell(max.into(), [service.into()]));
}

/// Connections of the pool in all, and those that nobody uses.
fn pool(db: &DatabaseConnection) -> (f64, f64) {
    let (size, idle) = match db.get_database_backend() {
        DbBackend::Postgres => {
            let pool = db.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        }
        _ => {
            let pool = db.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        }
    };
    (f64::from(size), idle as f64)
}

fn tell(store: &Store, seen: &Arc<Mutex<Seen>>) {
    let service = store.name();
    let (of_lag, of_seal, of_queue, of_age) = (seen.clone(), seen.clone(), seen.clone(), seen.clone());
    catalogue::FEED_LAG.observe(move |sight| sight.tell(lock(&of_lag).lag, [service.into()]));
    let tail = store.tail().clone();
    catalogue::FEED_HEAD.observe(move |sight| sight.tell(tail.head().borrow().place.seq as f64, [service.into()]));
    catalogue::UNSEALED_AGE.observe(move |sight| sight.tell(lock(&of_seal).unsealed, [service.into()]));
    catalogue::QUEUE_DEPTH.observe(move |sight| {
        for queue in &lock(&of_queue).queues {
            for (state, count) in [("due", queue.due), ("waiting", queue.waiting), ("dead", queue.dead)] {
                sight.tell(count as f64, [service.into(), queue.name.clone().into(), state.into()]);
            }
        }
    });
    catalogue::QUEUE_AGE.observe(move |sight| {
        let seen = lock(&of_age);
        for queue in &seen.queues {
            let age = look::age(queue.oldest_due, seen.at.unwrap_or_default());
            sight.tell(age, [service.into(), queue.name.clone().into()]);
        }
    });
}

fn consumers(store: &Store, seen: &Arc<Mutex<Seen>>) {
    let (service, clock, seen) = (store.name(), store.clock().clone(), seen.clone());
    let (of_position, of_lag) = (store.consumers().clone(), store.consumers().clone());
    catalogue::CONSUMER_POSITION.observe(move |sight| {
        let consumers = lock(&of_position);
        for position in &lock(&seen).positions {
            let Some((peer, _)) = consumers.get(&position.consumer) else { continue };
            let labels = [service.into(), position.consumer.clone().into(), (*peer).into()];
            sight.tell(position.sequence as f64, labels);
        }
    });
    catalogue::CONSUMER_LAG.observe(move |sight| {
        for (consumer, (peer, standing)) in lock(&of_lag).iter() {
            // Of several processes only the one that follows knows.
            let Some(since) = standing.in_step() else { continue };
            let labels = [service.into(), consumer.clone().into(), (*peer).into()];
            sight.tell(look::age(Some(since), clock.now()), labels);
        }
    });
}

async fn watch(store: &Store, seen: &Mutex<Seen>, look: Duration) {
    loop {
        // While the database is away there is nothing to tell; others tell that.
        if let Ok(now) = see(store).await {
            if now.lag >= LAG_WARNING {
                let (service, seconds) = (store.name(), now.lag);
                tracing::warn!(service, seconds, "the feed lags: a transaction on the database server does not end");
            }
            *lock(seen) = now;
        }
        tokio::time::sleep(look).await;
    }
}

async fn see(store: &Store) -> Result<Seen> {
    let (db, now) = (store.read(), store.clock().now());
    Ok(Seen {
        lag: look::age(look::oldest_unseen(db).await?, now),
        unsealed: look::age(look::oldest_unsealed(db).await?, now),
        queues: look::queues(db, now).await?,
        positions: look::positions(db).await?,
        at: Some(now),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
