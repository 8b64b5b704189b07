//! What an operator sees of a database: connections of the pool, and how far the feed is behind. Costs nothing unless
//! metrics are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chassis::error::Result;
use chassis::host::Host;
use opentelemetry::{KeyValue, global};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::database;
use crate::store::Store;

/// How often the lag is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// From where on a lag is worth a line in the log, in seconds: some transaction on the server does not end.
const LAG_WARNING: u64 = 10;

pub(crate) fn start(host: &Host, store: &Store) {
    connections(store);
    if store.read().get_database_backend() != DbBackend::Postgres {
        return; // what is committed is in the feed
    }
    let lag = Arc::new(AtomicU64::new(0));
    let (shown, service) = (lag.clone(), KeyValue::new("ngkt.service", store.name()));
    global::meter("ngkt")
        .u64_observable_gauge("ngkt.feed.lag")
        .with_unit("s")
        .with_description("Age of the oldest entry of the change log that readers cannot see yet")
        .with_callback(move |gauge| gauge.observe(shown.load(Ordering::Relaxed), std::slice::from_ref(&service)))
        .build();
    let (store, shutdown) = (store.clone(), host.shutdown.clone());
    host.spawn("store-gauge", async move {
        tokio::select! {
            () = watch(&store, &lag) => {}
            () = shutdown.cancelled() => {}
        }
        Ok(())
    });
}

fn connections(store: &Store) {
    let (db, service) = (store.read().clone(), KeyValue::new("ngkt.service", store.name()));
    global::meter("ngkt")
        .u64_observable_gauge("db.client.connection.count")
        .with_unit("{connection}")
        .with_description("Connections of the pool")
        .with_callback(move |gauge| {
            let (size, idle) = pool(&db);
            for (state, count) in [("idle", idle), ("used", size.saturating_sub(idle))] {
                gauge.observe(count, &[service.clone(), KeyValue::new("db.client.connection.state", state)]);
            }
        })
        .build();
}

/// Connections of the pool in all, and those that nobody uses.
fn pool(db: &DatabaseConnection) -> (u64, u64) {
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
    (u64::from(size), idle as u64)
}

async fn watch(store: &Store, lag: &AtomicU64) {
    loop {
        tokio::time::sleep(LOOK).await;
        // While the database is away there is nothing to tell; others tell that.
        let Ok(seconds) = oldest_unseen(store).await else { continue };
        lag.store(seconds, Ordering::Relaxed);
        if seconds >= LAG_WARNING {
            tracing::warn!(
                service = store.name(),
                seconds,
                "the feed lags: a transaction on the database server does not end"
            );
        }
    }
}

/// The age in seconds of the oldest entry that may still be preceded by another.
async fn oldest_unseen(store: &Store) -> Result<u64> {
    let select = "SELECT coalesce(min(c.time), 0) FROM change c JOIN feed f ON f.epoch = c.epoch \
         WHERE c.xid >= pg_snapshot_xmin(pg_current_snapshot())";
    let row = store.read().query_one_raw(Statement::from_string(DbBackend::Postgres, select)).await;
    let oldest: Option<i64> = row.map_err(database)?.map(|row| row.try_get_by(0)).transpose().map_err(database)?;
    let Some(oldest) = oldest.filter(|time| *time > 0) else { return Ok(0) };
    let age = store.clock().now().timestamp_micros() - oldest;
    Ok(u64::try_from(age / 1_000_000).unwrap_or_default())
}
