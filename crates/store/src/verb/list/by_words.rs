//! The records that have all words of `q`: the index says which may, the rows themselves say which do.

use chassis::error::Result;
use sea_orm::sea_query::{Alias, Condition, Expr, Query};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityName, EntityTrait, Iterable, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use super::{Asked, Page, beyond, order};
use crate::entity::Row;
use crate::index::{Index, Walk, among};
use crate::pattern;
use crate::resource::{Model, Resource};
use crate::words::Wanted;

/// How many candidates are looked at together: at first, and at most.
const TOGETHER: usize = 256;
const TOGETHER_MAX: usize = 4_096;

/// How many candidates are looked at for one page.
const LOOKED_AT_MAX: usize = 65_536;

/// Records of a word of which there are no more are sorted; of more, the list is walked through.
const SORTED_MAX: usize = 1_024;

/// Records by id, and after which one to go on if there may be more.
pub(crate) struct Found<R: Resource> {
    pub rows: Vec<Model<R>>,
    pub reached: Option<String>,
}

/// The first records after this id, at most so many, that are as wanted and have all words.
pub(crate) async fn by_id<R: Resource>(
    db: &DatabaseConnection,
    wanted: &Condition,
    words: &[Wanted],
    after: &str,
    most: usize,
) -> Result<Found<R>> {
    let mut found = Found { rows: Vec::new(), reached: None };
    let Some(mut walk) = Walk::begin::<R::Row>(db, words, after).await? else { return Ok(found) };
    let wanted = wanted.clone().add(having::<R::Row>(words));
    let (mut together, mut looked_at) = (most.saturating_mul(4).clamp(TOGETHER, TOGETHER_MAX), 0);
    while looked_at < LOOKED_AT_MAX {
        let Some(candidates) = walk.next(together).await? else { break };
        looked_at += together;
        together = (together * 2).min(TOGETHER_MAX);
        if candidates.is_empty() {
            continue;
        }
        let some = R::Row::find()
            .filter(wanted.clone())
            .filter(candidates.condition::<R::Row>(db.get_database_backend()))
            .order_by_asc(R::Row::ID)
            .limit((most - found.rows.len()) as u64);
        found.rows.extend(some.all(db).await.map_err(crate::database)?);
        if found.rows.len() >= most {
            found.reached = found.rows.last().map(|last| R::Row::standard(last).id.to_owned());
            return Ok(found);
        }
    }
    found.reached = walk.reached().map(str::to_owned);
    Ok(found)
}

impl<R: Resource> Asked<R> {
    /// The page of those that have all words.
    pub(super) async fn page_with(mut self, db: &DatabaseConnection, words: &[Wanted]) -> Result<Page<R>> {
        let by_id = self.columns.len() == 1;
        if R::INDEXED && by_id {
            return self.page_by_id(db, words).await;
        }
        self.wanted = self.wanted.add(having::<R::Row>(words));
        match if R::INDEXED { few::<R::Row>(db, words).await? } else { None } {
            Some(ids) if ids.is_empty() => Ok(Page { rows: Vec::new(), next: None }),
            Some(ids) => self.page_among(db, &ids).await,
            // So many have each of the words that some come soon in the list's order.
            None => self.page(db).await,
        }
    }

    async fn page_by_id(self, db: &DatabaseConnection, words: &[Wanted]) -> Result<Page<R>> {
        let after = match self.last.as_deref() {
            Some([sea_orm::Value::String(Some(id)), ..]) => id.to_string(),
            _ => String::new(),
        };
        let found = by_id::<R>(db, &self.wanted, words, &after, self.limit + 1).await?;
        if found.rows.len() > self.limit {
            return Ok(self.cut(found.rows));
        }
        Ok(Page { rows: found.rows, next: found.reached.map(|id| vec![id.into()]) })
    }

    /// The page of these: they are found first, then sorted.
    async fn page_among(self, db: &DatabaseConnection, ids: &[String]) -> Result<Page<R>> {
        let backend = db.get_database_backend();
        let table = Alias::new(R::Row::default().table_name());
        let mut inner = R::Row::find().filter(self.wanted.clone()).filter(among::<R::Row>(ids, backend)).into_query();
        // With a limit, though it never cuts, it stays a query of its own.
        inner.limit(SORTED_MAX as u64 + 1);
        let mut select = Query::select();
        let columns = <R::Row as EntityTrait>::Column::iter();
        select.exprs(columns.map(|column| Expr::col(column.as_column_ref()))).from_subquery(inner, table);
        if let Some(last) = &self.last {
            select.cond_where(beyond::<R>(&self.columns, last));
        }
        for (column, direction) in &self.columns {
            select.order_by(column.as_column_ref(), order(*direction));
        }
        select.limit(self.limit as u64 + 1);
        let rows = R::Row::find().from_raw_sql(backend.build(&select)).all(db).await.map_err(crate::database)?;
        Ok(self.cut(rows))
    }
}

/// Rows that have all words.
fn having<E: Row>(words: &[Wanted]) -> Condition {
    let has = |word: &Wanted| pattern::like(E::SEARCH_TEXT.as_column_ref(), word.pattern());
    words.iter().fold(Condition::all(), |all, word| all.add(has(word)))
}

/// The records of a word that has few; `None` if each has many.
async fn few<E: Row>(db: &DatabaseConnection, words: &[Wanted]) -> Result<Option<Vec<String>>> {
    let index = Index::of(db, E::default().table_name());
    for word in words {
        let ids = index.having(word, SORTED_MAX + 1).await?;
        if ids.len() <= SORTED_MAX {
            return Ok(Some(ids));
        }
    }
    Ok(None)
}
