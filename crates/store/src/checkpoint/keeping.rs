//! Checkpoints are signed at intervals, and kept.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use chassis::error::{Error, Result};
use chassis::host::Host;
use ed25519_dalek::SigningKey;
use sea_orm::sea_query::{Order, Query, Table};
use sea_orm::{ConnectionTrait, DbErr, DeriveIden, QueryResult};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::{Checkpoint, keys};
use crate::lease::{self, Lease};
use crate::store::Store;
use crate::table::column;
use crate::tx::Tx;
use crate::{database, seal};

/// How often an entry that has no seal yet is looked after, before the first checkpoint.
const LOOK: Duration = Duration::from_secs(1);

/// The checkpoints, one row each.
#[derive(DeriveIden, Clone, Copy)]
enum Column {
    #[sea_orm(iden = "checkpoint")]
    Table,
    Seal,
    Hash,
    Time,
    Key,
    Signature,
}

/// Makes their table.
pub(crate) struct M20261128Checkpoint;

impl MigrationName for M20261128Checkpoint {
    fn name(&self) -> &str {
        "M20261128Checkpoint"
    }
}

#[tonic::async_trait]
impl MigrationTrait for M20261128Checkpoint {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table
            .table(Column::Table)
            .col(column("seal").big_integer().not_null().primary_key())
            .col(column("hash").blob().not_null())
            .col(column("time").big_integer().not_null())
            .col(column("key").blob().not_null())
            .col(column("signature").blob().not_null());
        manager.create_table(table).await
    }
}

/// Signs a checkpoint whenever the interval has passed and there are new seals.
pub(crate) fn start(host: &Host, store: &Store) -> Result<()> {
    let key = keys::signing(&host.config.key_dir())?;
    let (signed, settings) = (store.clone(), host.config.audit.clone());
    lease::hold(host, store, "store-checkpoint", move |lease| {
        let (store, key, settings) = (signed.clone(), key.clone(), settings.clone());
        async move {
            loop {
                let made = step(&store, &lease, &key, &settings.checkpoint_file).await?;
                let wait = if made { Duration::from_secs(settings.checkpoint_seconds) } else { LOOK };
                tokio::time::sleep(wait).await;
            }
        }
    });
    Ok(())
}

/// Tells whether there was something new.
async fn step(store: &Store, lease: &Lease, key: &SigningKey, file: &Path) -> Result<bool> {
    let head = seal::last(store.read()).await.map_err(database)?;
    if head.number <= last(store.read()).await.map_err(database)? {
        return Ok(false);
    }
    let time = store.clock().now().timestamp_micros();
    let made = Checkpoint::sign(key, store.name(), head.number, &head.hash, time);
    // The file first: what is only there is true as well, and what is only in the database proves nothing against whoever
    // writes it.
    if !file.as_os_str().is_empty() {
        append(file, &made)?;
    }
    let lease = lease.clone();
    store
        .write_self(async move |tx: Tx| {
            lease.fence(&tx).await?;
            insert(&tx, &made).await
        })
        .await?;
    Ok(true)
}

/// One write at the end of the file, so that lines of several processes do not mix.
fn append(file: &Path, made: &Checkpoint) -> Result<()> {
    let mut line = serde_json::to_string(made).map_err(Error::internal)?;
    line.push('\n');
    let trouble = |error| Error::internal(format!("audit.checkpoint_file {}: {error}", file.display()));
    let mut file = std::fs::File::options().create(true).append(true).open(file).map_err(trouble)?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_data()).map_err(trouble)
}

async fn insert(tx: &Tx, made: &Checkpoint) -> Result<()> {
    let bytes = |text: &str| hex::decode(text).map_err(Error::internal);
    let mut insert = Query::insert();
    insert
        .into_table(Column::Table)
        .columns([Column::Seal, Column::Hash, Column::Time, Column::Key, Column::Signature])
        .values_panic([
            made.seal.into(),
            bytes(&made.hash)?.into(),
            made.time.into(),
            bytes(&made.key)?.into(),
            bytes(&made.signature)?.into(),
        ]);
    tx.execute(&insert).await.map_err(database).map(drop)
}

/// The number of the last seal that was signed; 0 if none was.
async fn last(db: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let mut select = Query::select();
    select.column(Column::Seal).from(Column::Table).order_by(Column::Seal, Order::Desc).limit(1);
    db.query_one(&select).await?.map_or(Ok(0), |row| row.try_get_by(0))
}

/// All checkpoints of a service, the oldest first.
pub(crate) async fn all(db: &impl ConnectionTrait, service: &str) -> Result<Vec<Checkpoint>, DbErr> {
    let mut select = Query::select();
    select
        .columns([Column::Seal, Column::Hash, Column::Time, Column::Key, Column::Signature])
        .from(Column::Table)
        .order_by(Column::Seal, Order::Asc);
    db.query_all(&select).await?.iter().map(|row| read(row, service)).collect()
}

fn read(row: &QueryResult, service: &str) -> Result<Checkpoint, DbErr> {
    let text = |index: usize| row.try_get_by::<Vec<u8>, _>(index).map(hex::encode);
    Ok(Checkpoint {
        service: service.to_owned(),
        seal: row.try_get_by(0)?,
        hash: text(1)?,
        time: row.try_get_by(2)?,
        key: text(3)?,
        signature: text(4)?,
    })
}
