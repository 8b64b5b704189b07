//! The collections that go in and out in files: for each its typed verbs, behind one face.

use std::collections::HashMap;

use api::options::v1::Failure;
use api::registry::v1::bulk_file::Format;
use api::registry::v1::imported_row::Outcome;
use api::registry::v1::*;
use api::{CreateRequest, ListRequest, Resource as _, UpdateRequest, Validate};
use chassis::error::{Error, Result};
use futures::future::BoxFuture;
use prost::Message;
use prost_reflect::{DynamicMessage, Value};
use store::sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use store::{Resource, Row as _, Store, Tx};
use tonic::Request;

use super::plan::{Entry, Plan, check_access};
use super::sheet::{self, Sheet};

/// What became of a row.
pub struct Taken {
    pub name: String,
    pub outcome: Outcome,
    /// The fields that differ from before, as columns are called.
    pub changed: Vec<String>,
}

/// A page of a list.
pub struct Page {
    /// The answer, in protobuf.
    pub answer: Vec<u8>,
}

type Take = for<'a> fn(&'a Tx, &'a Plan, &'a [Entry]) -> BoxFuture<'a, Result<Vec<Result<Taken>>>>;
type List = fn(Store, Request<Vec<u8>>) -> BoxFuture<'static, Result<Page>>;

/// A collection.
pub struct Collection {
    pub name: &'static str,
    pub take: Take,
    pub list: List,
}

/// What a resource must have to go in and out in files: all of the registry's have it.
trait Listed: ListRequest<Response: Message> + Validate + prost::Name + Default {}
impl<L: ListRequest<Response: Message> + Validate + prost::Name + Default> Listed for L {}

impl Collection {
    const fn of<R, C, U>() -> Self
    where
        R: Resource<List: Listed>,
        store::Model<R>: Sync,
        C: CreateRequest<Resource = R::Message> + Message + Default + Validate,
        U: UpdateRequest<Resource = R::Message> + Message + Default + Validate,
    {
        Self {
            name: <R::Message as api::Resource>::COLLECTION,
            take: |tx, plan, entries| Box::pin(take::<R, C, U>(tx, plan, entries)),
            list: |store, request| Box::pin(list::<R>(store, request)),
        }
    }

    /// Reads a file of this collection.
    pub fn read(&self, format: Format, content: &[u8]) -> Result<Plan> {
        let resource = api::contract().resource_of_collection(self.name);
        let resource = resource.ok_or_else(|| Error::internal("a collection that is not in the contract"))?;
        let known = |name: &str| super::path::Path::parse(name, &resource.message).is_some();
        let sheet: Sheet = sheet::read(format, content, known).map_err(super::fault::refused)?;
        Plan::read(resource, &sheet).map_err(super::fault::refused)
    }
}

/// Takes rows one after another: adds the records or changes them, by the rules that hold for each alone. Fewer answers than rows
/// mean that the transaction has ended with the last one.
async fn take<R, C, U>(tx: &Tx, plan: &Plan, entries: &[Entry]) -> Result<Vec<Result<Taken>>>
where
    R: Resource,
    C: CreateRequest<Resource = R::Message> + Message + Default + Validate,
    U: UpdateRequest<Resource = R::Message> + Message + Default + Validate,
{
    // Read together, so that records that need nothing else are written together too.
    let mut there = existing::<R>(tx, entries).await?;
    let mut taken = Vec::with_capacity(entries.len());
    for entry in entries {
        let before = there.remove(&entry.name);
        let method = if before.is_some() { plan.update } else { plan.create };
        if let Some(method) = method {
            check_access(method, tx.caller())?;
        }
        let result = match before {
            Some(before) => change::<R, U>(tx, plan, entry, before).await,
            None => add::<R, C>(tx, plan, entry).await,
        };
        let failed = result.is_err();
        taken.push(result);
        // A statement that failed has ended the transaction: nothing can be said of the rows that follow.
        if failed && tx.execute_unprepared("SELECT 1").await.is_err() {
            break;
        }
    }
    Ok(taken)
}

