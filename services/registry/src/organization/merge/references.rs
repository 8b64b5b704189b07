//! What refers to an organization in this register: found by the contract's own references, not by a list of fields.

use api::Resource as _;
use api::registry::v1::Organization;
use chassis::error::{Error, Result};
use futures::future::BoxFuture;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};
use store::sea_orm::sea_query::{Condition, Expr};
use store::sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IdenStatic, Iterable, QueryFilter, QueryOrder, QuerySelect,
};
use store::{Resource, Row, Scope, Tx, personal};

use super::super::relation::{OrganizationRelations, has_twin};
use super::stamp;
use super::trail::Image;

/// A kind of record that may refer to organizations.
struct Referrer {
    collection: &'static str,
    repoint: for<'a> fn(&'a Tx, &'a str, &'a str) -> BoxFuture<'a, Result<()>>,
    stands: for<'a> fn(&'a Tx, &'a Image) -> BoxFuture<'a, Result<bool>>,
    restore: for<'a> fn(&'a Tx, &'a Image) -> BoxFuture<'a, Result<()>>,
}

macro_rules! referrers {
    ($($records:path => $one:ident),* $(,)?) => {
        /// All kinds that a merge looks at. Those of which the contract says that they name no organization are passed over.
        const REFERRERS: &[Referrer] = &[$(Referrer {
            collection: <<$records as Resource>::Message as api::Resource>::COLLECTION,
            repoint: |tx, from, to| Box::pin(repoint_all::<$records>(tx, from, to)),
            stands: |tx, image| Box::pin(stands_as::<$records>(tx, image)),
            restore: |tx, image| Box::pin(restore_one::<$records>(tx, image)),
        }),*];
    };
}

crate::kinds!(referrers);

/// Makes what refers to one organization refer to another. Retired records stay as they are.
pub async fn repoint(tx: &Tx, from: &str, to: &str) -> Result<()> {
    for referrer in REFERRERS {
        (referrer.repoint)(tx, from, to).await?;
    }
    Ok(())
}

/// Whether a record is still what it was at the end of a merge.
pub async fn stands(tx: &Tx, image: &Image) -> Result<bool> {
    (referrer(image)?.stands)(tx, image).await
}

/// Makes a record again what it was before.
pub async fn restore(tx: &Tx, image: &Image) -> Result<()> {
    (referrer(image)?.restore)(tx, image).await
}

fn referrer(image: &Image) -> Result<&'static Referrer> {
    let collection = image.resource.split('/').next().unwrap_or_default();
    let found = REFERRERS.iter().find(|referrer| referrer.collection == collection);
    found.ok_or_else(|| Error::internal(format!("{} is of no kind that a merge changes", image.resource)))
}

async fn repoint_all<R: Resource>(tx: &Tx, from: &str, to: &str) -> Result<()> {
    let Some(message) = described::<R>() else { return Ok(()) };
    if !refers(&message) {
        return Ok(());
    }
    for name in referring::<R>(tx, &message, from).await? {
        let before = store::load::<R>(tx, &Scope::everything(), &name).await?;
        let after = replaced::<R>(&message, &before, from, to)?;
        let change_type = format!("{}.repointed", R::Message::SINGULAR);
        let Some(after) = settled::<R>(tx, &after).await? else { continue };
        // Of bodies one must not come to stand above itself; of all else, what was decided under its rules stays decided.
        match R::Message::COLLECTION == Organization::COLLECTION {
            true => store::save::<R>(tx, &change_type, before, after).await?,
            false => store::repoint::<R>(tx, &change_type, before, after).await?,
        };
    }
    Ok(())
}

/// A relation that would lead from a body to itself, or that is recorded already for the same days, is retired as it is; those that
/// differ by their dates alone are kept.
async fn settled<R: Resource>(tx: &Tx, after: &R::Message) -> Result<Option<R::Message>> {
    let any: &dyn std::any::Any = after;
    let Some(relation) = any.downcast_ref::<api::registry::v1::OrganizationRelation>() else {
        return Ok(Some(after.clone()));
    };
    if relation.from != relation.to && !has_twin(tx, relation).await? {
        return Ok(Some(after.clone()));
    }
    let before = store::load::<OrganizationRelations>(tx, &Scope::everything(), &relation.name).await?;
    let mut retired = before.clone();
    retired.retire_time = Some(stamp(tx.now()));
    store::save::<OrganizationRelations>(tx, "organizationRelation.retired", before, retired).await?;
    Ok(None)
}

