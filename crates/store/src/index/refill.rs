//! Texts and entries that were kept under other rules than today's.

use chassis::error::{Error, Result};
use sea_orm::sea_query::{LockType, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityName, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::keep;
use crate::entity::Row;
use crate::resource::Resource;
use crate::store::Store;
use crate::tx::Tx;
use crate::{consume, database, record, words};

/// Which rules the texts and entries follow: another word whenever they change.
const RULES: &str = "1";

/// How many records are looked at in one transaction.
const CHUNK: u64 = 200;

/// Brings what is kept of a resource's words up to date with [`Resource::search_words`] and the rules by which texts are made
/// of them, once for each change of the rules. It may be interrupted and begins again then; what is right is not written.
pub async fn refill<R: Resource>(store: &Store) -> Result<()> {
    let mark = format!("words/{}", R::Row::default().table_name());
    let before = consume::position(store, &mark).await?;
    if before == RULES {
        return Ok(());
    }
    let mut after = Some(String::new());
    while let Some(last) = after {
        after = store.write_self(async move |tx: Tx| chunk::<R>(&tx, &last).await).await?;
    }
    // If another process marked it meanwhile, that is as good.
    let marked = store.write_self(async move |tx: Tx| consume::advance(&tx, &mark, &before, RULES).await.map(drop));
    let _ = marked.await;
    Ok(())
}

/// Goes through the next records, and gives the last one's id.
async fn chunk<R: Resource>(tx: &Tx, after: &str) -> Result<Option<String>> {
    let mut select = R::Row::find().filter(R::Row::ID.gt(after)).order_by_asc(R::Row::ID).limit(CHUNK);
    if tx.get_database_backend() == DbBackend::Postgres {
        QueryTrait::query(&mut select).lock(LockType::NoKeyUpdate);
    }
    let rows = select.all(tx).await.map_err(database)?;
    let last = rows.last().map(|row| R::Row::standard(row).id.to_owned());
    let mut wrong = Vec::new();
    for row in &rows {
        let (standard, message) = (R::Row::standard(row), record::message::<R>(row)?);
        let text = words::text(R::search_words(&message));
        if text != standard.search_text {
            wrong.push((standard.id.to_owned(), standard.search_text.to_owned(), text));
        }
    }
    drop(rows);
    for (id, before, after) in wrong {
        let mut update = Query::update();
        update
            .table(R::Row::default())
            .value(R::Row::SEARCH_TEXT, after.as_str())
            .and_where(R::Row::ID.eq(id.as_str()));
        if tx.execute(&update).await.map_err(database)?.rows_affected() != 1 {
            return Err(Error::unavailable("the record").because("it is not there any more"));
        }
        if R::INDEXED {
            keep(tx, R::Row::default().table_name(), &id, &before, &after).await?;
        }
    }
    Ok(last)
}
