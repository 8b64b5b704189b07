//! Writes that wait a little, so that several go to the database in one visit.

use std::fmt::Write as _;

use sea_orm::sea_query::{
    Alias, Expr, InsertStatement, PostgresQueryBuilder, Query, QueryBuilder, ReturningClause, SqlWriterValues,
    SqliteQueryBuilder, UpdateStatement, Values,
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
    Insert(Insert),
    /// An insert that takes the place of a row that is there already.
    Upsert(InsertStatement),
    /// An update of one row, if it is what it was taken for.
    Update(UpdateStatement),
}

/// A row to be inserted.
#[derive(Debug, Clone)]
pub(crate) struct Insert {
    pub table: &'static str,
    pub columns: Vec<&'static str>,
    pub values: Vec<Expr>,
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

/// The writes as one statement, and how many rows it answers with if each found its row.
pub(crate) fn combine(backend: DbBackend, held: Vec<What>) -> (Statement, usize) {
    let ((sql, values), rows) = match backend {
        DbBackend::Postgres => {
            let rows = held.len();
            (postgres(held), rows)
        }
        _ => {
            // Inserts fail if they do not insert: only updates have to tell. Each row that is told costs time.
            let rows = held.iter().filter(|what| matches!(what, What::Update(_))).count();
            (sqlite(held), rows)
        }
    };
    (Statement { sql, values: Some(values), db_backend: backend }, rows)
}

/// Inserts of several transactions' worth, those of the same form as one statement of many rows, for SQLite. Each
/// member holds the inserts of one piece of work, and all have the same forms in the same order.
pub(crate) fn merge(prefix: &str, members: Vec<Vec<Insert>>) -> Statement {
    let mut members = members.into_iter();
    let mut merged: Vec<InsertStatement> = members.next().into_iter().flatten().map(statement).collect();
    for member in members {
        for (statement, insert) in merged.iter_mut().zip(member) {
            statement.values_panic(insert.values);
        }
    }
    let mut writer = SqlWriterValues::new("?", false);
    put(&mut writer, prefix);
    for statement in merged {
        statement.build_collect_any_into(&SqliteQueryBuilder, &mut writer);
        put(&mut writer, "; ");
    }
    let (sql, values) = writer.into_parts();
    Statement { sql, values: Some(values), db_backend: DbBackend::Sqlite }
}

/// Statements one after another: SQLite runs them all in one visit.
fn sqlite(held: Vec<What>) -> (String, Values) {
    let mut writer = SqlWriterValues::new("?", false);
    for what in held {
        write(what, &SqliteQueryBuilder, false, &mut writer);
        put(&mut writer, "; ");
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
        write(what, &PostgresQueryBuilder, true, &mut writer);
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

fn write(what: What, builder: &impl QueryBuilder, inserts_tell: bool, writer: &mut SqlWriterValues) {
    let one = || ReturningClause::Exprs(vec![Expr::cust("1")]);
    let mut insert = match what {
        What::Insert(insert) => statement(insert),
        What::Upsert(upsert) => upsert,
        What::Update(mut update) => return update.returning(one()).build_collect_any_into(builder, writer),
    };
    if inserts_tell {
        insert.returning(one());
    }
    insert.build_collect_any_into(builder, writer);
}

fn statement(insert: Insert) -> InsertStatement {
    let mut statement = Query::insert();
    let columns = insert.columns.into_iter().map(Alias::new);
    statement.into_table(Alias::new(insert.table)).columns(columns).values_panic(insert.values);
    statement
}

fn put(writer: &mut SqlWriterValues, text: &str) {
    writer.write_str(text).expect("invariant: writing to a string does not fail");
}
