//! An empty database on its way to being filled. Nothing of it is seen, or stays, before [`Target::commit`].

use std::path::PathBuf;

use chassis::config::Config;
use chassis::error::{Error, Result};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, Statement};
use sea_orm::{TransactionOptions, TransactionTrait};

use super::form::{self, Kind, LOG, Table};
use super::renewal::Renewal;
use super::row::{self, Cell, Sum};
use super::snapshot::{Described, rows};
use crate::audit::{self, Report};
use crate::connect::{self, Links};
use crate::feed::incarnation;
use crate::schema::{self, Plan};
use crate::service::Service;
use crate::{database, lease};

/// Values in one statement at most; SQLite takes 32,766.
const VALUES_MAX: usize = 30_000;
/// Rows in one statement at most.
const ROWS_MAX: usize = 500;

/// A database that is being filled.
pub struct Target {
    service: Service,
    described: Described,
    links: Links,
    transaction: DatabaseTransaction,
    /// Files that go away again unless it commits.
    made: Made,
}

/// A table of a target that is being filled.
pub struct Filling<'a> {
    target: &'a Target,
    table: &'a Table,
    sum: Sum,
    rows: u64,
    /// Epoch and transaction of the row before.
    place: (i64, i64),
}

struct Made(Option<PathBuf>);

impl Drop for Made {
    fn drop(&mut self) {
        let Some(file) = self.0.take() else { return };
        for ending in ["", "-wal", "-shm", ".lock"] {
            let mut name = file.clone().into_os_string();
            name.push(ending);
            let _ = std::fs::remove_file(name);
        }
    }
}

impl Target {
    /// Opens the service's database, which must be empty, and gives it the schema that the described one had. Fails if
    /// that one is of a newer version.
    pub async fn open(config: &Config, service: &Service, described: &Described) -> Result<Target> {
        let known = Plan::of_version(service.migrations);
        if let Some(name) = described.migrations.iter().find(|name| !known.contains(name)) {
            let text = format!("{} comes from a newer version: this one does not know {name}", described.service);
            return Err(Error::internal(text));
        }
        let file = connect::file(config, service.name)?;
        let made = Made(file.filter(|file| !file.exists()));
        let links = connect::connect(config, service.name).await?;
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = links.writing().begin_with_options(immediate).await.map_err(database)?;
        schema::alone(&transaction).await.map_err(database)?;
        if let Some(table) = form::tables(&transaction).await?.first() {
            let text = format!("the database of {} is not empty: it has a table {}", service.name, table.name);
            return Err(Error::internal(text));
        }
        let ran = |name: &str| described.migrations.iter().any(|ran| ran == name);
        schema::run(&transaction, service.migrations, ran).await.map_err(database)?;
        let (service, described) = (*service, described.clone());
        Ok(Target { service, described, links, transaction, made })
    }

    /// Of which service this is the database.
    pub fn service(&self) -> &'static str {
        self.service.name
    }

    fn backend(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(&self.transaction)
    }

    /// Begins with a table.
    pub async fn fill<'a>(&'a self, table: &'a Table) -> Result<Filling<'a>> {
        let ours = form::tables(&self.transaction).await?;
        let same = ours.iter().any(|ours| ours == table);
        if !same {
            return Err(Error::internal(format!(
                "{}: this version has another table {}",
                self.service.name, table.name
            )));
        }
        // What a migration has put in is in the rows as well.
        let delete = format!(r#"DELETE FROM "{}""#, table.name);
        self.transaction.execute_unprepared(&delete).await.map_err(database)?;
        Ok(Filling { target: self, table, sum: Sum::of(table), rows: 0, place: (0, 0) })
    }

    /// After the last table: makes the log a new one, leads the cursors over, frees what was leased, brings the schema up
    /// to date, and walks the change log.
    pub async fn finish(&self, renewal: &Renewal) -> Result<Report> {
        let db = &self.transaction;
        incarnation::renew(db, renewal.after(&self.described)?, self.described.epoch + 1).await.map_err(database)?;
        renewal.lead_over(db).await?;
        lease::void_all(db).await.map_err(database)?;
        if self.backend() == DbBackend::Postgres {
            go_on_numbering(db).await.map_err(database)?;
        }
        schema::run(db, self.service.migrations, |_| true).await.map_err(database)?;
        let report = audit::verify(db).await?;
        match &report.broken {
            None => Ok(report),
            Some(broken) => Err(Error::internal(format!(
                "the change log of {} is not as it was written, entry {} {}: {}",
                self.service.name, broken.sequence, broken.resource, broken.what
            ))),
        }
    }

    /// Makes it last.
    pub async fn commit(mut self) -> Result<()> {
        self.transaction.commit().await.map_err(database)?;
        self.made.0 = None;
        // Whoever asks next should have figures to plan by.
        self.links.writing().execute_unprepared("ANALYZE").await.map_err(database)?;
        Ok(())
    }
}

