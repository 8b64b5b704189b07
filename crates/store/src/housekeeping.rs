//! What keeps a database in order beside the sealing of its change log: old answers are forgotten, and readiness is told.

use std::time::Duration;

use chassis::error::{Error, Result};
use chassis::host::Host;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::store::Store;
use crate::tx::Tx;
use crate::{database, idempotency, lease};

/// How often old answers are looked for.
const FORGETTING: Duration = Duration::from_secs(10 * 60);

/// The queue in which nothing stays, and how much is put into it to see whether a disk takes anything.
const PROBE: &str = "store-probe";
const PROBE_BYTES: usize = 32 << 10;

pub(crate) fn start(host: &Host, store: &Store) {
    let forgetful = store.clone();
    lease::hold(host, store, "store-forgetting", move |_| {
        let store = forgetful.clone();
        async move {
            loop {
                forget(&store).await?;
                tokio::time::sleep(FORGETTING).await;
            }
        }
    });
    let probed = store.clone();
    host.health().probe(store.name(), move || probe(probed.clone()));
}

async fn forget(store: &Store) -> Result<()> {
    let forgotten = store.write_self(async |tx: Tx| idempotency::forget(&tx, tx.now()).await).await?;
    tracing::debug!(service = store.name(), forgotten, "forgot old answers");
    Ok(())
}

/// Ready is who can read and write. A database that only reads (a standby) is not, nor one that took no write the last
/// time (its disk is full, say): then each probe tries one, for nobody else may.
async fn probe(store: Store) -> Result<()> {
    let db = store.read();
    let backend = db.get_database_backend();
    let select = match backend {
        DbBackend::Postgres => "SELECT current_setting('transaction_read_only') = 'off'",
        _ => "SELECT 1",
    };
    let row = db.query_one_raw(Statement::from_string(backend, select)).await.map_err(database)?;
    let writes = match (backend, row) {
        (DbBackend::Postgres, Some(row)) => row.try_get_by(0).map_err(database)?,
        (_, row) => row.is_some(),
    };
    if !writes {
        return Err(Error::unavailable("the database").because("it is read-only"));
    }
    match store.wake().is_unwell() {
        true => try_to_write(&store).await,
        false => Ok(()),
    }
}

/// Writes more than fits into a page, and takes it away again.
async fn try_to_write(store: &Store) -> Result<()> {
    let mut bytes = vec![0; PROBE_BYTES];
    OsRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    let key = uuid::Uuid::new_v4().to_string();
    let written = store.write_self(async move |tx: Tx| {
        tx.enqueue(PROBE, &key, tx.now(), &bytes).await?;
        tx.dequeue(PROBE, &key).await
    });
    written.await
}
