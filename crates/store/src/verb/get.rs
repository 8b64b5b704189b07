//! Get: one record, as of today.

use chassis::context::Context;
use chassis::error::Error;
use tonic::{Request, Response};

use super::load::find;
use crate::resource::{Resource, View};
use crate::scope::Scope;
use crate::{Reply, Store, personal};

/// Gives one record. One that the caller may not see is `NOT_FOUND`; a retired one is given.
pub async fn get<R: Resource>(
    store: &Store,
    request: Request<impl api::GetRequest<Resource = R::Message> + Sync>,
) -> Reply<R::Message> {
    let context = Context::of(&request);
    let name = api::GetRequest::name(request.get_ref());
    let select = find::<R>(&Scope::of(&context.caller), name)?;
    let row = select.one(store.read()).await.map_err(crate::database)?;
    let rows: Vec<_> = row.into_iter().collect();
    let mut message =
        personal::shown::<R>(store, &context, &rows, "").await?.pop().ok_or_else(|| Error::not_found(name))?;
    R::view(&mut message, &View::at(store.clock().now()));
    Ok(Response::new(message))
}
