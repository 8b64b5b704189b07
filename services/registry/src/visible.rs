//! What a caller may see, for look-ups that do not go through the standard verbs; and the day as of which it is shown.

use api::Resource as _;
use chassis::context::Context;
use chassis::error::{Error, Result};
use prost::Message as _;
use store::sea_orm::sea_query::{Condition, Query, SelectStatement};
use store::sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{Resource, Row, Scope, Store, View};
use tonic::Request;

/// The ids of the records in a table that the scope sees and that are not retired, as a subquery.
pub fn ids<E: Row>(scope: &Scope) -> SelectStatement {
    let column = |column: E::Column| column.as_column_ref();
    Query::select()
        .column(E::ID)
        .from(E::default())
        .and_where(E::RETIRED_AT.is_null())
        .cond_where(scope.condition(column(E::OWNER), column(E::AUDIENCE), column(E::READERS)))
        .to_owned()
}

/// What the caller of a request may see.
pub fn scope<T>(request: &Request<T>) -> Scope {
    Scope::of(&Context::of(request).caller)
}

/// The day that a request asks for, `YYYY-MM-DD`; today if it asks for none.
pub fn view(store: &Store, as_of: &str) -> Result<View> {
    View::at(store.clock().now()).asked(as_of)
}

/// The record of this name as of a day; `NOT_FOUND` if the scope does not see it.
pub async fn get<R: Resource>(store: &Store, scope: &Scope, name: &str, view: &View) -> Result<R::Message> {
    let mut message = store::load::<R>(store.read(), scope, name).await?;
    R::view(&mut message, view);
    R::complete(store.read(), scope, view, std::slice::from_mut(&mut message)).await?;
    Ok(message)
}

/// All records that the scope sees, that are not retired and that fit, as of a day: for look-ups of which the answer is small.
/// At most `limit`, by id.
pub async fn all<R: Resource>(
    store: &Store,
    scope: &Scope,
    wanted: Condition,
    view: &View,
    limit: usize,
) -> Result<Vec<R::Message>> {
    let column = |column: <R::Row as EntityTrait>::Column| column.as_column_ref();
    let rows = R::Row::find()
        .filter(wanted)
        .filter(R::Row::RETIRED_AT.is_null())
        .filter(scope.condition(column(R::Row::OWNER), column(R::Row::AUDIENCE), column(R::Row::READERS)))
        .order_by_asc(R::Row::ID)
        .limit(limit as u64)
        .all(store.read())
        .await
        .map_err(store::database)?;
    rows.iter().map(|row| shown::<R>(row, view)).collect()
}

/// A row's record, without the instants of its being kept.
fn shown<R: Resource>(row: &store::Model<R>, view: &View) -> Result<R::Message> {
    let standard = R::Row::standard(row);
    let mut message = R::Message::decode(standard.content).map_err(Error::internal)?;
    message.set_name(format!("{}/{}", R::Message::COLLECTION, standard.id));
    message.set_etag(standard.version.to_string());
    R::view(&mut message, view);
    Ok(message)
}
