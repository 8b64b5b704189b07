//! Writes that wait a little, so that several go to the database in one statement.

use sea_orm::sea_query::{
    Expr, InsertStatement, PostgresQueryBuilder, ReturningClause, SqlWriterValues, SqliteQueryBuilder, UpdateStatement,
    Values,
};
use sea_orm::{DbBackend, Statement};

use chassis::error::Error;

/// How many writes wait at most: bounds the size and the number of different statements.
pub(crate) const HELD_MAX: usize = 12;

/// A write of exactly one row that nobody needs the answer of before the next statement.
#[derive(Debug)]
pub(crate) struct Held {
    pub what: What,
    /// Table and key. Two writes of the same row never share a statement.
    pub row: (&'static str, String),
    pub refusal: Refusal,
}

#[derive(Debug)]
pub(crate) enum What {
    Insert(InsertStatement),
    Update(UpdateStatement),
}

/// What it means if the database refuses a write.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// An insert: a unique index of its table has the value. The function knows more of other indexes than the key's.
    Taken { name: String, told: fn(&str) -> Option<Error> },
    /// An update: the row is not what it was when it was read.
    Stale { name: String },
    /// The idempotency key was used before.
    Repeated,
    /// Cannot be.
    Never,
}

/// The writes as one statement that answers with one row for each row written.
pub(crate) fn combine(backend: DbBackend, prefix: &str, held: Vec<What>) -> Statement {
    let (sql, values) = match backend {
        DbBackend::Postgres => postgres(held),
        _ => sqlite(prefix, held),
    };
    Statement { sql, values: Some(values), db_backend: backend }
}

/// Statements one after another: SQLite runs them all in one visit.
fn sqlite(prefix: &str, held: Vec<What>) -> (String, Values) {
    let mut writer = SqlWriterValues::new("?", false);
    put(&mut writer, prefix);
    for what in held {
        write(what, &SqliteQueryBuilder, &mut writer);
        put(&mut writer, ";");
    }
    writer.into_parts()
}

/// One statement whose parts write: one visit to the server instead of several.
fn postgres(held: Vec<What>) -> (String, Values) {
    let mut writer = SqlWriterValues::new("$", true);
    let count = held.len();
    for (number, what) in held.into_iter().enumerate() {
        if count > 1 {
            put(&mut writer, if number == 0 { "WITH " } else { ", " });
            put(&mut writer, &format!("w{number} AS ("));
        }
        write(what, &PostgresQueryBuilder, &mut writer);
        if count > 1 {
            put(&mut writer, ")");
        }
    }
    if count > 1 {
        let all: Vec<String> = (0..count).map(|number| format!("SELECT * FROM w{number}")).collect();
        put(&mut writer, &format!(" {}", all.join(" UNION ALL ")));
    }
    writer.into_parts()
}

fn write(what: What, builder: &impl sea_orm::sea_query::QueryBuilder, writer: &mut SqlWriterValues) {
    let one = || ReturningClause::Exprs(vec![Expr::cust("1")]);
    match what {
        What::Insert(mut insert) => insert.returning(one()).build_collect_any_into(builder, writer),
        What::Update(mut update) => update.returning(one()).build_collect_any_into(builder, writer),
    }
}

fn put(writer: &mut SqlWriterValues, text: &str) {
    use std::fmt::Write;
    writer.write_str(text).expect("invariant: writing to a string does not fail");
}
