//! Writes that wait a little, so that several go to the database in one visit.

use std::fmt::Write as _;

use sea_orm::sea_query::{
    Alias, DeleteStatement, Expr, InsertStatement, PostgresQueryBuilder, Query, QueryBuilder, ReturningClause,
    SqlWriterValues, SqliteQueryBuilder, UpdateStatement, Values,
};
use sea_orm::{DbBackend, Statement};

use chassis::error::Error;

use crate::index::{self, Words};

/// How many writes wait at most: bounds the size and the number of different statements.
pub(crate) const HELD_MAX: usize = 12;

/// How many pieces of work are merged at most.
pub(crate) const TOGETHER_MAX: usize = 32;

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
    /// Entries of one kind in the index of words. What is there already stays.
    Words(Vec<Words>),
    /// Several rows of one table.
    Rows(InsertStatement),
    /// An insert that takes the place of a row that is there already.
    Upsert(InsertStatement),
    /// An update of one row, if it is what it was taken for.
    Update(UpdateStatement),
    /// Rows that are taken away if they are there.
    Delete(DeleteStatement),
}

/// What is only added, so that it can go with what others add.
#[derive(Debug)]
pub(crate) enum Added {
    Row(Insert),
    Words(Words),
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
            let rows = held.iter().filter(|what| tells(what)).count();
            (postgres(held, true), rows)
        }
        _ => {
            // Inserts fail if they do not insert: only updates have to tell. Each row that is told costs time.
            let rows = held.iter().filter(|what| matches!(what, What::Update(_))).count();
            (sqlite("", held), rows)
        }
    };
    (Statement { sql, values: Some(values), db_backend: backend }, rows)
}

/// How many pieces of work, from the first on, add what can be merged. Always a power of two, so that there are few
/// different statements; 0 only of none.
pub(crate) fn alike<'a>(members: impl IntoIterator<Item = &'a Vec<Added>>) -> usize {
    let mut members = members.into_iter().take(TOGETHER_MAX);
    let Some(first) = members.next() else { return 0 };
    let alike = 1 + members.take_while(|other| same_forms(first, other)).count();
    1 << alike.ilog2()
}

/// Whether what two pieces of work add can be merged.
fn same_forms(one: &[Added], other: &[Added]) -> bool {
    let alike = |(one, other): (&Added, &Added)| match (one, other) {
        (Added::Row(one), Added::Row(other)) => one.table == other.table && one.columns == other.columns,
        (Added::Words(one), Added::Words(other)) => one.kind == other.kind,
        (Added::Row(_), Added::Words(_)) | (Added::Words(_), Added::Row(_)) => false,
    };
    one.len() == other.len() && one.iter().zip(other).all(alike)
}

/// What several pieces of work add, as one statement. Each member holds what one of them adds, and all have the same forms
/// in the same order. On SQLite the prefix comes first.
pub(crate) fn merge(backend: DbBackend, prefix: &str, members: Vec<Vec<Added>>) -> Statement {
    let merged = gather(members);
    let (sql, values) = match backend {
        DbBackend::Postgres => postgres(merged, false),
        _ => sqlite(prefix, merged),
    };
    Statement { sql, values: Some(values), db_backend: backend }
}

fn gather(members: Vec<Vec<Added>>) -> Vec<What> {
    let mut merged: Vec<Vec<Added>> = Vec::new();
    for member in members {
        merged.resize_with(member.len(), Vec::new);
        for (alike, added) in merged.iter_mut().zip(member) {
            alike.push(added);
        }
    }
    let whole = |alike: Vec<Added>| {
        let (mut rows, mut words): (Option<InsertStatement>, Vec<Words>) = (None, Vec::new());
        for added in alike {
            match added {
                Added::Words(entries) => words.push(entries),
                Added::Row(insert) => match &mut rows {
                    Some(statement) => drop(statement.values_panic(insert.values)),
                    None => rows = Some(statement(insert)),
                },
            }
        }
        rows.map_or(What::Words(words), What::Rows)
    };
    merged.into_iter().map(whole).collect()
}

/// Statements one after another: SQLite runs them all in one visit.
fn sqlite(prefix: &str, held: Vec<What>) -> (String, Values) {
    let mut writer = SqlWriterValues::new("?", false);
    put(&mut writer, prefix);
    for what in held {
        write(what, DbBackend::Sqlite, &SqliteQueryBuilder, &mut writer);
        put(&mut writer, "; ");
    }
    writer.into_parts()
}

/// One statement whose parts write: one visit to the server instead of several. Answers with a row for each that it wrote,
/// if that is `asked`.
fn postgres(held: Vec<What>, asked: bool) -> (String, Values) {
    let mut writer = SqlWriterValues::new("$", true);
    let count = held.len();
    let mut told = Vec::new();
    for (number, what) in held.into_iter().enumerate() {
        if count > 1 {
            put(&mut writer, if number == 0 { "WITH " } else { ", " });
            put(&mut writer, &format!("w{number} AS ("));
        }
        if asked && tells(&what) {
            told.push(format!("SELECT * FROM w{number}"));
        }
        write(what, DbBackend::Postgres, &PostgresQueryBuilder, &mut writer);
        if count > 1 {
            put(&mut writer, ")");
        }
    }
    if count > 1 {
        let all = if told.is_empty() { "SELECT 1 WHERE false".to_owned() } else { told.join(" UNION ALL ") };
        put(&mut writer, &format!(" {all}"));
    }
    writer.into_parts()
}

/// Whether a write answers with a row, where those that only insert do as well.
fn tells(what: &What) -> bool {
    match what {
        What::Insert(_) | What::Upsert(_) | What::Update(_) => true,
        What::Words(_) | What::Rows(_) | What::Delete(_) => false,
    }
}

fn write<B: QueryBuilder>(what: What, backend: DbBackend, builder: &B, writer: &mut SqlWriterValues) {
    let one = || ReturningClause::Exprs(vec![Expr::cust("1")]);
    let mut insert = match what {
        What::Insert(insert) => statement(insert),
        What::Upsert(upsert) => upsert,
        What::Rows(rows) => return rows.build_collect_any_into(builder, writer),
        What::Update(mut update) => return update.returning(one()).build_collect_any_into(builder, writer),
        What::Delete(delete) => return delete.build_collect_any_into(builder, writer),
        What::Words(words) => return index::write_insert(&words, backend, builder, writer),
    };
    if backend == DbBackend::Postgres {
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
