//! Retire: a record goes out of use, and stays readable.

use api::Resource as _;
use chassis::error::Result;
use tonic::{Request, Response};

use super::load::{answer, check_etag, load_owned};
use super::save::save;
use crate::job::Origin;
use crate::resource::Resource;
use crate::tx::Tx;
use crate::{Reply, Store, personal, record};

/// Takes a record out of use: it is no longer listed and can no longer be changed. Retiring twice is harmless.
pub async fn retire<R: Resource>(
    store: &Store,
    request: Request<impl api::RetireRequest<Resource = R::Message> + prost::Message>,
) -> Reply<R::Message> {
    let origin = Origin::of(&request)?;
    let name = api::RetireRequest::name(request.get_ref()).to_owned();
    let etag = api::RetireRequest::etag(request.get_ref()).to_owned();
    let retired =
        personal::write::<R, _, _>(store, origin, async move |tx: Tx| retire_in::<R>(&tx, &name, &etag).await);
    Ok(Response::new(retired.await?))
}

async fn retire_in<R: Resource>(tx: &Tx, name: &str, etag: &str) -> Result<R::Message> {
    let before = load_owned::<R>(tx, name, R::may_own).await?;
    let message = match before.retire_time() {
        Some(_) => before,
        None => {
            check_etag(&before, etag)?;
            let mut after = before.clone();
            after.set_retire_time(Some(record::stamped(tx.now())));
            save::<R>(tx, &format!("{}.retired", R::Message::SINGULAR), before, after).await?
        }
    };
    answer::<R>(tx, message).await
}
