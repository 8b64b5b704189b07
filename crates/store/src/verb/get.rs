//! Get: one record.

use chassis::context::Context;
use chassis::error::Error;
use tonic::{Request, Response};

use super::load::{find, present, seen_of};
use crate::resource::{Resource, View};
use crate::scope::Scope;
use crate::{Reply, Store, personal};

/// Gives one record, as of the day that the request asks for. One that the caller may not see is `NOT_FOUND`; a retired one is given.
pub async fn get<R: Resource>(
    store: &Store,
    request: Request<impl api::GetRequest<Resource = R::Message> + Sync>,
) -> Reply<R::Message> {
    let context = Context::of(&request);
    let (name, scope) = (request.get_ref().name(), Scope::of(&context.caller));
    let view = View::at(store.clock().now()).asked(request.get_ref().as_of())?;
    let row = find::<R>(name)?.one(store.read()).await.map_err(crate::database)?;
    let rows: Vec<_> = seen_of::<R>(&scope, row).into_iter().collect();
    let mut shown = personal::shown::<R>(store, &context, &rows, "").await?;
    present::<R>(store.read(), &scope, &view, &mut shown).await?;
    shown.pop().map(Response::new).ok_or_else(|| Error::not_found(name).into())
}
