//! Search: the records that a few words may mean, whatever their order in lists.

use std::collections::BTreeSet;

use chassis::error::Result;
use sea_orm::sea_query::Condition;
use sea_orm::{DatabaseConnection, EntityName, EntityTrait, QueryFilter};

use super::list::by_id;
use super::load::seen;
use crate::entity::Row;
use crate::index::{Index, among, kind, kinds_with};
use crate::resource::Resource;
use crate::scope::Scope;
use crate::words::{self, Wanted};
use crate::{Store, record};

/// How many names are looked at together, and how many at most.
const NAMES: usize = 1_024;
const NAMES_MAX: usize = 16_384;

/// How many of the words decide which kinds of records are looked at.
const DECISIVE: usize = 4;

/// What is searched for: words in order, of which the last may be the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    words: Vec<String>,
    wanted: Vec<Wanted>,
}

impl Asked {
    /// The words of `q`; `None` if there are none.
    pub fn of(q: &str) -> Option<Asked> {
        let words = words::words(q);
        let wanted = Wanted::while_typing(&words);
        (!words.is_empty()).then_some(Asked { words, wanted })
    }

    /// The words in order, folded.
    pub fn words(&self) -> &[String] {
        &self.words
    }
}

/// Records that have all words of what is asked, by id.
#[derive(Debug)]
pub struct Found<M> {
    /// Those whose names begin with all of it are among them, before others.
    pub records: Vec<M>,
    /// There are more than were wanted.
    pub more: bool,
}

/// Which of these tables may have records with all words: the others need not be looked at.
pub async fn tables_with(store: &Store, tables: &[&'static str], asked: &Asked) -> Result<BTreeSet<&'static str>> {
    let kinds: Vec<i32> = tables.iter().map(|table| kind(table)).collect();
    let mut decisive = asked.wanted.clone();
    decisive.sort_by_key(|wanted| std::cmp::Reverse(wanted.word.len()));
    decisive.truncate(DECISIVE);
    let with = kinds_with(store.read(), &kinds, &decisive).await?;
    Ok(tables.iter().copied().filter(|table| with.contains(&kind(table))).collect())
}

/// Finds records that the scope sees and that are not retired: at most so many of those whose whole name begins with what
/// is asked, the first by name, and at most so many that have all words, the first by id. What both databases hold alike,
/// they give alike.
pub async fn search<R: Resource>(
    store: &Store,
    scope: &Scope,
    asked: &Asked,
    most: usize,
) -> Result<Found<R::Message>> {
    let db = store.read();
    let wanted = Condition::all().add(seen::<R>(scope)).add(sea_orm::ColumnTrait::is_null(&R::Row::RETIRED_AT));
    let (mut rows, named_more) = named::<R>(db, &wanted, &asked.words.join(" "), most).await?;
    let found = by_id::<R>(db, &wanted, &asked.wanted, "", most).await?;
    let more = named_more || found.reached.is_some();
    rows.extend(found.rows);
    rows.sort_by(|one, other| R::Row::standard(one).id.cmp(R::Row::standard(other).id));
    rows.dedup_by(|one, other| R::Row::standard(one).id == R::Row::standard(other).id);
    let records = rows.iter().map(record::message::<R>).collect::<Result<_>>()?;
    Ok(Found { records, more })
}

/// The records whose names begin so, the first ones by name, and whether there may be more.
async fn named<R: Resource>(
    db: &DatabaseConnection,
    wanted: &Condition,
    begin: &str,
    most: usize,
) -> Result<(Vec<crate::Model<R>>, bool)> {
    let index = Index::of(db, R::Row::default().table_name());
    let mut rows: Vec<crate::Model<R>> = Vec::new();
    let (mut after, mut looked_at) = (<(String, String)>::default(), 0);
    loop {
        let names = index.names(begin, &after, NAMES).await?;
        let (count, last) = (names.len(), names.last().cloned());
        looked_at += count;
        let ids: BTreeSet<String> = names.into_iter().map(|(_, id)| id).collect();
        let ids: Vec<String> = ids.into_iter().collect();
        let some = R::Row::find().filter(wanted.clone()).filter(among::<R::Row>(&ids, db.get_database_backend()));
        rows.extend(some.all(db).await.map_err(crate::database)?);
        match last {
            Some(last) if count == NAMES && rows.len() < most && looked_at < NAMES_MAX => after = last,
            _ => return Ok((rows, count == NAMES)),
        }
    }
}
