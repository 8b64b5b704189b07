//! Saving a changed record: for update, retire and custom verbs.

use api::Resource as _;
use api::options::v1::Failure;
use chassis::error::{Error, Result};
use sea_orm::sea_query::{ExprTrait, Query};
use sea_orm::{ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbErr, EntityName, EntityTrait, Iterable};

use crate::held::{Held, Refusal, What};
use crate::resource::Resource;
use crate::session::Known;
use crate::tx::Tx;
use crate::{calendar, change, index, personal, record};

use crate::entity::Row;

/// Writes `after` in place of `before`, which was read in this transaction, under this change type. If nothing differs,
/// nothing is written and the etag stays. If somebody else changed the record since it was read, the transaction is
/// repeated or, in the end, refused as `ETAG_MISMATCH`. Gives the record as it is kept.
pub async fn save<R: Resource>(
    tx: &Tx,
    change_type: &str,
    before: R::Message,
    mut after: R::Message,
) -> Result<R::Message> {
    keep_identity(&mut after, &before);
    record::settle_audience::<R>(&mut after)?;
    R::prepare(tx, Some(&before), &mut after).await?;
    record::settle_audience::<R>(&mut after)?;
    let retiring = after.retire_time().is_some() && before.retire_time().is_none();
    let retired = after.retire_time().copied();
    keep_identity(&mut after, &before);
    after.set_retire_time(if retiring { retired } else { before.retire_time().copied() });
    if !retiring && after.fields_changed(&before).is_empty() {
        return Ok(before);
    }
    write::<R>(tx, change_type, &before, after).await
}

/// Writes `after`, in which nothing differs but that references name another record of what they named before. The rules of its
/// domain are not asked again: nothing is decided by it, and what was decided stays as it was. Nothing is written if nothing differs.
pub async fn repoint<R: Resource>(
    tx: &Tx,
    change_type: &str,
    before: R::Message,
    mut after: R::Message,
) -> Result<R::Message> {
    keep_identity(&mut after, &before);
    match after.fields_changed(&before).is_empty() {
        true => Ok(before),
        false => write::<R>(tx, change_type, &before, after).await,
    }
}

/// Writes to the change log that something happened to a record that does not show in its fields (a due date passed,
/// say). The record gets a new version, as with every change.
pub async fn announce<R: Resource>(tx: &Tx, change_type: &str, record: R::Message) -> Result<R::Message> {
    let after = record.clone();
    write::<R>(tx, change_type, &record, after).await
}

/// Puts a record back into the state that it was in when it was read as `image`: every field, its retirement included, but for its
/// name, etag and times, and its personal data, which stays as it is. The rules of its domain are not asked again; indexes are.
pub async fn restore<R: Resource>(
    tx: &Tx,
    change_type: &str,
    before: R::Message,
    image: R::Message,
) -> Result<R::Message> {
    let mut after = image;
    let retired = after.retire_time().copied();
    personal::fill(&mut after, &before);
    keep_identity(&mut after, &before);
    after.set_retire_time(retired);
    write::<R>(tx, change_type, &before, after).await
}

async fn write<R: Resource>(
    tx: &Tx,
    change_type: &str,
    before: &R::Message,
    mut after: R::Message,
) -> Result<R::Message> {
    let version = record::version(before);
    let id = after.id().to_owned();
    let known = known::<R>(tx, before, version).await?;
    after.set_etag((version + 1).to_string());
    after.set_update_time(Some(record::stamped(tx.now())));
    let sealed = personal::close::<R>(tx, &after).await?;
    let entry = change::Entry::of(tx, change_type, &after, Some(before), &sealed, known.change_hash);
    let row = record::row::<R>(&sealed, entry.hash.clone());
    let search_text = record::search_text::<R>(&row);
    let mut update = Query::update();
    update.table(R::Row::default());
    for column in <R::Row as EntityTrait>::Column::iter() {
        if let ActiveValue::Set(value) = row.get(column) {
            update.value(column, value);
        }
    }
    update.and_where(R::Row::ID.eq(id.as_str())).and_where(R::Row::VERSION.eq(version));
    let table = R::Row::default().table_name();
    let refusal = Refusal::Stale { name: after.name().to_owned() };
    tx.hold(Held { what: What::Update(update), row: (table, id.clone()), refusal }).await?;
    let next = Known { version: version + 1, change_hash: entry.hash.clone(), search_text };
    entry.append(tx).await?;
    if R::INDEXED {
        index::keep(tx, table, &id, &known.search_text, &next.search_text).await?;
    }
    tx.session().remember(table, &id, next);
    R::index(tx, &sealed.bare).await?;
    personal::keep(tx, &after).await?;
    calendar::follow::<R>(tx, Some(before), &after).await?;
    R::follow(tx, Some(before), &after).await?;
    Ok(after)
}

/// What the change needs to know of the row: remembered from when it was read, else asked for.
async fn known<R: Resource>(tx: &Tx, before: &R::Message, version: i64) -> Result<Known> {
    let mismatch = || Error::of(Failure::EtagMismatch).with("name", before.name());
    if let Some(known) = tx.session().recall(R::Row::default().table_name(), before.id()) {
        return if known.version == version { Ok(known) } else { Err(mismatch()) };
    }
    let mut select = Query::select();
    select
        .columns(["change_hash", "search_text"])
        .from(R::Row::default())
        .and_where(R::Row::ID.eq(before.id()).and(R::Row::VERSION.eq(version)));
    let row = tx.query_one(&select).await.map_err(crate::database)?.ok_or_else(mismatch)?;
    let read = || -> Result<Known, DbErr> {
        Ok(Known { version, change_hash: row.try_get_by(0)?, search_text: row.try_get_by(1)? })
    };
    read().map_err(crate::database)
}

/// Name, etag and times are not the work's to change.
fn keep_identity<M: api::Resource>(after: &mut M, before: &M) {
    after.set_name(before.name().to_owned());
    after.set_etag(before.etag().to_owned());
    after.set_create_time(before.create_time().copied());
    after.set_update_time(before.update_time().copied());
}