impl Filling<'_> {
    /// Takes rows in.
    pub async fn add(&mut self, bytes: &[u8]) -> Result<()> {
        let mut rows = row::parse(self.table, bytes)?;
        if self.target.backend() == DbBackend::Sqlite {
            rows.iter_mut().try_for_each(|row| self.without_place(row))?;
        }
        let mut suited = Vec::with_capacity(bytes.len());
        rows.iter().for_each(|row| row::write(row, &mut suited));
        self.sum.add(&suited);
        self.rows += rows.len() as u64;
        let most = (VALUES_MAX / self.table.columns.len().max(1)).clamp(1, ROWS_MAX);
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            self.insert(rows.by_ref().take(most).collect()).await.map_err(database)?;
        }
        Ok(())
    }

    /// Reads the table back: what is there now must be what was taken in.
    pub async fn done(self) -> Result<u64> {
        let mut sum = Sum::of(self.table);
        let there = rows(&self.target.transaction, self.table, async |batch: Vec<u8>| {
            sum.add(&batch);
            Ok(())
        });
        let there = there.await?;
        match there == self.rows && sum.finish() == self.sum.finish() {
            true => Ok(there),
            false => {
                let name = &self.table.name;
                Err(Error::internal(format!("{name} has not become what it was: {there} rows of {}", self.rows)))
            }
        }
    }

    /// On SQLite the log is in the order of its numbers. A log that was written by transactions side by side may be in
    /// another.
    fn without_place(&mut self, row: &mut [Cell]) -> Result<()> {
        let (Some(epoch), Some(xid)) = (self.table.position("epoch"), self.table.position("xid")) else {
            return Ok(());
        };
        let number = |cell: &Cell| if let Cell::Integer(number) = cell { *number } else { 0 };
        let place = (number(&row[epoch]), number(&row[xid]));
        if self.table.name == LOG && place < self.place {
            return Err(Error::internal(
                "the change log was written by transactions side by side, in another order than that of its numbers: \
                 such a database goes to PostgreSQL only",
            ));
        }
        self.place = place;
        (row[epoch], row[xid]) = (Cell::Integer(0), Cell::Integer(0));
        Ok(())
    }

    async fn insert(&self, rows: Vec<Vec<Cell>>) -> Result<(), DbErr> {
        let backend = self.target.backend();
        let columns: Vec<(usize, String, Kind, bool)> = self
            .table
            .written(backend)
            .map(|(index, column)| {
                let transaction = self.table.is_place_of_log(column) && column.name == "xid";
                (index, column.name.clone(), column.kind, transaction)
            })
            .collect();
        let names: Vec<String> = columns.iter().map(|(_, name, ..)| format!(r#""{name}""#)).collect();
        let mut sql = format!(r#"INSERT INTO "{}" ({}) VALUES "#, self.table.name, names.join(", "));
        let mut values = Vec::with_capacity(rows.len() * columns.len());
        for (number, mut row) in rows.into_iter().enumerate() {
            sql.push_str(if number == 0 { "(" } else { ", (" });
            for (place, (index, _, kind, transaction)) in columns.iter().enumerate() {
                let value = std::mem::replace(&mut row[*index], Cell::Nothing);
                sql.push_str(if place == 0 { "$" } else { ", $" });
                sql.push_str(&(values.len() + 1).to_string());
                match (transaction, value) {
                    (true, Cell::Integer(number)) => {
                        sql.push_str("::text::xid8");
                        values.push(number.to_string().into());
                    }
                    (_, value) => values.push(value.value(*kind)),
                }
            }
            sql.push(')');
        }
        let statement = Statement::from_sql_and_values(backend, sql, values);
        self.target.transaction.execute_raw(statement).await.map(drop)
    }
}

/// Numbers that the database gives go on after the largest that is there.
async fn go_on_numbering(db: &DatabaseTransaction) -> Result<(), DbErr> {
    let select = "SELECT table_name::text, column_name::text FROM information_schema.columns \
         WHERE table_schema = current_schema() AND (is_identity = 'YES' OR column_default LIKE 'nextval(%')";
    for row in db.query_all_raw(Statement::from_string(DbBackend::Postgres, select)).await? {
        let (table, column): (String, String) = (row.try_get_by(0)?, row.try_get_by(1)?);
        let set = format!(
            r#"SELECT setval(pg_get_serial_sequence('"{table}"', '{column}'), coalesce(max("{column}"), 0) + 1, false) FROM "{table}""#
        );
        db.query_one_raw(Statement::from_string(DbBackend::Postgres, set)).await?;
    }
    Ok(())
}
