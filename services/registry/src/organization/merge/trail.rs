//! What a merge did, record by record: the record before and after, as it is kept.

use std::collections::BTreeMap;

use api::registry::v1::OrganizationMergeChange;
use api::registry::v1::organization_merge_change::Field;
use api::shared::v1::Audience;
use chassis::error::{Error, Result};
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use store::sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use store::{Scope, Tx, Written};

use crate::child::{child, position};

child!(image_row, "organization_merge_image", {
    resource: String,
    change_type: String,
    before: Vec<u8>,
    after: Vec<u8>,
});

/// Fields that every change changes.
const ALWAYS: [&str; 3] = ["name", "etag", "update_time"];
/// Rows that are inserted at once.
const CHUNK: usize = 100;

/// What happened to one record.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its place in the trail.
    pub position: i32,
    /// The record's name.
    pub resource: String,
    /// What happened.
    pub change_type: String,
    /// The record before, in protobuf, without personal data.
    pub before: Vec<u8>,
    /// The record afterwards; its personal data is sealed.
    pub after: Vec<u8>,
    /// The same, to be looked into.
    messages: [DynamicMessage; 2],
}

impl Image {
    /// From what a transaction wrote. A merge makes no new records before its own.
    pub fn of(written: Written) -> Result<Image> {
        Image::new(0, written.name, written.change_type, written.before.unwrap_or_default(), written.after)
    }

    fn new(position: i32, resource: String, change_type: String, before: Vec<u8>, after: Vec<u8>) -> Result<Image> {
        let described = described(&resource)?;
        let read = |bytes: &[u8]| DynamicMessage::decode(described.clone(), bytes).map_err(Error::internal);
        let messages = [read(&before)?, read(&after)?];
        Ok(Image { position, resource, change_type, before, after, messages })
    }

    /// Whether the scope sees the record.
    pub fn is_seen(&self, scope: &Scope) -> bool {
        let [_, after] = &self.messages;
        let owner = after.get_field_by_name("owner").and_then(|owner| owner.as_str().map(str::to_owned));
        let audience = after.get_field_by_name("audience").filter(|_| after.has_field_by_name("audience"));
        let audience = audience.and_then(|value| value.as_message()?.transcode_to::<Audience>().ok());
        scope.sees(&owner.unwrap_or_default(), audience.as_ref())
    }

    /// As it is told.
    pub fn change(&self) -> Result<OrganizationMergeChange> {
        let [before, after] = &self.messages;
        let mut fields = Vec::new();
        for field in after.descriptor().fields().filter(|field| !ALWAYS.contains(&field.name())) {
            let personal =
                field.options().extensions().any(|(option, _)| option.full_name() == "ngkt.options.v1.personal");
            if before.get_field(&field) == after.get_field(&field) || personal {
                continue;
            }
            let [before, after] = [json(before, field.json_name())?, json(after, field.json_name())?];
            fields.push(Field { field: field.name().to_owned(), before, after });
        }
        Ok(OrganizationMergeChange {
            resource: self.resource.clone(),
            change_type: self.change_type.clone(),
            fields,
            version_before: version(before),
            version_after: version(after),
        })
    }
}

fn described(resource: &str) -> Result<MessageDescriptor> {
    let collection = resource.split('/').next().unwrap_or_default();
    let found = api::contract().resources().find(|known| known.collection == collection);
    found.map(|known| known.message.clone()).ok_or_else(|| Error::internal(format!("{resource} is of no collection")))
}

fn json(message: &DynamicMessage, field: &str) -> Result<String> {
    let value = serde_json::to_value(message).map_err(Error::internal)?;
    Ok(value.get(field).map(serde_json::Value::to_string).unwrap_or_default())
}

fn version(message: &DynamicMessage) -> i64 {
    let etag = message.get_field_by_name("etag");
    etag.and_then(|etag| etag.as_str()?.parse().ok()).unwrap_or_default()
}

/// Writes the trail of a merge.
pub async fn keep(tx: &Tx, merge: &str, images: &[Image]) -> Result<()> {
    for (number, chunk) in images.chunks(CHUNK).enumerate() {
        let rows = chunk.iter().enumerate().map(|(at, image)| image_row::ActiveModel {
            parent: Set(merge.to_owned()),
            position: Set(position(number * CHUNK + at)),
            resource: Set(image.resource.clone()),
            change_type: Set(image.change_type.clone()),
            before: Set(image.before.clone()),
            after: Set(image.after.clone()),
        });
        image_row::Entity::insert_many(rows).exec_without_returning(tx).await.map_err(store::database)?;
    }
    Ok(())
}

/// The trail of a merge from a place on.
pub async fn page(db: &impl ConnectionTrait, merge: &str, from: i32, limit: u64) -> Result<Vec<Image>> {
    let rows = image_row::Entity::find()
        .filter(image_row::Column::Parent.eq(merge))
        .filter(image_row::Column::Position.gte(from))
        .order_by_asc(image_row::Column::Position)
        .limit(limit);
    let rows = rows.all(db).await.map_err(store::database)?;
    rows.into_iter().map(|row| Image::new(row.position, row.resource, row.change_type, row.before, row.after)).collect()
}

/// All of it.
pub async fn all(db: &impl ConnectionTrait, merge: &str) -> Result<Vec<Image>> {
    page(db, merge, 0, i32::MAX as u64).await
}

/// What first happened to each record, in the order of that: what it was before the merge.
pub fn first_of_each(images: &[Image]) -> Vec<&Image> {
    let mut first: BTreeMap<&str, &Image> = BTreeMap::new();
    for image in images {
        first.entry(&image.resource).or_insert(image);
    }
    let mut first: Vec<&Image> = first.into_values().collect();
    first.sort_by_key(|image| image.position);
    first
}

/// What last happened to each record: what it was after the merge.
pub fn last_of_each(images: &[Image]) -> impl Iterator<Item = &Image> {
    let last: BTreeMap<&str, &Image> = images.iter().map(|image| (image.resource.as_str(), image)).collect();
    last.into_values()
}
