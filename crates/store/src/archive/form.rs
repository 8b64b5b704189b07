//! The tables of a database as both kinds of database have them: the same columns in the same order, whatever each calls
//! their types.

use chassis::error::{Error, Result};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use serde::{Deserialize, Serialize};

use crate::database;
use crate::schema::MIGRATIONS;

/// A table: what it is called, its columns in the order of their names, and its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of their names.
    pub columns: Vec<Column>,
    /// The columns of its primary key, in the key's order.
    pub key: Vec<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A whole number.
    Integer,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// True or false.
    Flag,
}

/// Tables whose rows have a place in the feed: the columns in which SQLite has none (see [`crate::feed`]).
pub(super) const LOG: &str = "change";
const PLACE: [&str; 2] = ["epoch", "xid"];

impl Table {
    /// How a column is read.
    fn expression(&self, backend: DbBackend, column: &Column) -> String {
        let name = &column.name;
        match (backend, column.kind) {
            (DbBackend::Sqlite, _) if self.is_place_of_log(column) => "0".to_owned(),
            (DbBackend::Sqlite, Kind::Flag) => format!(r#"CAST("{name}" AS INTEGER)"#),
            // By way of text, because the numbers of transactions go over to numbers no other way.
            (DbBackend::Postgres, Kind::Integer) => format!(r#""{name}"::text::bigint"#),
            _ => format!(r#""{name}""#),
        }
    }

    /// Reads all rows in the order of the key, which is the same on both kinds of database.
    pub(super) fn select(&self, backend: DbBackend) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| self.expression(backend, column)).collect();
        let key: Vec<String> = self.key.iter().map(|name| format!(r#""{}"."{name}""#, self.name)).collect();
        format!(r#"SELECT {} FROM "{}" ORDER BY {}"#, columns.join(", "), self.name, key.join(", "))
    }

    /// Whether this is a column that only PostgreSQL has.
    pub(super) fn is_place_of_log(&self, column: &Column) -> bool {
        self.name == LOG && PLACE.contains(&column.name.as_str())
    }

    /// The columns that are written into a database of this kind.
    pub(super) fn written(&self, backend: DbBackend) -> impl Iterator<Item = (usize, &Column)> {
        let all = backend == DbBackend::Postgres;
        self.columns.iter().enumerate().filter(move |(_, column)| all || !self.is_place_of_log(column))
    }

    /// The position of a column.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// All tables, in the order of their names, but for the list of migrations.
pub(super) async fn tables(db: &impl ConnectionTrait) -> Result<Vec<Table>> {
    let backend = db.get_database_backend();
    let mut tables: Vec<Table> = Vec::new();
    for [table, column, declared] in strings::<3>(db, columns_of(backend)).await.map_err(database)? {
        if table == MIGRATIONS {
            continue;
        }
        let Some(kind) = kind(&declared) else {
            return Err(Error::internal(format!("{table}.{column} is {declared}, which no backup holds")));
        };
        if tables.last().is_none_or(|last| last.name != table) {
            tables.push(Table { name: table, columns: Vec::new(), key: Vec::new() });
        }
        let last = tables.last_mut().expect("invariant: just put in");
        last.columns.push(Column { name: column, kind });
    }
    for [table, column] in strings::<2>(db, keys_of(backend)).await.map_err(database)? {
        if let Some(table) = tables.iter_mut().find(|known| known.name == table) {
            table.key.push(column);
        }
    }
    for table in &mut tables {
        if table.name == LOG && backend == DbBackend::Sqlite {
            table.columns.extend(PLACE.map(|name| Column { name: name.to_owned(), kind: Kind::Integer }));
        }
        table.columns.sort_by(|one, other| one.name.cmp(&other.name));
        if table.key.is_empty() {
            return Err(Error::internal(format!("{} has no key: its rows have no order", table.name)));
        }
    }
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(tables)
}

/// Table, column and declared type.
fn columns_of(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "SELECT c.table_name::text, c.column_name::text, c.udt_name::text FROM information_schema.columns c \
             JOIN information_schema.tables t USING (table_schema, table_name) \
             WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' ORDER BY 1, 2"
        }
        _ => {
            "SELECT m.name, c.name, lower(c.type) FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY 1, 2"
        }
    }
}

/// Table and column of each primary key, in its order.
fn keys_of(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "SELECT t.relname::text, a.attname::text FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid \
             JOIN pg_namespace n ON n.oid = t.relnamespace \
             CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place) \
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number \
             WHERE i.indisprimary AND n.nspname = current_schema() ORDER BY 1, k.place"
        }
        _ => {
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND c.pk > 0 ORDER BY m.name, c.pk"
        }
    }
}

fn kind(declared: &str) -> Option<Kind> {
    match declared.split('(').next().unwrap_or_default() {
        "integer" | "bigint" | "int2" | "int4" | "int8" | "xid8" => Some(Kind::Integer),
        "text" | "varchar" => Some(Kind::Text),
        "blob" | "bytea" => Some(Kind::Bytes),
        "boolean" | "bool" => Some(Kind::Flag),
        _ => None,
    }
}

/// The rows of a query whose columns are text.
async fn strings<const N: usize>(
    db: &impl ConnectionTrait,
    sql: &str,
) -> Result<impl Iterator<Item = [String; N]>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    let read = |row: &sea_orm::QueryResult| {
        let columns = (0..N).map(|index| row.try_get_by(index)).collect::<Result<Vec<String>, DbErr>>()?;
        Ok(<[String; N]>::try_from(columns).expect("invariant: as many as were asked for"))
    };
    Ok(rows.iter().map(read).collect::<Result<Vec<_>, DbErr>>()?.into_iter())
}
