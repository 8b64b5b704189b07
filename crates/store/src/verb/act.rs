//! Custom verbs that change one record.

use api::ActRequest;
use chassis::caller::Caller;
use chassis::error::Result;
use chrono::NaiveDate;
use prost_types::Timestamp;
use tonic::{Request, Response};

use super::load::{answer, check_etag, load_for};
use super::save::save;
use crate::job::Origin;
use crate::resource::Resource;
use crate::tx::Tx;
use crate::{Reply, Store, personal, record};

/// Who does something, and when: what a pure rule of a record's life needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// Who.
    pub by: &'a Caller,
    /// When.
    pub at: Timestamp,
    /// The day of that in Viet Nam.
    pub today: NaiveDate,
}

/// Runs a custom verb on the record that the request names, of which the caller may be owner: reads it, refuses if the
/// request's etag is another version's, has `work` change it, and saves it under the change type that the rpc declares.
/// The answer is the record. For verbs that answer something else: [`Store::write`] with [`load_for`] and [`save`].
///
/// ```ignore
/// store::act::<Self, _, _>(&self.store, request, async |tx, request, commitment| { … Ok(commitment) }).await
/// ```
pub async fn act<R, Q, F>(
    store: &Store,
    request: Request<Q>,
    work: impl FnOnce(Tx, Q, R::Message) -> F + Clone + Send + 'static,
) -> Reply<R::Message>
where
    R: Resource,
    Q: ActRequest,
    F: Future<Output = Result<R::Message>> + Send + 'static,
{
    act_for::<R, Q, F>(store, request, R::may_own, work).await
}

/// The same for a verb that others than the owner may call: those for whom `may` holds, of the callers who see the
/// record. A verb that knows better who may do what, and says why not, gives `|_, _| true` and tells in `work`.
pub async fn act_for<R, Q, F>(
    store: &Store,
    request: Request<Q>,
    may: impl FnOnce(&Caller, &R::Message) -> bool + Clone + Send + 'static,
    work: impl FnOnce(Tx, Q, R::Message) -> F + Clone + Send + 'static,
) -> Reply<R::Message>
where
    R: Resource,
    Q: ActRequest,
    F: Future<Output = Result<R::Message>> + Send + 'static,
{
    let origin = Origin::of(&request)?;
    let request = request.into_inner();
    let acted = personal::write::<R, _, _>(store, origin, async move |tx: Tx| {
        let before = load_for::<R>(&tx, request.name(), may).await?;
        check_etag(&before, request.etag())?;
        let after = work(tx.clone(), request, before.clone()).await?;
        let message = save::<R>(&tx, &tx.context().change_type, before, after).await?;
        answer::<R>(&tx, message).await
    });
    Ok(Response::new(acted.await?))
}

/// The same for a verb whose rule is pure: `rule` changes the record, or says why not. Whoever sees the record may call;
/// who may do what, the rule itself knows.
///
/// ```ignore
/// store::apply::<Self, _>(&self.store, request, life::fulfil).await
/// ```
pub async fn apply<R, Q>(
    store: &Store,
    request: Request<Q>,
    rule: fn(&mut R::Message, Q, &Act<'_>) -> Result<()>,
) -> Reply<R::Message>
where
    R: Resource,
    Q: ActRequest,
{
    let may = |_: &Caller, _: &R::Message| true;
    act_for::<R, Q, _>(store, request, may, async move |tx: Tx, request: Q, mut message: R::Message| {
        let act = Act { by: tx.caller(), at: record::stamped(tx.now()), today: tx.today() };
        rule(&mut message, request, &act)?;
        Ok(message)
    })
    .await
}