/// The names of the records of a kind that refer to an organization. Where each reference has a column, by these; else by what the
/// records hold.
async fn referring<R: Resource>(tx: &Tx, message: &MessageDescriptor, target: &str) -> Result<Vec<String>> {
    let column = |name: &str| <R::Row as EntityTrait>::Column::iter().find(|column| column.as_str() == name);
    let mut wanted = Condition::any();
    let mut everywhere = false;
    for field in message.fields().filter(|field| !is_kept(field)) {
        match (is_reference(&field), column(field.name())) {
            (true, Some(column)) if !field.is_list() => wanted = wanted.add(column.eq(target)),
            (true, _) => everywhere = true,
            (false, _) => everywhere |= inner(&field).is_some_and(|inner| refers(&inner)),
        }
    }
    if everywhere {
        wanted = wanted.add(holds(tx.get_database_backend(), target));
    }
    let select = R::Row::find().select_only().column(R::Row::ID).filter(wanted).filter(R::Row::RETIRED_AT.is_null());
    let ids: Vec<String> = select.order_by_asc(R::Row::ID).into_tuple().all(tx).await.map_err(store::database)?;
    Ok(ids.into_iter().map(|id| format!("{}/{id}", R::Message::COLLECTION)).collect())
}

/// The condition that the bytes of a record hold a text. Whether as a reference, is seen when it is read.
fn holds(backend: DbBackend, text: &str) -> Expr {
    let text = text.as_bytes().to_vec();
    match backend {
        DbBackend::Postgres => Expr::cust_with_values("position($1 in content) > 0", [text]),
        _ => Expr::cust_with_values("instr(content, ?) > 0", [text]),
    }
}

fn replaced<R: Resource>(message: &MessageDescriptor, record: &R::Message, from: &str, to: &str) -> Result<R::Message> {
    let mut dynamic = DynamicMessage::decode(message.clone(), &*record.encode_to_vec()).map_err(Error::internal)?;
    replace(&mut dynamic, from, to);
    let mut after = R::Message::decode(&*dynamic.encode_to_vec()).map_err(Error::internal)?;
    // Whoever was let see it as the one body sees it as the other.
    if let Some(mut audience) = after.audience().cloned().filter(|it| it.organizations.iter().any(|name| name == from))
    {
        audience.organizations.retain(|name| name != from && name != to);
        audience.organizations.push(to.to_owned());
        after.set_audience(Some(audience));
    }
    Ok(after)
}

/// Replaces references, here and in the messages inside. A list that would name the same twice names it once.
fn replace(message: &mut DynamicMessage, from: &str, to: &str) {
    for field in message.descriptor().fields().filter(|field| !is_kept(field)).collect::<Vec<_>>() {
        if !message.has_field(&field) || !(is_reference(&field) || inner(&field).is_some()) {
            continue;
        }
        let reference = is_reference(&field);
        let put = |value: &mut Value| match value {
            Value::String(name) if reference && name == from => *name = to.to_owned(),
            Value::Message(inner) => replace(inner, from, to),
            _ => {}
        };
        match message.get_field_mut(&field) {
            Value::List(values) => {
                values.iter_mut().for_each(put);
                if reference {
                    let mut seen: Vec<Value> = Vec::new();
                    values.retain(|value| {
                        let first = !seen.contains(value) || value.as_str() != Some(to);
                        seen.push(value.clone());
                        first
                    });
                }
            }
            Value::Map(values) => {
                let values: &mut std::collections::HashMap<MapKey, Value> = values;
                values.values_mut().for_each(put);
            }
            value => put(value),
        }
    }
}

