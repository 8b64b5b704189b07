//! One instant of a database.

use chassis::config::Config;
use chassis::error::{Error, Result};
use futures::TryStreamExt as _;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, IsolationLevel, Statement, StreamTrait,
    TransactionTrait,
};
use serde::{Deserialize, Serialize};

use super::form::{self, Table};
use super::row;
use crate::feed::incarnation;
use crate::presence::Presence;
use crate::schema::{self, Plan};
use crate::service::Service;
use crate::{connect, database};

/// Bytes of rows that are handed on at once, about.
const BATCH: usize = 256 << 10;

/// What a database holds, but for its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    /// The service.
    pub service: String,
    /// The migrations that have run.
    pub migrations: Vec<String>,
    /// Which log its change log is.
    pub incarnation: String,
    /// Of its latest entries.
    pub epoch: i32,
    /// Its tables.
    pub tables: Vec<Table>,
}

/// One instant of a service's database.
pub struct Snapshot {
    transaction: DatabaseTransaction,
    described: Described,
}

impl Snapshot {
    /// Takes the instant of now. It stays the same however long it is read; meanwhile PostgreSQL keeps old rows, and
    /// SQLite its write-ahead log, so it should be read without delay.
    pub async fn open(config: &Config, service: &Service) -> Result<Snapshot> {
        let db = connect::existing(config, service.name).await?;
        let transaction = match db.get_database_backend() {
            DbBackend::Postgres => {
                db.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await
            }
            _ => db.begin().await,
        };
        let transaction = transaction.map_err(database)?;
        if db.get_database_backend() == DbBackend::Postgres {
            schema::unbounded(&transaction).await.map_err(database)?;
        }
        // The first query fixes the instant.
        let plan = Plan::of(&transaction, service.migrations).await.map_err(database)?;
        if plan.applied.is_empty() {
            return Err(Error::internal(format!("the database of {} is empty", service.name)));
        }
        let log = incarnation::read(&transaction).await.map_err(database)?;
        let described = Described {
            service: service.name.to_owned(),
            migrations: plan.applied,
            incarnation: log.id.to_string(),
            epoch: log.epoch,
            tables: form::tables(&transaction).await?,
        };
        Ok(Snapshot { transaction, described })
    }

    /// What it holds, but for its rows.
    pub fn described(&self) -> &Described {
        &self.described
    }

    /// Hands on all rows of a table, in the order of its key, some at a time, and gives their number.
    pub async fn rows(&self, table: &Table, sink: impl AsyncFnMut(Vec<u8>) -> Result<()>) -> Result<u64> {
        rows(&self.transaction, table, sink).await
    }
}

/// The rows of a table in a transaction.
pub(super) async fn rows(
    transaction: &DatabaseTransaction,
    table: &Table,
    mut sink: impl AsyncFnMut(Vec<u8>) -> Result<()>,
) -> Result<u64> {
    let backend = ConnectionTrait::get_database_backend(transaction);
    let select = Statement::from_string(backend, table.select(backend));
    let mut stream = transaction.stream_raw(select).await.map_err(database)?;
    let (mut batch, mut count) = (Vec::new(), 0);
    while let Some(found) = stream.try_next().await.map_err(database)? {
        row::write(&row::read(table, backend, &found).map_err(database)?, &mut batch);
        count += 1;
        if batch.len() >= BATCH {
            sink(std::mem::take(&mut batch)).await?;
        }
    }
    if !batch.is_empty() {
        sink(batch).await?;
    }
    Ok(count)
}

/// Keeps the platform out of a service's SQLite file as long as it is held: for a copy that must not be followed by
/// writes. None if the database is a PostgreSQL one. Fails while the platform runs.
pub async fn keep_out(config: &Config, service: &Service) -> Result<Option<Presence>> {
    let Some(file) = connect::file(config, service.name)? else { return Ok(None) };
    if !file.exists() {
        return Err(Error::internal(format!("there is no {}", file.display())));
    }
    match connect::keep_out(&file).await? {
        Some(presence) => Ok(Some(presence)),
        None => Err(Error::internal(format!("{} is in use: stop the platform first", file.display()))),
    }
}
