//! The tables that every service has besides its resources', and how the schema is brought up to date.

use sea_orm::sea_query::{Alias, ConditionalStatement, Expr, Index, IndexOrder, Table};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, DeriveIden, TransactionTrait,
};
use sea_orm::{SqliteTransactionMode, Statement, TransactionOptions};
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf, SchemaManager};

use crate::personal::M20261122Personal;
use crate::table::column;

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

/// Brings the schema up to date, in one transaction: all of it or nothing. Of several processes one does it, the others
/// wait.
pub(crate) async fn migrate(
    db: &DatabaseConnection,
    service: fn() -> Vec<Box<dyn MigrationTrait>>,
) -> Result<(), DbErr> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = db.begin_with_options(immediate).await?;
    let postgres = transaction.get_database_backend() == DbBackend::Postgres;
    if postgres {
        // Whoever waits for the lock, or makes an index over many rows, may take longer than a statement of a request.
        transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    }
    Migrations(service).up(&transaction, None).await?;
    if postgres {
        collate(&transaction).await?;
    }
    crate::feed::incarnation::establish(&transaction).await?;
    transaction.commit().await
}

/// The names of all migrations of a service, in their order.
pub(crate) fn names(service: fn() -> Vec<Box<dyn MigrationTrait>>) -> Vec<String> {
    Migrations(service).migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

struct Migrations(fn() -> Vec<Box<dyn MigrationTrait>>);

impl MigratorTraitSelf for Migrations {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        let mut all: Vec<Box<dyn MigrationTrait>> =
            vec![Box::new(M20261122Common), Box::new(crate::index::M20261122Words), Box::new(M20261122Personal)];
        all.extend((self.0)());
        all
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
