//! Custom verbs that change one record.

use chassis::error::Result;
use tonic::{Request, Response};

use super::load::{check_etag, load_for};
use super::save::save;
use crate::job::Origin;
use crate::resource::Resource;
use crate::tx::Tx;
use crate::{Reply, Store};

/// Runs a custom verb on one record of which the caller may be owner: reads the record called `name`, refuses if `etag`
/// is another version's, has `work` change it, and saves it under the change type that the rpc declares. The answer is
/// the record. For verbs that others than owners may call, or that answer something else: [`Store::write`] with
/// [`load_for`] and [`save`].
///
/// ```ignore
/// let (name, etag) = (request.get_ref().name.clone(), request.get_ref().etag.clone());
/// store::act::<Self, _, _>(&self.store, request, name, etag, async |tx, request, commitment| { … Ok(commitment) }).await
/// ```
pub async fn act<R, Q, F>(
    store: &Store,
    request: Request<Q>,
    name: String,
    etag: String,
    work: impl FnOnce(Tx, Q, R::Message) -> F + Clone + Send + 'static,
) -> Reply<R::Message>
where
    R: Resource,
    Q: prost::Message + Clone + 'static,
    F: Future<Output = Result<R::Message>> + Send + 'static,
{
    let origin = Origin::of(&request)?;
    let request = request.into_inner();
    let acted = store.write_from(origin, async move |tx: Tx| {
        let before = load_for::<R>(&tx, &name, R::may_own).await?;
        check_etag(&before, &etag)?;
        let after = work(tx.clone(), request, before.clone()).await?;
        let mut message = save::<R>(&tx, &tx.context().change_type, before, after).await?;
        R::view(&mut message, &tx.view());
        Ok(message)
    });
    Ok(Response::new(acted.await?))
}
