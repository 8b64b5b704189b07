//! The body of a webhook: a CloudEvents 1.0 envelope in JSON, with the resource after the change in proto3 JSON.

use api::shared::v1::Change;
use base64::{Engine, engine::general_purpose::STANDARD};
use prost_reflect::DynamicMessage;
use serde::Serialize;

/// The media type of an envelope.
pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// The envelope. Names are those of the CloudEvents specification; after `data` stand extensions, which it wants in
/// lower case.
#[derive(Serialize)]
struct Envelope<'a> {
    specversion: &'static str,
    id: &'a str,
    source: String,
    #[serde(rename = "type")]
    change_type: &'a str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    datacontenttype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<DynamicMessage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
    /// The version of the resource: which of two messages about one resource is the later.
    resourceversion: i64,
    /// The organization that made the change.
    #[serde(skip_serializing_if = "str::is_empty")]
    actor: &'a str,
}

/// The id of the event that a change is: the same in webhooks and inboxes.
pub fn event_id(service: &str, change: &Change) -> String {
    format!("{service}-{}", change.sequence)
}

/// The body of the messages about `change`, which is in the log of `service`.
pub fn body(service: &str, change: &Change) -> Vec<u8> {
    let data = resource_after(change);
    let bytes = change.after.as_ref().filter(|_| data.is_none());
    let envelope = Envelope {
        specversion: "1.0",
        id: &event_id(service, change),
        source: format!("/ngkt/{service}"),
        change_type: &change.r#type,
        subject: &change.resource,
        time: change.time.as_ref().map(ToString::to_string),
        datacontenttype: if bytes.is_some() { "application/protobuf" } else { "application/json" },
        data,
        // A service newer than this one may send a message that we cannot read. It is passed on as it came: stopping
        // here would stop everybody's messages.
        data_base64: bytes.map(|any| STANDARD.encode(&any.value)),
        resourceversion: change.version,
        actor: change.actor.as_ref().map_or("", |actor| &actor.organization),
    };
    serde_json::to_vec(&envelope).expect("invariant: descriptors, strings and numbers have a JSON form")
}

/// The resource after the change, if its message is one that we know.
pub fn resource_after(change: &Change) -> Option<DynamicMessage> {
    let any = change.after.as_ref()?;
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    let message = api::pool().get_message_by_name(name)?;
    DynamicMessage::decode(message, any.value.as_ref()).ok()
}
