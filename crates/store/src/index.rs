//! The index of words: which records have a word, or bear a name. One table for all kinds of records, in the order of kind,
//! entry and id, kept in the transaction of each write; plain enough that both databases give the same answers.

mod migration;
mod refill;
mod together;
mod walk;

use chassis::error::Result;
use sea_orm::sea_query::{
    Alias, DeleteStatement, Expr, ExprTrait, PostgresQueryBuilder, Query, QueryBuilder, SqlWriter, SqlWriterValues,
    SqliteQueryBuilder,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement, Value};

use crate::database;
use crate::held::{Held, Refusal, What};
use crate::tx::Tx;
use crate::words::{Wanted, beginning, entries, whole};

pub(crate) use migration::M20261122Words;
pub use refill::refill;
pub(crate) use walk::Walk;
#[doc(hidden)]
pub use walk::among;

/// Greater than every letter: what begins with a text stands between the text and the text with this behind it.
const LAST: char = '\u{10FFFF}';

/// Entries of one record that are to be added.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub kind: i32,
    pub id: String,
    pub words: Vec<String>,
}

/// How the records of a table are told apart from those of others: short in each entry, and the same forever (FNV-1a).
pub(crate) fn kind(table: &str) -> i32 {
    let hash = table.bytes().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.cast_signed()
}

/// Brings the entries of a record up to date whose kept text was `before` and is `after`; empty if it is new. Only what
/// differs is written.
pub(crate) async fn keep(tx: &Tx, table: &'static str, id: &str, before: &str, after: &str) -> Result<()> {
    if before == after {
        return Ok(());
    }
    let (before, after) = (entries(before), entries(after));
    let gone: Vec<String> = before.difference(&after).cloned().collect();
    let words: Vec<String> = after.difference(&before).cloned().collect();
    let kind = kind(table);
    let row = |sign: char| ("word", format!("{sign}{table}/{id}"));
    if !gone.is_empty() {
        let what = What::Delete(removal(kind, id, gone));
        tx.hold(Held { what, row: row('-'), refusal: Refusal::Never }).await?;
    }
    if !words.is_empty() {
        let what = What::Words(vec![Words { kind, id: id.to_owned(), words }]);
        tx.hold(Held { what, row: row('+'), refusal: Refusal::Never }).await?;
    }
    Ok(())
}

fn removal(kind: i32, id: &str, mut gone: Vec<String>) -> DeleteStatement {
    // Few different numbers of words, so that there are few different statements.
    let padding = gone.last().cloned().unwrap_or_default();
    gone.resize(gone.len().next_power_of_two(), padding);
    let mut delete = Query::delete();
    delete
        .from_table(Alias::new("word"))
        .and_where(Expr::col(Alias::new("kind")).eq(kind))
        .and_where(Expr::col(Alias::new("word")).is_in(gone))
        .and_where(Expr::col(Alias::new("id")).eq(id));
    delete
}

/// Writes the statement that adds entries of one kind: the same one for any number of records and words. What is there
/// already stays.
pub(crate) fn write_insert<B: QueryBuilder>(
    words: &[Words],
    backend: DbBackend,
    builder: &B,
    writer: &mut SqlWriterValues,
) {
    let [first, ..] = words else { return };
    let (before, between, after) = match backend {
        DbBackend::Postgres => (
            "INSERT INTO word (kind, word, id) SELECT ",
            "::int, w.value, r.key FROM jsonb_each(",
            "::text::jsonb) r, jsonb_array_elements_text(r.value) w ON CONFLICT DO NOTHING",
        ),
        _ => (
            "INSERT OR IGNORE INTO word (kind, word, id) SELECT ",
            ", w.value, r.key FROM json_each(",
            ") r, json_each(r.value) w",
        ),
    };
    let put = |writer: &mut SqlWriterValues, text: &str| {
        writer.as_writer().write_str(text).expect("invariant: writing to a string does not fail");
    };
    put(writer, before);
    writer.push_param(first.kind.into(), builder);
    put(writer, between);
    writer.push_param(listed(words).into(), builder);
    put(writer, after);
}

/// The same as a statement by itself.
fn insertion(words: &[Words], backend: DbBackend) -> Statement {
    let (sql, values) = match backend {
        DbBackend::Postgres => {
            let mut writer = SqlWriterValues::new("$", true);
            write_insert(words, backend, &PostgresQueryBuilder, &mut writer);
            writer.into_parts()
        }
        _ => {
            let mut writer = SqlWriterValues::new("?", false);
            write_insert(words, backend, &SqliteQueryBuilder, &mut writer);
            writer.into_parts()
        }
    };
    Statement { sql, values: Some(values), db_backend: backend }
}

/// The entries as JSON: a member for each record, whose value is the list of its words.
fn listed(words: &[Words]) -> String {
    let mut json = String::from("{");
    for (number, Words { id, words, .. }) in words.iter().enumerate() {
        if number > 0 {
            json.push(',');
        }
        json.push_str(&serde_json::Value::from(id.as_str()).to_string());
        json.push_str(":[");
        for (number, word) in words.iter().enumerate() {
            if number > 0 {
                json.push(',');
            }
            json.push_str(&serde_json::Value::from(word.as_str()).to_string());
        }
        json.push(']');
    }
    json.push('}');
    json
}

/// The entries of one kind of record, to be read.
#[derive(Clone, Copy)]
pub(crate) struct Index<'a> {
    pub db: &'a DatabaseConnection,
    pub kind: i32,
}

