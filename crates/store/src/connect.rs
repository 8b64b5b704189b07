//! Connections to the database that the settings name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chassis::config::{self, Config};
use chassis::error::{Error, Result};
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr};

use crate::presence::Presence;
use crate::statement;

/// How long SQLite waits for another process that writes the same file.
const BUSY: Duration = Duration::from_secs(5);

/// How long a database that is away at the start is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The level at which waits for a connection are told to whoever counts them; nobody else listens there.
const WAITS: log::LevelFilter = log::LevelFilter::Trace;

/// Pages in the write-ahead log before they are moved into the file: 16 MiB.
const CHECKPOINT_PAGES: &str = "4000";

/// The connections of one service.
#[derive(Clone)]
pub(crate) enum Links {
    /// One connection that writes, several that only read.
    Sqlite { write: DatabaseConnection, read: DatabaseConnection, presence: Presence },
    /// Two bounded pools, so that neither requests nor what runs in the background wait for the other.
    Postgres { requests: DatabaseConnection, background: DatabaseConnection },
}

impl Links {
    pub fn reading(&self) -> &DatabaseConnection {
        match self {
            Links::Sqlite { read, .. } => read,
            Links::Postgres { requests, .. } => requests,
        }
    }

    pub fn presence(&self) -> Option<&Presence> {
        match self {
            Links::Sqlite { presence, .. } => Some(presence),
            Links::Postgres { .. } => None,
        }
    }

    pub fn writing(&self) -> &DatabaseConnection {
        match self {
            Links::Sqlite { write, .. } => write,
            Links::Postgres { requests, .. } => requests,
        }
    }
}

/// Of so many connections to PostgreSQL, those that the background has to itself: one in three.
fn background(connections_max: u32) -> u32 {
    (connections_max / 3).max(1)
}

/// Connects to the database of the service `name`. One that is away is waited for, a while.
pub(crate) async fn connect(config: &Config, name: &str) -> Result<Links> {
    let database = section(config, name)?;
    match file(config, name)? {
        None => {
            let aside = background(database.connections_max);
            // A request may read beside its transaction.
            let most = database.connections_max.saturating_sub(aside).max(2);
            let requests = postgres(database, name, most).await?;
            Ok(Links::Postgres { requests, background: postgres(database, name, aside).await? })
        }
        Some(file) => sqlite(database, &file, name).await.map_err(|error| opening(&file, error)),
    }
}

/// Connects for reading to a database that must be there already. On SQLite this leaves no mark, so that a platform that
/// starts meanwhile does not take the reader for a part of it.
pub(crate) async fn existing(config: &Config, name: &str) -> Result<DatabaseConnection> {
    let database = section(config, name)?;
    match file(config, name)? {
        Some(file) if !file.exists() => Err(Error::internal(format!("there is no {}", file.display()))),
        Some(file) => sqlite_reader(database, &file, name).await.map_err(|error| opening(&file, error)),
        None => postgres(database, name, 2).await,
    }
}

/// Keeps everybody else out of a SQLite file as long as it is held; none if somebody is in.
pub(crate) async fn keep_out(file: &Path) -> Result<Option<Presence>> {
    let presence = Presence::mark(file).await;
    let presence =
        presence.map_err(|error| Error::internal(format!("{} cannot be locked: {error}", file.display())))?;
    Ok(presence.is_alone().then_some(presence))
}

fn opening(file: &Path, error: DbErr) -> Error {
    match error {
        DbErr::Custom(text) => Error::internal(text),
        error => Error::internal(format!("{} cannot be opened: {error}", file.display())),
    }
}

pub(crate) fn section<'a>(config: &'a Config, name: &str) -> Result<&'a config::Database> {
    let service = config.service(name);
    service
        .map(|service| &service.database)
        .ok_or_else(|| Error::internal(format!("there is no service {name} in the settings")))
}

/// The file of a service's database; none if it is on PostgreSQL.
pub(crate) fn file(config: &Config, name: &str) -> Result<Option<PathBuf>> {
    match section(config, name)?.url.as_str() {
        "" => Ok(Some(config.data_dir.join(format!("{name}.db")))),
        url if DbBackend::Postgres.is_prefix_of(url) => Ok(None),
        url => file_of(url).map(Some).ok_or_else(|| {
            Error::internal(format!("{name}.database.url must begin with postgres:// or be sqlite:// and a file"))
        }),
    }
}

