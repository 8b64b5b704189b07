//! Records on their way out: with their personal data for whoever may see it, and logged.

use api::Resource as _;
use api::shared::v1::Actor;
use chassis::context::Context;
use chassis::error::{Error, Result};
use prost::Message as _;
use prost_types::Timestamp;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Order, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::access::Asking;
use super::index::Trait;
use super::key::{self, Key};
use super::seal::{bare, present, unseal};
use super::{State, is_erased};
use crate::entity::Row;
use crate::job::{Form, Origin};
use crate::resource::{Model, Resource};
use crate::schema::Change;
use crate::scope::Scope;
use crate::store::Store;
use crate::tx::Tx;
use crate::verb::seen;
use crate::{change, database, record};

/// The records of rows, as the caller of a request may see them. What is shown is logged before it is given.
pub(crate) async fn shown<R: Resource>(
    store: &Store,
    context: &Context,
    rows: &[Model<R>],
    reason: &str,
) -> Result<Vec<R::Message>> {
    let mut records = rows.iter().map(record::message::<R>).collect::<Result<Vec<_>>>()?;
    if R::Message::PERSONAL.is_empty() {
        return Ok(records);
    }
    let names: Vec<String> = records.iter().map(|record| record.name().to_owned()).collect();
    let keys = key::of(store.read(), store.vault(), &names).await?;
    let mut logged = Vec::new();
    for (record, row) in records.iter_mut().zip(rows) {
        let content = R::Row::standard(row).content;
        if show::<R>(context, record, content, keys.get(record.name()))? {
            logged.push(record.name().to_owned());
        }
    }
    Asking::of(context, reason).log(store, logged).await?;
    Ok(records)
}

/// Whether there was anything to show.
fn show<R: Resource>(context: &Context, record: &mut R::Message, bytes: &[u8], key: Option<&Key>) -> Result<bool> {
    let state = match key {
        Some(Key::Destroyed) => State::Erased,
        _ if !R::PERSONAL_READERS.see(&context.caller, record) => State::Hidden,
        Some(Key::There(key)) => {
            unseal(key, record, bytes)?;
            State::Shown
        }
        None => State::Shown,
    };
    R::tell_personal(record, state);
    Ok(state == State::Shown && !present(record).is_empty())
}

/// A record that the transaction's caller is about to be answered with.
pub(crate) async fn shown_in<R: Resource>(tx: &Tx, record: &mut R::Message) -> Result<()> {
    if R::Message::PERSONAL.is_empty() {
        return Ok(());
    }
    let held = !present(record).is_empty();
    let state = match R::PERSONAL_READERS.see(tx.caller(), record) {
        _ if !held && is_erased(tx, record.name()).await? => State::Erased,
        true => State::Shown,
        false => State::Hidden,
    };
    match state {
        State::Shown if held => tx.asking().log_in(tx, &[record.name().to_owned()]).await?,
        State::Hidden => *record = bare(record).into_owned(),
        State::Shown | State::Erased => {}
    }
    R::tell_personal(record, state);
    Ok(())
}

/// Runs the work of a verb whose answer is a record. What is kept of the answer, for the case that the request comes again, is
/// without the personal data; when it does come again, that is taken from the change log, as far as it was not erased.
pub(crate) async fn write<R: Resource, W, F>(store: &Store, origin: Origin, work: W) -> Result<R::Message>
where
    W: FnOnce(Tx) -> F + Clone + Send + 'static,
    F: Future<Output = Result<R::Message>> + Send + 'static,
{
    if R::Message::PERSONAL.is_empty() {
        return store.write_from(origin, work).await;
    }
    let again = origin.key.is_some().then(|| origin.context.clone()).flatten();
    let form = Form {
        encode: |answer: &R::Message| bare(answer).encode_to_vec(),
        decode: |bytes| R::Message::decode(bytes).map_err(Error::internal),
    };
    let mut record = store.writer().write(origin, form, work).await?;
    if let Some(context) = again.filter(|_| present(&record).is_empty()) {
        repeat::<R>(store, &context, &mut record).await?;
    }
    Ok(record)
}