impl<'a> Index<'a> {
    /// Of the records of a table.
    pub fn of(db: &'a DatabaseConnection, table: &str) -> Index<'a> {
        Index { db, kind: kind(table) }
    }

    /// For each of these entries the records that have it, after one of them, by id.
    async fn ids(&self, entries: &[String], after: &str, most: usize) -> Result<Vec<Vec<String>>> {
        let list =
            |at: usize| format!("SELECT {at}, id FROM ({}) AS w{at}", IDS.replace("$4", &format!("${}", at + 4)));
        let sql = (0..entries.len()).map(list).collect::<Vec<_>>().join(" UNION ALL ");
        let given = [self.kind.into(), after.into(), number(most)];
        let values = given.into_iter().chain(entries.iter().map(|entry| entry.as_str().into()));
        let mut lists = vec![Vec::new(); entries.len()];
        for row in self.db.query_all_raw(self.statement(&sql, values)).await.map_err(database)? {
            let (at, id): (i32, String) = (row.try_get_by(0).map_err(database)?, row.try_get_by(1).map_err(database)?);
            if let Some(list) = usize::try_from(at).ok().and_then(|at| lists.get_mut(at)) {
                list.push(id);
            }
        }
        Ok(lists)
    }

    /// The words that begin so.
    async fn words(&self, beginning: &str, most: usize) -> Result<Vec<String>> {
        let values = [self.kind.into(), beginning.into(), format!("{beginning}{LAST}").into(), number(most)];
        self.texts(WORDS, values).await
    }

    /// Records that have a word which begins so, in no particular order; one may come several times.
    pub async fn having(&self, wanted: &Wanted, most: usize) -> Result<Vec<String>> {
        let begin = beginning(&wanted.word);
        let until = format!("{begin}{LAST}");
        let values = [self.kind.into(), begin.into(), until.into(), number(most)];
        self.texts(ANY, values).await
    }

    /// The names that begin so, and who bears them, by name and id, after one of them.
    pub async fn names(&self, begin: &str, after: &(String, String), most: usize) -> Result<Vec<(String, String)>> {
        let begin = whole(begin);
        let from = if after.0.is_empty() { begin.clone() } else { after.0.clone() };
        let until = format!("{begin}{LAST}");
        let values = [self.kind.into(), from.into(), until.into(), after.1.as_str().into(), number(most)];
        let read = |row: &QueryResult| Ok::<_, DbErr>((row.try_get_by(0)?, row.try_get_by(1)?));
        let rows = self.db.query_all_raw(self.statement(NAMES, values)).await.map_err(database)?;
        rows.iter().map(read).collect::<Result<_, _>>().map_err(database)
    }

    async fn texts(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<Vec<String>> {
        let rows = self.db.query_all_raw(self.statement(sql, values)).await.map_err(database)?;
        rows.iter().map(|row| row.try_get_by(0)).collect::<Result<_, _>>().map_err(database)
    }

    fn statement(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        Statement::from_sql_and_values(self.db.get_database_backend(), sql, values)
    }
}

const IDS: &str = "SELECT id FROM word WHERE kind = $1 AND word = $4 AND id > $2 ORDER BY id LIMIT $3";

/// From one word to the next, however many records have it.
const WORDS: &str = "WITH RECURSIVE found(word) AS (\
     SELECT (SELECT min(word) FROM word WHERE kind = $1 AND word >= $2 AND word < $3) UNION ALL \
     SELECT (SELECT min(w.word) FROM word w WHERE w.kind = $1 AND w.word > found.word AND w.word < $3) \
     FROM found WHERE found.word IS NOT NULL) \
     SELECT word FROM found WHERE word IS NOT NULL LIMIT $4";

const ANY: &str = "SELECT id FROM word WHERE kind = $1 AND word >= $2 AND word < $3 ORDER BY word, id LIMIT $4";

/// The first condition alone says where to begin.
const NAMES: &str = "SELECT word, id FROM word WHERE kind = $1 AND word >= $2 AND word < $3 \
     AND (word > $2 OR id > $4) ORDER BY word, id LIMIT $5";

/// Which of these kinds have a record with each of these words, though perhaps not with all of them.
pub(crate) async fn kinds_with(db: &DatabaseConnection, kinds: &[i32], wanted: &[Wanted]) -> Result<Vec<i32>> {
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let listed: Vec<String> = kinds.iter().map(|kind| format!("({kind})")).collect();
    let mut sql = format!("SELECT k.column1 FROM (VALUES {}) AS k WHERE 1 = 1", listed.join(", "));
    let mut values: Vec<Value> = Vec::new();
    for wanted in wanted {
        let word = beginning(&wanted.word);
        let place = values.len() + 1;
        let fits = match wanted.whole {
            true => format!("w.word = ${place}"),
            false => format!("w.word >= ${place} AND w.word < ${}", place + 1),
        };
        sql.push_str(&format!(" AND (SELECT 1 FROM word w WHERE w.kind = k.column1 AND {fits} LIMIT 1) = 1"));
        values.push(word.as_str().into());
        if !wanted.whole {
            values.push(format!("{word}{LAST}").into());
        }
    }
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = db.query_all_raw(statement).await.map_err(database)?;
    rows.iter().map(|row| row.try_get_by(0)).collect::<Result<_, _>>().map_err(database)
}

fn number(number: usize) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

/// The kinds of the values, and the statements that read the index: for tests of how the databases answer them.
#[doc(hidden)]
pub fn statements() -> [(&'static str, String); 5] {
    [
        ("int, text, bigint, text", IDS.to_owned()),
        ("int, text, text, bigint", WORDS.to_owned()),
        ("int, text, text, bigint", ANY.to_owned()),
        ("int, text, text, text, bigint", NAMES.to_owned()),
        ("int, text, text, text, text, text", together::example()),
    ]
}
