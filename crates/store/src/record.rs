//! Records between message and row.

use api::Resource as _;
use api::shared::v1::Audience;
use api::shared::v1::audience::Circle;
use chassis::error::{Error, Result};
use chrono::{DateTime, Utc};
use prost::Message as _;
use prost_types::Timestamp;

use crate::entity::{NewRow, Row, Standard};
use crate::personal::Sealed;
use crate::resource::{ActiveModel, Model, Resource};
use crate::scope::readers;
use crate::words;

/// The message of a row, complete but for its personal data.
pub(crate) fn message<R: Resource>(row: &Model<R>) -> Result<R::Message> {
    let standard = <R::Row as Row>::standard(row);
    let mut message = R::Message::decode(standard.content).map_err(Error::internal)?;
    message.set_name(name::<R>(standard.id));
    stamp(&mut message, &standard);
    Ok(message)
}

/// The row of a complete message.
pub(crate) fn row<R: Resource>(sealed: &Sealed<'_, R::Message>, change_hash: Vec<u8>) -> ActiveModel<R> {
    let message: &R::Message = &sealed.bare;
    let mut bare = message.clone();
    bare.set_name(String::new());
    bare.set_etag(String::new());
    bare.set_create_time(None);
    bare.set_update_time(None);
    bare.set_retire_time(None);
    let audience = message.audience();
    let mut row = <R::Row as Row>::row(NewRow {
        id: message.id().to_owned(),
        owner: message.owner().to_owned(),
        audience: audience.map_or(R::AUDIENCE, Audience::circle) as i32,
        readers: readers(audience.map_or(&[], |audience| &audience.organizations)),
        version: version(message),
        created_at: message.create_time().map_or(0, micros),
        updated_at: message.update_time().map_or(0, micros),
        retired_at: message.retire_time().map(micros),
        search_text: words::text(R::search_words(message)),
        content: sealed.behind(bare.encode_to_vec()),
        change_hash,
    });
    R::columns(message, &mut row);
    row
}

/// The words that a row keeps.
pub(crate) fn search_text<R: Resource>(row: &ActiveModel<R>) -> String {
    match sea_orm::ActiveModelTrait::get(row, R::Row::SEARCH_TEXT) {
        sea_orm::ActiveValue::Set(sea_orm::Value::String(Some(text))) => text.to_string(),
        _ => String::new(),
    }
}

fn stamp<M: api::Resource>(message: &mut M, standard: &Standard<'_>) {
    message.set_etag(standard.version.to_string());
    message.set_create_time(Some(timestamp(standard.created_at)));
    message.set_update_time(Some(timestamp(standard.updated_at)));
    message.set_retire_time(standard.retired_at.map(timestamp));
}

/// Makes the audience explicit, so that whoever reads the record knows who else does.
pub(crate) fn settle_audience<R: Resource>(message: &mut R::Message) -> Result<()> {
    let mut audience = message.audience().cloned().unwrap_or_default();
    if audience.circle() == Circle::Unspecified {
        audience.circle = R::AUDIENCE.into();
    }
    if audience.organizations.iter().any(|name| name.is_empty() || name.contains('|')) {
        let field = format!("{}.audience.organizations", field::<R>());
        return Err(Error::invalid(field, "must hold resource names of organizations"));
    }
    audience.organizations.sort_unstable();
    audience.organizations.dedup();
    message.set_audience(Some(audience));
    Ok(())
}

/// The resource name of an id.
pub(crate) fn name<R: Resource>(id: &str) -> String {
    format!("{}/{id}", R::Message::COLLECTION)
}

/// The id in a resource name; a name of another collection names nothing here.
pub(crate) fn id<R: Resource>(name: &str) -> Result<&str> {
    let id = name.strip_prefix(R::Message::COLLECTION).and_then(|rest| rest.strip_prefix('/'));
    id.filter(|id| !id.is_empty() && !id.contains('/')).ok_or_else(|| Error::not_found(name))
}

/// The version that a record's etag tells; 0 if it tells none.
pub(crate) fn version(message: &impl api::Resource) -> i64 {
    message.etag().parse().unwrap_or_default()
}

/// An instant as the databases keep it: microseconds since 1970.
pub(crate) fn micros(time: &Timestamp) -> i64 {
    time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000
}

/// An instant from microseconds since 1970.
pub(crate) fn timestamp(micros: i64) -> Timestamp {
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).expect("invariant: below a thousand million");
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

/// An instant as messages have it.
pub(crate) fn stamped(now: DateTime<Utc>) -> Timestamp {
    timestamp(now.timestamp_micros())
}

/// The field of requests that holds the record: `tradeAgreement` as `trade_agreement`.
pub(crate) fn field<R: Resource>() -> String {
    let mut field = String::new();
    for letter in R::Message::SINGULAR.chars() {
        if letter.is_ascii_uppercase() {
            field.push('_');
        }
        field.push(letter.to_ascii_lowercase());
    }
    field
}
