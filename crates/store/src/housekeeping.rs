//! What keeps a database in order beside the sealing of its change log: old answers are forgotten, and readiness is told.

use std::time::Duration;

use chassis::error::{Error, Result};
use chassis::host::Host;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::store::Store;
use crate::tx::Tx;
use crate::{database, idempotency, lease};

/// How often old answers are looked for.
const FORGETTING: Duration = Duration::from_secs(10 * 60);

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
    let db = store.read().clone();
    host.health().probe(store.name(), move || probe(db.clone()));
}

async fn forget(store: &Store) -> Result<()> {
    let forgotten = store.write_self(async |tx: Tx| idempotency::forget(&tx, tx.now()).await).await?;
    tracing::debug!(service = store.name(), forgotten, "forgot old answers");
    Ok(())
}

/// Ready is who can read and write. A database that only reads (a standby, or a disk that is full) is not.
async fn probe(db: DatabaseConnection) -> Result<()> {
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
    match writes {
        true => Ok(()),
        false => Err(Error::unavailable("the database").because("it is read-only")),
    }
}