/// An answer that is given again.
async fn repeat<R: Resource>(store: &Store, context: &Context, record: &mut R::Message) -> Result<()> {
    let name = record.name().to_owned();
    let mut select = entries(&name);
    select.and_where(Expr::col(Change::Version).eq(record::version(record)));
    let Some(row) = store.read().query_one(&select).await.map_err(database)? else { return Ok(()) };
    let entry: Vec<u8> = row.try_get_by(0).map_err(database)?;
    let bytes = change::read(&entry)?.after.map(|after| after.value).unwrap_or_default();
    let keys = key::of(store.read(), store.vault(), std::slice::from_ref(&name)).await?;
    if show::<R>(context, record, &bytes, keys.get(&name))? {
        Asking::of(context, "").log(store, vec![name]).await?;
    }
    Ok(())
}

/// The records of these names, as the caller of a request may see them, for this reason; those that it does not see are left out.
pub async fn look<R: Resource>(
    store: &Store,
    context: &Context,
    names: &[String],
    reason: &str,
) -> Result<Vec<R::Message>> {
    let ids: Vec<&str> = names.iter().filter_map(|name| record::id::<R>(name).ok()).collect();
    let wanted = Condition::all().add(seen::<R>(&Scope::of(&context.caller))).add(R::Row::ID.is_in(ids));
    let rows = R::Row::find().filter(wanted).order_by_asc(R::Row::ID).all(store.read()).await.map_err(database)?;
    shown::<R>(store, context, &rows, reason).await
}

/// The names of the records whose personal data the caller of a request may see and which all of `traits` fit; retired ones too.
pub async fn find<R: Resource>(store: &Store, context: &Context, traits: &[Trait], limit: u64) -> Result<Vec<String>> {
    let Some(may) = R::PERSONAL_READERS.condition::<R>(&context.caller) else { return Ok(Vec::new()) };
    let mut wanted = Condition::all().add(seen::<R>(&Scope::of(&context.caller))).add(may);
    for one in traits {
        for ids in one.ids(store.vault(), R::Message::COLLECTION)? {
            wanted = wanted.add(R::Row::ID.in_subquery(ids));
        }
    }
    let select = R::Row::find().filter(wanted).order_by_asc(R::Row::ID).limit(limit);
    let rows = select.all(store.read()).await.map_err(database)?;
    Ok(rows.iter().map(|row| record::name::<R>(R::Row::standard(row).id)).collect())
}

/// A state that a record was in.
#[derive(Debug, Clone)]
pub struct Past<M> {
    /// Its version then.
    pub version: i64,
    /// Since when.
    pub time: Option<Timestamp>,
    /// What had happened.
    pub change_type: String,
    /// Who did it.
    pub actor: Actor,
    /// The record.
    pub record: M,
}

/// The states that a record was in, the oldest first, with their personal data as far as it was not erased. For whom [`look`] has
/// shown it.
pub async fn history<R: Resource>(store: &Store, name: &str) -> Result<Vec<Past<R::Message>>> {
    let mut select = entries(name);
    select.order_by(Change::Version, Order::Asc);
    let keys = key::of(store.read(), store.vault(), &[name.to_owned()]).await?;
    let mut states = Vec::new();
    for row in store.read().query_all(&select).await.map_err(database)? {
        let entry: Vec<u8> = row.try_get_by(0).map_err(database)?;
        let change = change::read(&entry)?;
        let bytes = change.after.map(|after| after.value).unwrap_or_default();
        let mut record = R::Message::decode(&*bytes).map_err(Error::internal)?;
        if let Some(Key::There(key)) = keys.get(name) {
            unseal(key, &mut record, &bytes)?;
        }
        let actor = change.actor.unwrap_or_default();
        states.push(Past { version: change.version, time: change.time, change_type: change.r#type, actor, record });
    }
    Ok(states)
}

fn entries(name: &str) -> sea_orm::sea_query::SelectStatement {
    let mut select = Query::select();
    select.column(Change::Entry).from(Change::Table).and_where(Expr::col(Change::Resource).eq(name));
    select
}
