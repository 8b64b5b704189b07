//! The records that have all of some words, by id: candidates from the index, a few at a time.

use chassis::error::Result;
use sea_orm::sea_query::{Condition, Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{Index, number};
use crate::database;
use crate::entity::Row;
use crate::words::{Wanted, beginning};

/// A beginning that stands for more different words is not followed word by word.
const WORDS_MAX: usize = 32;

/// So many records of such a beginning are taken at once; if there are more, they are so many that the table itself is
/// walked through.
const RECORDS_MAX: usize = 4_096;

/// How far each word is followed to see which one is the rarest from here on.
const SAMPLE: usize = 64;

/// How many records of the table itself go for one of the index.
const ROWS_PER_CANDIDATE: usize = 8;

/// A word that stands for more entries is left to the rows themselves.
const BESIDE_ENTRIES_MAX: usize = 4;

/// So many words are looked up in the index for each record of the leading one.
const BESIDE_MAX: usize = 4;

/// Where candidates come from.
#[derive(Debug)]
enum Source {
    /// All of them, in order, the next one last.
    Ids(Vec<String>),
    /// The records that have one of these words.
    Words(Vec<String>),
    /// All records.
    Table,
}

/// Records that may have all words.
#[derive(Debug)]
pub(crate) enum Candidates {
    /// These.
    Ids(Vec<String>),
    /// All after the first, up to and with the second.
    Between(String, String),
}

/// A walk through the candidates, in the order of their ids.
pub(crate) struct Walk<'a> {
    index: Index<'a>,
    table: &'static str,
    source: Source,
    /// The entries of the other words, the rarest first: a record that has none of one of them is no candidate.
    beside: Vec<Vec<String>>,
    after: String,
    over: bool,
}

