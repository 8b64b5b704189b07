//! The tables that every service has besides its resources', and how the schema is brought up to date.

use sea_orm::sea_query::{Alias, ConditionalStatement, Expr, Index, IndexOrder, Table};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, DeriveIden, TransactionTrait,
};
use sea_orm::{SqliteTransactionMode, Statement, TransactionOptions};
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf, SchemaManager};

use chassis::config::Config;
use chassis::error::Error;

use crate::personal::M20261122Personal;
use crate::service::Service;
use crate::table::column;
use crate::{connect, database};

/// What happened to the records, one row an entry; never changed, never deleted.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Change {
    Table,
    Seq,
    Epoch,
    Xid,
    Time,
    Type,
    Resource,
    Version,
    Owner,
    Audience,
    Readers,
    Entry,
    Hash,
}

/// The seals of the change log, one row a checkpoint.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Seal {
    Table,
    Number,
    Epoch,
    Xid,
    Seq,
    Members,
    PreviousHash,
    Hash,
    Time,
}

/// Which log this is: one row.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Feed {
    Table,
    Id,
    Incarnation,
    Epoch,
    Home,
}

/// Answers to requests that may be repeated.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Idempotency {
    Table,
    Scope,
    Request,
    Answer,
    CreatedAt,
}

/// Work that waits.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Job {
    Table,
    Queue,
    Key,
    RunAt,
    Payload,
    Attempts,
    Epoch,
    LeasedUntil,
    DeadAt,
    Reason,
}

/// Who does what only one may do.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Lease {
    Table,
    Name,
    Holder,
    Epoch,
    Until,
}

/// How far a consumer has come in another service's log.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Cursor {
    Table,
    Consumer,
    Position,
    Generation,
}

/// Copies of another service's records.
#[derive(DeriveIden, Clone, Copy)]
pub(crate) enum Projection {
    Table,
    Name,
    Kind,
    Version,
    Generation,
    Content,
}

/// Any number that all migrating processes know; nothing else on the database uses advisory locks.
const MIGRATION_LOCK: i64 = 0x4E47_4B54;

/// The table in which it is kept which migrations have run.
pub(crate) const MIGRATIONS: &str = "seaql_migrations";

/// What stands in the name of a migration that takes away what the release before still uses. All others only add, so
/// that replicas of the release before go on beside the new one: expand first, contract a release later.
const CONTRACT: &str = "Contract";

/// Brings the schema up to date, in one transaction: all of it or nothing. Of several processes one does it, the others
/// wait.
pub(crate) async fn migrate(db: &DatabaseConnection, service: MigrationsOf) -> Result<(), DbErr> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = db.begin_with_options(immediate).await?;
    alone(&transaction).await?;
    run(&transaction, service, |_| true).await?;
    crate::feed::incarnation::establish(&transaction).await?;
    transaction.commit().await
}

/// The migrations of a service.
pub(crate) type MigrationsOf = fn() -> Vec<Box<dyn MigrationTrait>>;

/// Waits until nobody else migrates; nobody else does before the transaction ends.
pub(crate) async fn alone(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        unbounded(transaction).await?;
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    }
    Ok(())
}

/// Takes the bounds of time off a transaction on PostgreSQL: whoever waits for a lock, makes an index over many rows or
/// reads everything may take longer than a statement of a request.
pub(crate) async fn unbounded(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    for bound in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
        transaction.execute_unprepared(&format!("SET LOCAL {bound} = 0")).await?;
    }
    Ok(())
}

/// Runs those migrations that are wanted and have not run, in their order.
pub(crate) async fn run(
    transaction: &DatabaseTransaction,
    service: MigrationsOf,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), DbErr> {
    let plan = Plan::of(transaction, service).await?;
    if let Some(name) = plan.breaking() {
        return Err(DbErr::Custom(format!(
            "a newer version has run {name}, with which this version cannot work: start the newer version"
        )));
    }
    let left_out = plan.pending.into_iter().filter(|name| !wanted(name)).collect();
    Migrations { service, left_out, unknown: plan.unknown }.up(transaction, None).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        collate(transaction).await?;
    }
    Ok(())
}

/// How a database's schema stands to that of this version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Migrations that have run.
    pub applied: Vec<String>,
    /// Migrations that would be run, in their order.
    pub pending: Vec<String>,
    /// Migrations of a newer version that have run.
    pub unknown: Vec<String>,
}