fn file_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path).split('?').next().unwrap_or_default();
    // A database in memory is another one for each connection.
    (!path.is_empty() && !path.starts_with(':')).then(|| PathBuf::from(path))
}

async fn sqlite(database: &config::Database, file: &Path, name: &str) -> Result<Links, DbErr> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|error| DbErr::Custom(format!("{} cannot be made: {error}", folder.display())))?;
    }
    let presence = Presence::mark(file).await;
    let presence = presence.map_err(|error| DbErr::Custom(format!("{} cannot be locked: {error}", file.display())))?;
    let path = file.to_owned();
    let mut options = sqlite_options(database);
    options.max_connections(1).map_sqlx_sqlite_opts(move |sqlite| {
        common(sqlite, &path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit that was answered survives a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            // What is erased is overwritten in its place.
            .pragma("secure_delete", "FAST")
            .pragma("cache_size", "-32768")
    });
    let mut write = Database::connect(options).await?;
    statement::observe(&mut write, name);
    let read = sqlite_reader(database, file, name).await?;
    Ok(Links::Sqlite { write, read, presence })
}

async fn sqlite_reader(database: &config::Database, file: &Path, name: &str) -> Result<DatabaseConnection, DbErr> {
    let path = file.to_owned();
    let mut options = sqlite_options(database);
    options.max_connections(database.connections_max.max(1)).map_sqlx_sqlite_opts(move |sqlite| {
        common(sqlite, &path).pragma("query_only", "ON").pragma("mmap_size", "268435456")
    });
    let mut read = Database::connect(options).await?;
    statement::observe(&mut read, name);
    Ok(read)
}

fn common(options: SqliteConnectOptions, path: &Path) -> SqliteConnectOptions {
    options.filename(path).busy_timeout(BUSY).statement_cache_capacity(256).pragma("temp_store", "MEMORY")
}

fn sqlite_options(database: &config::Database) -> ConnectOptions {
    let mut options = ConnectOptions::new("sqlite://store.db");
    options
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(database.acquire_seconds.max(1)))
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_pool_opts(|pool| pool.acquire_time_level(WAITS));
    options
}

async fn postgres(database: &config::Database, name: &str, connections_max: u32) -> Result<DatabaseConnection> {
    let millis = (database.statement_seconds.max(1) * 1000).to_string();
    let application = format!("ngkt-{name}");
    let mut options = ConnectOptions::new(&database.url);
    options
        .max_connections(connections_max)
        .acquire_timeout(Duration::from_secs(database.acquire_seconds.max(1)))
        // A connection is tested when it comes back; testing it again before each use would be a visit more.
        .test_before_acquire_if_idle_for(Duration::from_secs(1))
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_postgres_pool_opts(|pool| pool.acquire_time_level(WAITS))
        .map_sqlx_postgres_opts(move |postgres: PgConnectOptions| {
            postgres.application_name(&application).statement_cache_capacity(256).options([
                ("statement_timeout", millis.as_str()),
                ("lock_timeout", millis.as_str()),
                // A transaction that nobody ends holds up everybody's feed.
                ("idle_in_transaction_session_timeout", millis.as_str()),
                // Positions in the feed and the rules of the writer suppose it.
                ("default_transaction_isolation", "read committed"),
            ])
        });
    let begin = tokio::time::Instant::now();
    loop {
        match Database::connect(options.clone()).await {
            Ok(mut db) => {
                statement::observe(&mut db, name);
                return Ok(db);
            }
            Err(error) if begin.elapsed() > PATIENCE => {
                return Err(Error::internal(format!("the database of {name} cannot be reached: {error}")));
            }
            Err(error) => {
                tracing::warn!(service = name, %error, "the database is away; waiting for it");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_url_names_a_file() {
        for (url, file) in [
            ("sqlite:///var/lib/ngkt/registry.db", Some("/var/lib/ngkt/registry.db")),
            ("sqlite://data/registry.db?mode=rwc", Some("data/registry.db")),
            ("sqlite:registry.db", Some("registry.db")),
            ("sqlite::memory:", None),
            ("mysql://host/name", None),
        ] {
            assert_eq!(file_of(url), file.map(PathBuf::from), "{url}");
        }
    }
}