impl<'a> Walk<'a> {
    /// Begins after this id; `None` if one of the words is nowhere. The rarest word leads.
    pub async fn begin<E: Row>(db: &'a DatabaseConnection, wanted: &[Wanted], after: &str) -> Result<Option<Walk<'a>>> {
        let table = E::default().table_name();
        let index = Index::of(db, table);
        let mut sources: Vec<(String, Source)> = Vec::new();
        for wanted in wanted {
            let Some(source) = source(index, wanted, after).await? else { return Ok(None) };
            let reach = match &source {
                Source::Ids(_) => LONGEST.to_owned(),
                Source::Words(words) => {
                    let (sample, until) = merged(index, words, after, SAMPLE).await?;
                    until.map_or(LONGEST.to_owned(), |_| sample.last().cloned().unwrap_or_default())
                }
                Source::Table => String::new(),
            };
            sources.push((reach, source));
        }
        sources.sort_by(|(one, _), (other, _)| other.cmp(one));
        let mut sources = sources.into_iter().map(|(_, source)| source);
        let source = sources.next().unwrap_or(Source::Table);
        let beside = sources.filter_map(|source| match source {
            Source::Words(words) if words.len() <= BESIDE_ENTRIES_MAX => Some(words),
            _ => None,
        });
        let beside = beside.take(BESIDE_MAX).collect();
        Ok(Some(Walk { index, table, source, beside, after: after.to_owned(), over: false }))
    }

    /// The next candidates, about so many; `None` if there are no more.
    pub async fn next(&mut self, about: usize) -> Result<Option<Candidates>> {
        if self.over {
            return Ok(None);
        }
        let (candidates, reached) = match &mut self.source {
            Source::Ids(rest) => {
                let ids: Vec<String> = rest.split_off(rest.len().saturating_sub(about)).into_iter().rev().collect();
                let reached = ids.last().filter(|_| !rest.is_empty()).cloned();
                (Candidates::Ids(ids), reached)
            }
            Source::Words(words) => {
                let (ids, until) = if self.beside.is_empty() {
                    merged(self.index, words, &self.after, about).await?
                } else {
                    let each = (about / words.len()).max(SAMPLE);
                    self.index.together(words, &self.beside, &self.after, each).await?
                };
                (Candidates::Ids(ids), until)
            }
            Source::Table => {
                let Some((last, over)) = self.span(about * ROWS_PER_CANDIDATE).await? else { return Ok(None) };
                (Candidates::Between(self.after.clone(), last.clone()), (!over).then_some(last))
            }
        };
        match reached {
            Some(reached) => self.after = reached,
            None => self.over = true,
        }
        Ok(Some(candidates))
    }

    /// The last candidate so far, if there may be more.
    pub fn reached(&self) -> Option<&str> {
        (!self.over).then_some(self.after.as_str())
    }

    /// The last of the next rows of the table, and whether it is the last of all.
    async fn span(&self, rows: usize) -> Result<Option<(String, bool)>> {
        let sql = format!(
            r#"SELECT max(s.id), count(*) FROM (SELECT id FROM "{}" WHERE id > $1 ORDER BY id LIMIT $2) AS s"#,
            self.table
        );
        let values = [self.after.as_str().into(), number(rows)];
        let statement = Statement::from_sql_and_values(self.index.db.get_database_backend(), sql, values);
        let Some(row) = self.index.db.query_one_raw(statement).await.map_err(database)? else { return Ok(None) };
        let last: Option<String> = row.try_get_by(0).map_err(database)?;
        let count: i64 = row.try_get_by(1).map_err(database)?;
        Ok(last.map(|last| (last, count < i64::try_from(rows).unwrap_or(i64::MAX))))
    }
}

/// Greater than every id.
const LONGEST: &str = "\u{10FFFF}";

/// Where the records come from that have a word; `None` if there are none.
async fn source(index: Index<'_>, wanted: &Wanted, after: &str) -> Result<Option<Source>> {
    let begin = beginning(&wanted.word);
    if wanted.whole {
        return Ok(Some(Source::Words(vec![begin])));
    }
    let words = index.words(&begin, WORDS_MAX + 1).await?;
    match words.len() {
        0 => Ok(None),
        1..=WORDS_MAX => Ok(Some(Source::Words(words))),
        _ => {
            let mut ids = index.having(wanted, RECORDS_MAX + 1).await?;
            if ids.len() > RECORDS_MAX {
                return Ok(Some(Source::Table));
            }
            ids.retain(|id| id.as_str() > after);
            ids.sort_unstable_by(|one, other| other.cmp(one));
            ids.dedup();
            Ok(Some(Source::Ids(ids)))
        }
    }
}

/// The next records that have one of these words, by id, and up to which id they are all of them, if there may be more.
async fn merged(
    index: Index<'_>,
    words: &[String],
    after: &str,
    about: usize,
) -> Result<(Vec<String>, Option<String>)> {
    let each = (about / words.len()).max(SAMPLE);
    let mut lists = index.ids(words, after, each).await?;
    let full = lists.iter().filter(|ids| ids.len() == each);
    let until = full.filter_map(|ids| ids.last()).min().cloned();
    let mut all = lists.drain(..).flatten().collect::<Vec<_>>();
    if let Some(until) = &until {
        all.retain(|id| id <= until);
    }
    all.sort_unstable();
    all.dedup();
    Ok((all, until))
}

impl Candidates {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Candidates::Ids(ids) if ids.is_empty())
    }

    /// As a condition on the rows.
    pub fn condition<E: Row>(&self, backend: DbBackend) -> Condition {
        let id = || Expr::col(E::ID.as_column_ref());
        match self {
            Candidates::Ids(ids) => Condition::all().add(among::<E>(ids, backend)),
            Candidates::Between(after, last) => {
                Condition::all().add(id().gt(after.as_str())).add(id().lte(last.as_str()))
            }
        }
    }
}

/// The rows of these ids: one statement, however many there are.
pub fn among<E: Row>(ids: &[String], backend: DbBackend) -> Expr {
    let table = E::default().table_name();
    let json = serde_json::Value::from(ids.to_vec()).to_string();
    let sql = match backend {
        DbBackend::Postgres => {
            format!(r#""{table}"."id" = ANY (ARRAY(SELECT jsonb_array_elements_text($1::text::jsonb)))"#)
        }
        _ => format!(r#""{table}"."id" IN (SELECT value FROM json_each(?))"#),
    };
    Expr::cust_with_values(sql, [sea_orm::Value::from(json)])
}
