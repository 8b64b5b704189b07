//! Create: a new record.

use api::Resource as _;
use chassis::error::{Error, Result};
use sea_orm::{ActiveModelTrait, ActiveValue, EntityName, IdenStatic, Iterable};
use tonic::{Request, Response};

use super::load::answer;
use crate::held::{Held, Insert, Refusal, What};
use crate::job::Origin;
use crate::resource::Resource;
use crate::session::Known;
use crate::tx::Tx;
use crate::{Reply, Store, calendar, change, index, personal, record};

/// Adds a record. It belongs to the caller's organization if it does not say whose it is; whoever may not own it is
/// refused. An id that is taken is `ALREADY_EXISTS`.
pub async fn create<R: Resource>(
    store: &Store,
    request: Request<impl api::CreateRequest<Resource = R::Message> + prost::Message>,
) -> Reply<R::Message> {
    let origin = Origin::of(&request)?;
    let (message, id) = api::CreateRequest::take(request.into_inner());
    let created = personal::write::<R, _, _>(store, origin, async move |tx: Tx| create_in::<R>(&tx, message, id).await);
    Ok(Response::new(created.await?))
}

/// The same within a transaction, for work that adds several records: by the rules that hold for each alone.
pub async fn create_in<R: Resource>(tx: &Tx, mut message: R::Message, id: String) -> Result<R::Message> {
    if message.owner().is_empty() {
        message.set_owner(tx.caller().organization.clone());
    }
    if message.owner().is_empty() {
        let field = format!("{}.owner", record::field::<R>());
        return Err(Error::invalid(field, "is required of a caller who acts for no organization"));
    }
    if !R::may_own(tx.caller(), &message) {
        return Err(Error::permission_denied(format!("it cannot own a record of {}", message.owner())));
    }
    let message = insert::<R>(tx, message, &id).await?;
    answer::<R>(tx, message).await
}

/// Adds a record within a transaction, under this id or, if it is empty, a new one. For background work and custom
/// verbs: who may own it is not asked. The owner must be set. Gives the record as it is kept.
pub async fn insert<R: Resource>(tx: &Tx, mut message: R::Message, id: &str) -> Result<R::Message> {
    let id = if id.is_empty() { R::new_id(&message)? } else { id.to_owned() };
    message.set_name(record::name::<R>(&id));
    record::settle_audience::<R>(&mut message)?;
    R::prepare(tx, None, &mut message).await?;
    record::settle_audience::<R>(&mut message)?;
    let now = record::stamped(tx.now());
    message.set_name(record::name::<R>(&id));
    message.set_etag("1".to_owned());
    message.set_create_time(Some(now));
    message.set_update_time(Some(now));
    message.set_retire_time(None);
    let change_type = format!("{}.created", R::Message::SINGULAR);
    // The hash is known before the row is written, and row and change go together.
    let sealed = personal::close::<R>(tx, &message).await?;
    let entry = change::Entry::of(tx, &change_type, &message, None, &sealed, Vec::new());
    let row = record::row::<R>(&sealed, entry.hash.clone());
    let search_text = record::search_text::<R>(&row);
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for column in <<R::Row as sea_orm::EntityTrait>::Column as Iterable>::iter() {
        if let ActiveValue::Set(value) = row.get(column) {
            columns.push(column.as_str());
            values.push(value.into());
        }
    }
    let table = R::Row::default().table_name();
    let insert = Insert { table, columns, values };
    let refusal = Refusal::Taken { name: message.name().to_owned(), told: R::taken };
    tx.hold(Held { what: What::Insert(insert), row: (table, id.clone()), refusal }).await?;
    let known = Known { version: 1, change_hash: entry.hash.clone(), search_text };
    entry.append(tx).await?;
    if R::INDEXED {
        index::keep(tx, table, &id, "", &known.search_text).await?;
    }
    tx.session().remember(table, &id, known);
    R::index(tx, &sealed.bare).await?;
    personal::keep(tx, &message).await?;
    calendar::follow::<R>(tx, None, &message).await?;
    R::follow(tx, None, &message).await?;
    Ok(message)
}