impl Plan {
    pub(crate) async fn of(db: &impl ConnectionTrait, service: MigrationsOf) -> Result<Plan, DbErr> {
        let (applied, known) = (applied(db).await?, Plan::of_version(service));
        let pending = known.iter().filter(|name| !applied.contains(name)).cloned().collect();
        let unknown = applied.iter().filter(|name| !known.contains(name)).cloned().collect();
        Ok(Plan { applied, pending, unknown })
    }

    /// All migrations that this version knows.
    pub(crate) fn of_version(service: MigrationsOf) -> Vec<String> {
        all(service).iter().map(|migration| migration.name().to_owned()).collect()
    }

    /// What stands between a service's database and this version. Changes nothing; a database that is not there yet has
    /// everything before it.
    pub async fn of_service(config: &Config, service: &Service) -> Result<Plan, Error> {
        if connect::file(config, service.name)?.is_some_and(|file| !file.exists()) {
            return Ok(Plan { pending: Plan::of_version(service.migrations), ..Plan::default() });
        }
        let db = connect::existing(config, service.name).await?;
        Plan::of(&db, service.migrations).await.map_err(database)
    }

    /// A migration that has run and after which this version cannot work.
    pub fn breaking(&self) -> Option<&str> {
        self.unknown.iter().map(String::as_str).find(|name| name.contains(CONTRACT))
    }
}

/// The migrations that have run, in the order of their names.
async fn applied(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let backend = db.get_database_backend();
    let there = match backend {
        DbBackend::Postgres => format!("SELECT 1 WHERE to_regclass('{MIGRATIONS}') IS NOT NULL"),
        _ => format!("SELECT 1 FROM sqlite_master WHERE name = '{MIGRATIONS}'"),
    };
    if db.query_one_raw(Statement::from_string(backend, there)).await?.is_none() {
        return Ok(Vec::new());
    }
    let select = format!("SELECT version FROM {MIGRATIONS} ORDER BY version");
    let rows = db.query_all_raw(Statement::from_string(backend, select)).await?;
    rows.iter().map(|row| row.try_get_by(0)).collect()
}

fn all(service: MigrationsOf) -> Vec<Box<dyn MigrationTrait>> {
    let mut all: Vec<Box<dyn MigrationTrait>> = vec![
        Box::new(M20261122Common),
        Box::new(crate::index::M20261122Words),
        Box::new(M20261122Personal),
        Box::new(crate::checkpoint::M20261128Checkpoint),
    ];
    all.extend(service());
    all
}

struct Migrations {
    service: MigrationsOf,
    left_out: Vec<String>,
    unknown: Vec<String>,
}

impl MigratorTraitSelf for Migrations {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        // What has run elsewhere is named, or it would be taken for lost.
        let unknown = self.unknown.iter().map(|name| Box::new(OfNewer(name.clone())) as Box<dyn MigrationTrait>);
        let ours = all(self.service).into_iter();
        ours.filter(|migration| !self.left_out.iter().any(|name| name == migration.name())).chain(unknown).collect()
    }
}

/// A migration of a newer version, which has run.
struct OfNewer(String);

impl sea_orm_migration::MigrationName for OfNewer {
    fn name(&self) -> &str {
        &self.0
    }
}

#[tonic::async_trait]
impl MigrationTrait for OfNewer {
    async fn up(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Custom(format!("{} is of a newer version and has run", self.0)))
    }
}

