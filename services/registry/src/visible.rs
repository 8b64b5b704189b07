//! What a caller may see, for look-ups that do not go through the standard verbs; and the day as of which it is shown.

use chassis::context::Context;
use chassis::error::{Error, Result};
use chrono::NaiveDate;
use store::sea_orm::ColumnTrait;
use store::sea_orm::sea_query::{Query, SelectStatement};
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
    let today = View::at(store.clock().now());
    match as_of {
        "" => Ok(today),
        day => {
            let day: NaiveDate =
                day.parse().map_err(|_| Error::invalid("as_of", "must be a day that exists, YYYY-MM-DD"))?;
            Ok(today.as_of(day))
        }
    }
}

/// The record of this name as of a day; `NOT_FOUND` if the scope does not see it.
pub async fn get<R: Resource>(store: &Store, scope: &Scope, name: &str, view: &View) -> Result<R::Message> {
    let mut message = store::load::<R>(store.read(), scope, name).await?;
    R::view(&mut message, view);
    Ok(message)
}
