//! Reading single records, for verbs and for the rules of the domain.

use api::Resource as _;
use api::options::v1::Failure;
use chassis::caller::Caller;
use chassis::error::{Error, Result};
use sea_orm::sea_query::{Expr, LockType, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityName, EntityTrait, QueryFilter, QueryTrait,
    Select,
};

use crate::entity::{Row, Standard};
use crate::personal;
use crate::record;
use crate::resource::{Model, Resource, View};
use crate::scope::Scope;
use crate::session::Known;
use crate::tx::Tx;

/// What records are read from: the database, or a transaction, which remembers what it read.
pub trait Reader: ConnectionTrait + Send {
    /// Remembers a row of a table as it was read.
    #[doc(hidden)]
    fn remember(&self, _table: &'static str, _row: &Standard<'_>) {}

    /// The transaction, if it is one: in it records are whole.
    #[doc(hidden)]
    fn opens(&self) -> Option<&Tx> {
        None
    }
}

impl Reader for DatabaseConnection {}

impl Reader for Tx {
    fn remember(&self, table: &'static str, row: &Standard<'_>) {
        let known = Known {
            version: row.version,
            change_hash: row.change_hash.to_owned(),
            search_text: row.search_text.to_owned(),
        };
        self.session().remember(table, row.id, known);
    }

    fn opens(&self) -> Option<&Tx> {
        Some(self)
    }
}

/// The record of this name, if the scope sees it; else `NOT_FOUND`. As it is kept: [`Resource::view`] is
/// not applied. Personal data is there in a transaction only.
pub async fn load<R: Resource>(from: &impl Reader, scope: &Scope, name: &str) -> Result<R::Message> {
    let row = find::<R>(name)?.one(from).await.map_err(crate::database)?;
    take::<R>(from, seen_of::<R>(scope, row), name).await
}

/// The record of this name, to be changed by the transaction's caller: it must see it (else `NOT_FOUND`), `may` must
/// hold for it (else `PERMISSION_DENIED`), and it must not be retired (else `RETIRED`). `may` is mostly
/// [`Resource::may_own`]. Others who would change it wait for the end of the transaction.
pub async fn load_for<R: Resource>(
    tx: &Tx,
    name: &str,
    may: impl FnOnce(&Caller, &R::Message) -> bool,
) -> Result<R::Message> {
    let message = load_owned::<R>(tx, name, may).await?;
    match message.retire_time() {
        Some(_) => Err(Error::of(Failure::Retired).with("name", name)),
        None => Ok(message),
    }
}

/// The same, of retired ones too.
pub(super) async fn load_owned<R: Resource>(
    tx: &Tx,
    name: &str,
    may: impl FnOnce(&Caller, &R::Message) -> bool,
) -> Result<R::Message> {
    let mut select = find::<R>(name)?;
    // SQLite has one writer at a time anyway.
    if tx.get_database_backend() == DbBackend::Postgres {
        QueryTrait::query(&mut select).lock(LockType::NoKeyUpdate);
    }
    let row = select.one(tx).await.map_err(crate::database)?;
    let message = take::<R>(tx, seen_of::<R>(&tx.scope(), row), name).await?;
    if !may(tx.caller(), &message) {
        let why = format!("{name} belongs to {}", message.owner());
        return Err(Error::permission_denied(why));
    }
    Ok(message)
}

/// Whether the scope sees a record of this name that is not retired.
pub async fn exists<R: Resource>(from: &impl Reader, scope: &Scope, name: &str) -> Result<bool> {
    let Ok(id) = record::id::<R>(name) else { return Ok(false) };
    let mut select = Query::select();
    select
        .expr(Expr::val(1))
        .from(R::Row::default())
        .and_where(R::Row::ID.eq(id))
        .and_where(R::Row::RETIRED_AT.is_null())
        .cond_where(seen::<R>(scope));
    Ok(from.query_one(&select).await.map_err(crate::database)?.is_some())
}

/// Refuses a reference to a record that the caller does not see, or that is retired, as `REFERENCE_NOT_FOUND` of
/// `field`. An empty name refers to nothing and passes.
pub async fn require<R: Resource>(tx: &Tx, field: &str, name: &str) -> Result<()> {
    if name.is_empty() || exists::<R>(tx, &tx.scope(), name).await? {
        return Ok(());
    }
    Err(Error::of(Failure::ReferenceNotFound).with("field", field).with("name", name))
}

/// Refuses with `ETAG_MISMATCH` if the caller meant another version than this. An empty etag means any.
pub fn check_etag(message: &impl api::Resource, etag: &str) -> Result<()> {
    if etag.is_empty() || etag.trim_matches('"') == message.etag() {
        return Ok(());
    }
    Err(Error::of(Failure::EtagMismatch).with("name", message.name()))
}

/// Records as they are given: with what depends on the day and on other records.
pub(super) async fn present<R: Resource>(
    from: &(impl Reader + Sync),
    scope: &Scope,
    view: &View,
    messages: &mut [R::Message],
) -> Result<()> {
    messages.iter_mut().for_each(|message| R::view(message, view));
    R::complete(from, scope, view, messages).await
}

/// A record as the answer of the work that wrote it.
pub(super) async fn answer<R: Resource>(tx: &Tx, mut message: R::Message) -> Result<R::Message> {
    personal::shown_in::<R>(tx, &mut message).await?;
    present::<R>(tx, &tx.scope(), &tx.view(), std::slice::from_mut(&mut message)).await?;
    Ok(message)
}

/// The scope as a condition on the resource's table.
pub(crate) fn seen<R: Resource>(scope: &Scope) -> sea_orm::sea_query::Condition {
    let column = |column: <R::Row as EntityTrait>::Column| column.as_column_ref();
    scope.condition(column(R::Row::OWNER), column(R::Row::AUDIENCE), column(R::Row::READERS))
}

/// The row of this name, whoever may see it: to be followed by [`seen_of`]. Of one row that is told here, without a condition
/// that the database would have to plan.
pub(super) fn find<R: Resource>(name: &str) -> Result<Select<R::Row>> {
    let id = record::id::<R>(name)?;
    Ok(R::Row::find().filter(R::Row::ID.eq(id)))
}

/// The row, if the scope sees it.
pub(super) fn seen_of<R: Resource>(scope: &Scope, row: Option<Model<R>>) -> Option<Model<R>> {
    row.filter(|row| scope.sees_row(&R::Row::standard(row)))
}

async fn take<R: Resource>(from: &impl Reader, row: Option<Model<R>>, name: &str) -> Result<R::Message> {
    let Some(row) = row else { return Err(Error::not_found(name)) };
    let standard = R::Row::standard(&row);
    from.remember(R::Row::default().table_name(), &standard);
    let mut message = record::message::<R>(&row)?;
    if let Some(tx) = from.opens() {
        personal::open(tx, tx.vault()?, &mut message, standard.content).await?;
    }
    Ok(message)
}