/// Text is compared by code point, as SQLite does: then both databases give lists in the same order, an index serves
/// prefixes, and an upgrade of the system's locales cannot break an index.
async fn collate(db: &DatabaseTransaction) -> Result<(), DbErr> {
    let select = "SELECT c.table_name, c.column_name FROM information_schema.columns c \
         JOIN information_schema.tables t USING (table_schema, table_name) \
         WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.data_type = 'text' \
         AND c.collation_name IS DISTINCT FROM 'C'";
    for row in db.query_all_raw(Statement::from_string(DbBackend::Postgres, select)).await? {
        let (table, column): (String, String) = (row.try_get_by(0)?, row.try_get_by(1)?);
        db.execute_unprepared(&format!(r#"ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE text COLLATE "C""#))
            .await?;
    }
    Ok(())
}

struct M20261122Common;

impl sea_orm_migration::MigrationName for M20261122Common {
    fn name(&self) -> &str {
        "M20261122Common"
    }
}

#[tonic::async_trait]
impl MigrationTrait for M20261122Common {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        change(manager).await?;
        feed(manager).await?;
        work(manager).await?;
        copies(manager).await
    }
}

async fn change(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    let mut table = Table::create();
    table.table(Change::Table);
    match postgres {
        true => table.col(column("seq").big_integer().not_null().auto_increment().primary_key()),
        // AUTOINCREMENT: a number is never given twice.
        false => table.col(column("seq").integer().not_null().auto_increment().primary_key()),
    };
    if postgres {
        let xid = Expr::cust("pg_current_xact_id()");
        table.col(column("epoch").integer().not_null().default(0));
        table.col(column("xid").custom(Alias::new("xid8")).not_null().default(xid));
    }
    for name in ["type", "resource", "owner", "readers"] {
        table.col(column(name).text().not_null());
    }
    for name in ["time", "version"] {
        table.col(column(name).big_integer().not_null());
    }
    table.col(column("audience").integer().not_null());
    table.col(column("entry").blob().not_null());
    table.col(column("hash").blob().not_null());
    manager.create_table(table).await?;
    let mut chain = Index::create();
    chain.name("change_resource_version").table(Change::Table).unique().col(Change::Resource).col(Change::Version);
    manager.create_index(chain).await?;
    if postgres {
        let mut order = Index::create();
        order.name("change_feed").table(Change::Table).col(Change::Epoch).col(Change::Xid).col(Change::Seq);
        manager.create_index(order).await?;
    }
    Ok(())
}

async fn feed(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = Table::create();
    table
        .table(Feed::Table)
        .col(column("id").integer().not_null().primary_key())
        .col(column("incarnation").text().not_null())
        .col(column("epoch").integer().not_null())
        .col(column("home").text().not_null());
    manager.create_table(table).await?;
    let mut table = Table::create();
    table.table(Seal::Table).col(column("number").big_integer().not_null().primary_key());
    table.col(column("epoch").integer().not_null());
    for name in ["xid", "seq", "time"] {
        table.col(column(name).big_integer().not_null());
    }
    for name in ["members", "previous_hash", "hash"] {
        table.col(column(name).blob().not_null());
    }
    manager.create_table(table).await
}

async fn work(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = Table::create();
    table
        .table(Idempotency::Table)
        .col(column("scope").blob().not_null().primary_key())
        .col(column("request").blob().not_null())
        .col(column("answer").blob().not_null())
        .col(column("created_at").big_integer().not_null());
    manager.create_table(table).await?;
    manager.create_index(crate::table::index("idempotency", &["created_at"])).await?;

    let mut table = Table::create();
    table
        .table(Job::Table)
        .col(column("queue").text().not_null())
        .col(column("key").text().not_null())
        .col(column("run_at").big_integer().not_null())
        .col(column("payload").blob().not_null())
        .col(column("attempts").integer().not_null())
        .col(column("epoch").big_integer().not_null())
        .col(column("leased_until").big_integer().not_null())
        .col(column("dead_at").big_integer())
        .col(column("reason").text().not_null())
        .primary_key(Index::create().col(Job::Queue).col(Job::Key));
    manager.create_table(table).await?;
    let mut due = Index::create();
    due.name("job_due").table(Job::Table).col(Job::Queue).col((Job::RunAt, IndexOrder::Asc)).col(Job::Key);
    due.and_where(Expr::cust("dead_at IS NULL"));
    manager.create_index(due).await?;

    let mut table = Table::create();
    table
        .table(Lease::Table)
        .col(column("name").text().not_null().primary_key())
        .col(column("holder").text().not_null())
        .col(column("epoch").big_integer().not_null())
        .col(column("until").big_integer().not_null());
    manager.create_table(table).await
}

async fn copies(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = Table::create();
    table
        .table(Cursor::Table)
        .col(column("consumer").text().not_null().primary_key())
        .col(column("position").text().not_null())
        .col(column("generation").big_integer().not_null());
    manager.create_table(table).await?;
    let mut table = Table::create();
    table
        .table(Projection::Table)
        .col(column("name").text().not_null().primary_key())
        .col(column("kind").text().not_null())
        .col(column("version").big_integer().not_null())
        .col(column("generation").big_integer().not_null())
        .col(column("content").blob().not_null());
    manager.create_table(table).await?;
    manager.create_index(crate::table::index("projection", &["generation"])).await
}
