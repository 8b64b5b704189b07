//! A look at a service's database from outside, without opening it for use: for an operator who wants to know what is wrong.

use std::path::PathBuf;
use std::time::Duration;

use chassis::config::Config;
use chassis::error::{Error, Result};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use uuid::Uuid;

use crate::connect;
use crate::database;
use crate::feed::{incarnation, read};
use crate::look::{self, Position, Queue};
use crate::schema::Plan;
use crate::service::Service;

/// How long a database may take to let us in.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was found in a database.
#[derive(Debug, Clone)]
pub struct Survey {
    /// By how much the clock of the database's server is ahead of ours, in seconds; none on SQLite, which has none.
    pub clock_ahead: Option<f64>,
    /// Migrations of this program that have not run there.
    pub pending: Vec<String>,
    /// Migrations that have run there and that this program does not know: a newer one was here.
    pub unknown: Vec<String>,
    /// What there is to see in it; none before its first migration.
    pub content: Option<Content>,
}

/// What waits in a database.
#[derive(Debug, Clone)]
pub struct Content {
    /// Which change log is in it.
    pub log: Uuid,
    /// The number of the last entry of the log that readers see.
    pub head: i64,
    /// Seconds since the oldest entry was written that readers do not see yet.
    pub unseen_age: f64,
    /// Seconds since the oldest entry was written that no seal covers.
    pub unsealed_age: f64,
    /// Queues of work.
    pub queues: Vec<Queue>,
    /// How far consumers have come in the logs of other services.
    pub positions: Vec<Position>,
}

/// The file of a service's database; none if it is on PostgreSQL.
pub fn file(config: &Config, service: &Service) -> Result<Option<PathBuf>> {
    connect::file(config, service.name)
}

/// Whether a service's database is a file that is not there yet.
pub fn is_missing(config: &Config, service: &Service) -> Result<bool> {
    Ok(file(config, service)?.is_some_and(|file| !file.exists()))
}

/// Looks at the database of `service`, as of `now`. Changes nothing. Fails if it cannot be reached or read.
pub async fn survey(config: &Config, service: &Service, now: DateTime<Utc>) -> Result<Survey> {
    let db = open(config, service.name).await?;
    let Plan { applied, pending, unknown } = Plan::of(&db, service.migrations).await.map_err(database)?;
    let content = match applied.is_empty() {
        true => None,
        false => Some(content(&db, now).await?),
    };
    let survey = Survey { clock_ahead: clock_ahead(&db).await?, pending, unknown, content };
    let _ = db.close().await;
    Ok(survey)
}

async fn open(config: &Config, name: &str) -> Result<DatabaseConnection> {
    let mut options = match connect::file(config, name)? {
        Some(file) => ConnectOptions::new(format!("sqlite://{}?mode=ro", file.display())),
        None => ConnectOptions::new(&connect::section(config, name)?.url),
    };
    options.max_connections(1).connect_timeout(PATIENCE).acquire_timeout(PATIENCE).sqlx_logging(false);
    let opened = tokio::time::timeout(PATIENCE * 2, Database::connect(options)).await;
    match opened {
        Ok(Ok(db)) => Ok(db),
        Ok(Err(cause)) => Err(Error::internal(cause)),
        Err(_) => Err(Error::internal(format!("no answer within {} s", PATIENCE.as_secs() * 2))),
    }
}

async fn content(db: &DatabaseConnection, now: DateTime<Utc>) -> Result<Content> {
    let head = read::last(db).await.map_err(database)?.map_or(0, |(place, _)| place.seq);
    Ok(Content {
        log: incarnation::read(db).await.map_err(database)?.id,
        head,
        unseen_age: look::age(look::oldest_unseen(db).await?, now),
        unsealed_age: look::age(look::oldest_unsealed(db).await?, now),
        queues: look::queues(db, now).await?,
        positions: look::positions(db).await?,
    })
}

/// Compared with the real time: the server knows nothing of a clock that tests have moved.
async fn clock_ahead(db: &DatabaseConnection) -> Result<Option<f64>> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let real = chassis::Clock::system();
    let before = real.now();
    let select = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, select)).await.map_err(database)?;
    let micros: Option<i64> = row.map(|row| row.try_get_by(0)).transpose().map_err(database)?;
    let middle = before + (real.now() - before) / 2;
    Ok(micros.map(|micros| (micros - middle.timestamp_micros()) as f64 / 1e6))
}