async fn stands_as<R: Resource>(tx: &Tx, image: &Image) -> Result<bool> {
    let now = store::load::<R>(tx, &Scope::everything(), &image.resource).await?;
    let then = R::Message::decode(&*image.after).map_err(Error::internal)?;
    let now = personal::bare(&now).into_owned();
    Ok(now.fields_changed(&then).is_empty() && now.retire_time() == then.retire_time())
}

async fn restore_one<R: Resource>(tx: &Tx, image: &Image) -> Result<()> {
    let now = store::load::<R>(tx, &Scope::everything(), &image.resource).await?;
    let then = R::Message::decode(&*image.before).map_err(Error::internal)?;
    let change_type = format!("{}.restored", R::Message::SINGULAR);
    store::restore::<R>(tx, &change_type, now, then).await.map(drop)
}

fn described<R: Resource>() -> Option<MessageDescriptor> {
    let found = api::contract().resources().find(|known| known.collection == R::Message::COLLECTION);
    found.map(|known| known.message.clone())
}

/// Whether a kind of record can refer to organizations.
fn refers(message: &MessageDescriptor) -> bool {
    refers_within(message, &mut Vec::new())
}

fn refers_within(message: &MessageDescriptor, above: &mut Vec<MessageDescriptor>) -> bool {
    if above.contains(message) {
        return false;
    }
    above.push(message.clone());
    let found = message
        .fields()
        .filter(|field| !is_kept(field))
        .any(|field| is_reference(&field) || inner(&field).is_some_and(|inner| refers_within(&inner, above)));
    above.pop();
    found
}

/// The message in a field that is one of ours; what every record has besides its own is not looked into.
fn inner(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(inner) if inner.full_name().starts_with("ngkt.registry.") => Some(inner),
        _ => None,
    }
}

/// What only the server sets says what happened, and stays.
fn is_kept(field: &FieldDescriptor) -> bool {
    let behaviors = field
        .options()
        .extensions()
        .find_map(|(option, value)| (option.full_name() == "google.api.field_behavior").then(|| value.clone()));
    const OUTPUT_ONLY: i32 = 3;
    let values = behaviors.as_ref().and_then(Value::as_list).unwrap_or_default();
    values.iter().any(|value| value.as_enum_number() == Some(OUTPUT_ONLY))
}

/// Whether a field names organizations, or records of any kind.
fn is_reference(field: &FieldDescriptor) -> bool {
    let reference = field
        .options()
        .extensions()
        .find_map(|(option, value)| (option.full_name() == "google.api.resource_reference").then(|| value.clone()));
    let target = reference.as_ref().and_then(Value::as_message).and_then(|message| message.get_field_by_name("type"));
    target.is_some_and(|target| matches!(target.as_str(), Some("*" | "ngkt.vn/Organization")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organization::Organizations;

    /// Kinds whose references are history, which a merge does not rewrite.
    const HISTORY: [&str; 1] = ["organizationMerges"];

    #[test]
    fn all_kinds_that_the_contract_lets_refer_to_organizations_are_known() {
        let registry = |package: &str| package == "ngkt.registry.v1";
        let wanted: Vec<&str> = api::contract()
            .resources()
            .filter(|known| registry(known.message.package_name()) && refers(&known.message))
            .map(|known| known.collection.as_str())
            .filter(|collection| !HISTORY.contains(collection))
            .collect();
        let known: Vec<&str> = REFERRERS.iter().map(|referrer| referrer.collection).collect();
        let missing: Vec<&&str> = wanted.iter().filter(|collection| !known.contains(collection)).collect();
        assert!(missing.is_empty(), "add these to the list of kinds: {missing:?}");
    }

    #[test]
    fn references_are_replaced_wherever_they_stand_and_lists_name_nothing_twice() {
        let message = described::<Organizations>().unwrap();
        let body = api::registry::v1::Organization {
            name: "organizations/c".into(),
            parent: "organizations/a".into(),
            description: "organizations/a".into(),
            merged_into: "organizations/a".into(),
            ..Default::default()
        };
        let after = replaced::<Organizations>(&message, &body, "organizations/a", "organizations/b").unwrap();
        assert_eq!(after, api::registry::v1::Organization { parent: "organizations/b".into(), ..body });
    }
}
