//! Get: one record, as of today.

use chassis::context::Context;
use tonic::{Request, Response};

use super::load::load;
use crate::resource::{Resource, View};
use crate::scope::Scope;
use crate::{Reply, Store};

/// Gives one record. One that the caller may not see is `NOT_FOUND`; a retired one is given.
pub async fn get<R: Resource>(
    store: &Store,
    request: Request<impl api::GetRequest<Resource = R::Message> + Sync>,
) -> Reply<R::Message> {
    let scope = Scope::of(&Context::of(&request).caller);
    let name = api::GetRequest::name(request.get_ref());
    let mut message = load::<R>(store.read(), &scope, name).await?;
    R::view(&mut message, &View::at(store.clock().now()));
    Ok(Response::new(message))
}
