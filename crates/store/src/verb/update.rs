//! Update: some fields of a record change.

use api::Resource as _;
use chassis::error::{Error, Result};
use tonic::{Request, Response};

use super::load::{answer, check_etag, load_for};
use super::mask;
use super::save::save;
use crate::job::Origin;
use crate::resource::Resource;
use crate::tx::Tx;
use crate::{Reply, Store, personal, record};

/// Changes the fields that the mask names, or all that are set if it names none. A record that carries an etag is only
/// changed if that is its version. An update that changes nothing writes nothing.
pub async fn update<R: Resource>(
    store: &Store,
    request: Request<impl api::UpdateRequest<Resource = R::Message> + prost::Message>,
) -> Reply<R::Message> {
    let origin = Origin::of(&request)?;
    let (message, paths) = api::UpdateRequest::take(request.into_inner());
    let updated =
        personal::write::<R, _, _>(store, origin, async move |tx: Tx| update_in::<R>(&tx, &message, &paths).await);
    Ok(Response::new(updated.await?))
}

/// The same within a transaction, for work that changes several records: by the rules that hold for each alone.
pub async fn update_in<R: Resource>(tx: &Tx, message: &R::Message, paths: &[String]) -> Result<R::Message> {
    let before = load_for::<R>(tx, message.name(), R::may_own).await?;
    check_etag(&before, message.etag())?;
    let mut after = mask::apply(&before, message, paths, &record::field::<R>())?;
    if after.owner().is_empty() {
        after.set_owner(before.owner().to_owned());
    }
    if after.owner() != before.owner() && !R::may_own(tx.caller(), &after) {
        return Err(Error::permission_denied(format!("it cannot give the record to {}", after.owner())));
    }
    let message = save::<R>(tx, &format!("{}.updated", R::Message::SINGULAR), before, after).await?;
    answer::<R>(tx, message).await
}