/// The records that rows are about, as far as the caller sees them, by name.
async fn existing<R: Resource>(tx: &Tx, entries: &[Entry]) -> Result<HashMap<String, R::Message>> {
    let ids = entries.iter().filter_map(|entry| entry.name.split_once('/')).map(|(_, id)| id.to_owned());
    let ids: Vec<String> = ids.collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    if !R::Message::PERSONAL.is_empty() {
        // Personal data is kept sealed; a record as the store loads it is whole.
        let mut there = HashMap::new();
        for name in entries.iter().map(|entry| &entry.name).filter(|name| !name.is_empty()) {
            match store::load::<R>(tx, &tx.scope(), name).await {
                Ok(record) => drop(there.insert(name.clone(), record)),
                Err(error) if error.is(Failure::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        return Ok(there);
    }
    let column = |column: <R::Row as EntityTrait>::Column| column.as_column_ref();
    let seen = tx.scope().condition(column(R::Row::OWNER), column(R::Row::AUDIENCE), column(R::Row::READERS));
    let found = R::Row::find().filter(R::Row::ID.is_in(ids)).filter(seen).all(tx).await.map_err(store::database)?;
    let read = |row: &store::Model<R>| {
        let standard = R::Row::standard(row);
        let mut message = R::Message::decode(standard.content).map_err(Error::internal)?;
        message.set_name(format!("{}/{}", R::Message::COLLECTION, standard.id));
        message.set_etag(standard.version.to_string());
        message.set_retire_time(standard.retired_at.map(|_| Default::default()));
        Ok((message.name().to_owned(), message))
    };
    found.iter().map(read).collect()
}

async fn add<R, C>(tx: &Tx, plan: &Plan, entry: &Entry) -> Result<Taken>
where
    R: Resource,
    C: CreateRequest<Resource = R::Message> + Message + Default + Validate,
{
    let mut record = DynamicMessage::new(plan.resource.message.clone());
    plan.apply(entry, &mut record);
    let request: C = checked(&plan.create(record, entry)?)?;
    let (message, id) = request.take();
    let added = store::create_in::<R>(tx, message, id).await?;
    Ok(Taken { name: added.name().to_owned(), outcome: Outcome::Created, changed: Vec::new() })
}

async fn change<R, U>(tx: &Tx, plan: &Plan, entry: &Entry, before: R::Message) -> Result<Taken>
where
    R: Resource,
    U: UpdateRequest<Resource = R::Message> + Message + Default + Validate,
{
    let name = before.name().to_owned();
    if before.retire_time().is_some() {
        return Err(Error::of(Failure::Retired).with("name", name));
    }
    store::check_etag(&before, &entry.etag)?;
    let bytes = before.encode_to_vec();
    let mut record = DynamicMessage::decode(plan.resource.message.clone(), &*bytes).map_err(Error::internal)?;
    plan.apply(entry, &mut record);
    let after = R::Message::decode(&*record.encode_to_vec()).map_err(Error::internal)?;
    let mut changed = after.fields_changed(&before);
    changed.retain(|field| R::Message::WRITABLE.contains(field));
    if let Some(fixed) = changed.iter().find(|field| R::Message::IMMUTABLE.contains(*field)) {
        return Err(Error::invalid(*fixed, "cannot be changed after creation"));
    }
    let mut outcome = Outcome::Unchanged;
    if !changed.is_empty() {
        let request: U = checked(&plan.update(record, &changed)?)?;
        let (message, paths) = request.take();
        let saved = store::update_in::<R>(tx, &message, &paths).await?;
        if saved.etag() != before.etag() {
            outcome = Outcome::Updated;
        }
    }
    Ok(Taken { name, outcome, changed: changed.into_iter().map(super::plan::camel).collect() })
}

/// A request as a handler gets it: without what only the server sets, and without fault.
fn checked<Q: Message + Default + Validate>(request: &DynamicMessage) -> Result<Q> {
    let mut request = Q::decode(&*request.encode_to_vec()).map_err(Error::internal)?;
    request.clear_output_only();
    let violations = request.violations();
    if violations.is_empty() {
        return Ok(request);
    }
    let error = Error::of(Failure::InvalidArgument);
    Err(violations.into_iter().fold(error, |error, it| error.violation(it.field, it.description)))
}

/// A page of the records that the request's caller may see.
async fn list<R>(store: Store, request: Request<Vec<u8>>) -> Result<Page>
where
    R: Resource<List: Listed>,
    store::Model<R>: Sync,
{
    let (metadata, extensions, bytes) = request.into_parts();
    let list = R::List::decode(&*bytes).map_err(Error::internal)?;
    let violations = list.violations();
    if !violations.is_empty() {
        let error = Error::of(Failure::InvalidArgument);
        let told =
            |error: Error, it: api::Violation| error.violation("filters", format!("{} {}", it.field, it.description));
        return Err(violations.into_iter().fold(error, told));
    }
    let answer = store::list::<R>(&store, Request::from_parts(metadata, extensions, list)).await;
    Ok(Page { answer: answer.map_err(Error::from)?.into_inner().encode_to_vec() })
}

impl Page {
    /// Its records, and where the next page begins.
    pub fn read(&self, plan: &api::Method) -> Result<(Vec<DynamicMessage>, String)> {
        let answer = DynamicMessage::decode(plan.output.clone(), &*self.answer).map_err(Error::internal)?;
        let (mut records, mut next) = (Vec::new(), String::new());
        for (field, value) in answer.fields() {
            match value {
                Value::List(items) => records.extend(items.iter().filter_map(Value::as_message).cloned()),
                Value::String(token) if field.name() == "next_page_token" => next.clone_from(token),
                _ => {}
            }
        }
        Ok((records, next))
    }
}

macro_rules! collections {
    ($($records:path => $one:ident),* $(,)?) => {
        store::pastey::paste! {
            static COLLECTIONS: &[Collection] =
                &[$(Collection::of::<$records, [<Create $one Request>], [<Update $one Request>]>()),*];
        }
    };
}

crate::kinds!(collections);

/// The collection of this name.
pub fn find(name: &str) -> Result<&'static Collection> {
    COLLECTIONS.iter().find(|collection| collection.name == name).ok_or_else(|| {
        let names: Vec<&str> = COLLECTIONS.iter().map(|collection| collection.name).collect();
        Error::invalid("collection", format!("must be one of {}", names.join(", ")))
    })
}
