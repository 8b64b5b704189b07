//! An empty database for one test.

use std::sync::Arc;

use chassis::config::Config;
use store::sea_orm::sqlx::{self, ConnectOptions, Connection, Row};
use tempfile::TempDir;

use super::Cluster;

/// An empty database, and a folder for everything else. Clones are the same one.
#[derive(Clone)]
pub struct Database {
    /// Empty for a file in the folder.
    pub url: String,
    /// Where the keys are.
    pub folder: Arc<TempDir>,
    name: String,
}

impl Database {
    /// A SQLite file.
    pub fn sqlite() -> Database {
        Database { url: String::new(), folder: Arc::new(tempfile::tempdir().unwrap()), name: String::new() }
    }

    /// A database of the cluster that tests share, if there is one.
    pub fn postgres() -> Option<Database> {
        Cluster::shared().map(Database::of)
    }

    /// A database of this cluster.
    pub fn of(cluster: &Cluster) -> Database {
        let name = format!("t{}", uuid::Uuid::new_v4().simple());
        Database { url: cluster.create(&name), folder: Arc::new(tempfile::tempdir().unwrap()), name }
    }

    /// What it is called in its cluster.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn is_postgres(&self) -> bool {
        !self.url.is_empty()
    }

    /// The settings of a process that uses it for the registry.
    pub fn config(&self) -> Config {
        let mut config = Config { data_dir: self.folder.path().to_owned(), ..Config::default() };
        config.registry.database.url = self.url.clone();
        config.registry.database.acquire_seconds = 2;
        config
    }

    /// Runs statements behind everybody's back.
    pub async fn tamper(&self, statements: &str) {
        let sql = sqlx::AssertSqlSafe(statements.to_owned());
        if self.is_postgres() {
            let options: sqlx::postgres::PgConnectOptions = self.url.parse().unwrap();
            let mut connection = options.connect().await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        } else {
            let mut connection = self.file().await;
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }

    /// The number that a query gives.
    pub async fn number(&self, query: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(query.to_owned());
        if self.is_postgres() {
            let options: sqlx::postgres::PgConnectOptions = self.url.parse().unwrap();
            let mut connection = options.connect().await.unwrap();
            sqlx::query(sql).fetch_one(&mut connection).await.unwrap().get(0)
        } else {
            let mut connection = self.file().await;
            sqlx::query(sql).fetch_one(&mut connection).await.unwrap().get(0)
        }
    }

    /// What these statements give, one line a row: this column of each.
    pub async fn lines(&self, statements: &[&str], column: usize) -> String {
        let mut lines = Vec::new();
        if self.is_postgres() {
            let options: sqlx::postgres::PgConnectOptions = self.url.parse().unwrap();
            let mut connection = options.connect().await.unwrap();
            for statement in statements {
                let sql = sqlx::AssertSqlSafe((*statement).to_owned());
                let rows = sqlx::raw_sql(sql).fetch_all(&mut connection).await.unwrap();
                lines.extend(rows.iter().map(|row| row.get::<String, _>(column)));
            }
        } else {
            let mut connection = self.file().await;
            for statement in statements {
                let sql = sqlx::AssertSqlSafe((*statement).to_owned());
                let rows = sqlx::raw_sql(sql).fetch_all(&mut connection).await.unwrap();
                lines.extend(rows.iter().map(|row| row.get::<String, _>(column)));
            }
        }
        lines.join("\n")
    }

    /// A connection to the SQLite file, as another process has it.
    pub async fn file(&self) -> sqlx::SqliteConnection {
        let options = sqlx::sqlite::SqliteConnectOptions::new();
        let options = options.filename(self.folder.path().join("registry.db"));
        options.busy_timeout(std::time::Duration::from_secs(10)).connect().await.unwrap()
    }
}
