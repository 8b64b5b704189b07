//! The body of a webhook: a CloudEvents 1.0 envelope in JSON, with the resource after the change in proto3 JSON.

use api::notification::v1::Endpoint;
use api::shared::v1::{Actor, Change};
use base64::{Engine, engine::general_purpose::STANDARD};
use prost::{Message, Name};
use prost_reflect::DynamicMessage;
use prost_types::Any;
use serde::{Deserialize, Serialize};
use store::Tx;

use crate::wire_time::timestamp;

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
    /// Where in which trace the change was made, by the specification's extension for that; if somebody records it.
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
}

/// What is read of an envelope again.
#[derive(Deserialize)]
struct Origin {
    #[serde(default)]
    traceparent: String,
}

/// The ids of the trace and the span in which the change of an envelope was made.
pub fn written_in(body: &[u8]) -> Option<(String, String)> {
    let origin: Origin = serde_json::from_slice(body).ok()?;
    let mut parts = origin.traceparent.split('-').skip(1);
    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
}

/// The id of the event that a change is: the same in webhooks and inboxes. The hash is in it because a log that was set
/// back to an older copy gives the same sequence to another change.
pub fn event_id(service: &str, change: &Change) -> String {
    let hash: String = change.hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{service}-{}-{hash}", change.sequence)
}

/// The body of the messages about `change`, which is in the log of `service` under this id.
pub fn body(service: &str, event_id: &str, change: &Change) -> Vec<u8> {
    let data = resource_after(change);
    let bytes = change.after.as_ref().filter(|_| data.is_none());
    let envelope = Envelope {
        specversion: "1.0",
        id: event_id,
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
        traceparent: traceparent(change),
    };
    serde_json::to_vec(&envelope).expect("invariant: descriptors, strings and numbers have a JSON form")
}

fn traceparent(change: &Change) -> Option<String> {
    let recorded = !change.trace_id.is_empty() && !change.span_id.is_empty();
    recorded.then(|| format!("00-{}-{}-01", change.trace_id, change.span_id))
}

/// What an endpoint is told about itself to try it.
pub fn about_itself(tx: &Tx, endpoint: &Endpoint) -> Change {
    let type_url = format!("type.googleapis.com/{}", Endpoint::full_name());
    Change {
        time: Some(timestamp(tx.now())),
        r#type: "endpoint.test".to_owned(),
        resource: endpoint.name.clone(),
        version: endpoint.etag.parse().unwrap_or_default(),
        actor: Some(Actor { organization: tx.caller().organization.clone(), ..Actor::default() }),
        after: Some(Any { type_url, value: endpoint.encode_to_vec() }),
        ..Change::default()
    }
}

/// The resource after the change, if its message is one that we know.
pub fn resource_after(change: &Change) -> Option<DynamicMessage> {
    let any = change.after.as_ref()?;
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    let message = api::pool().get_message_by_name(name)?;
    DynamicMessage::decode(message, any.value.as_ref()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::events::v1::Commitment;
    use serde_json::{Value, json};

    fn change() -> Change {
        let commitment = Commitment {
            name: "commitments/1".into(),
            title: "Đưa 20 doanh nghiệp sang Gujarat".into(),
            owner: "localities/quang-ninh".into(),
            etag: "4".into(),
            ..Commitment::default()
        };
        Change {
            sequence: 17,
            time: Some(prost_types::Timestamp { seconds: 1_795_000_000, nanos: 123_456_000 }),
            r#type: "commitment.fulfilled".into(),
            resource: commitment.name.clone(),
            version: 4,
            actor: Some(Actor {
                organization: "missions/vn-in-emb".into(),
                subject: "a person".into(),
                ..Actor::default()
            }),
            hash: vec![0xAB, 0xCD, 0xEF, 0x01, 0x23].into(),
            after: Some(Any {
                type_url: "type.googleapis.com/ngkt.events.v1.Commitment".into(),
                value: commitment.encode_to_vec(),
            }),
            ..Change::default()
        }
    }

    fn read(change: &Change) -> Value {
        let body = body("events", &event_id("events", change), change);
        serde_json::from_slice(&body).expect("JSON")
    }

    #[test]
    fn a_change_travels_as_a_cloud_event_with_the_resource_as_data() {
        let expected = json!({
            "specversion": "1.0",
            "id": "events-17-abcdef01",
            "source": "/ngkt/events",
            "type": "commitment.fulfilled",
            "subject": "commitments/1",
            "time": "2026-11-18T11:06:40.123456Z",
            "datacontenttype": "application/json",
            "data": {
                "name": "commitments/1",
                "title": "Đưa 20 doanh nghiệp sang Gujarat",
                "owner": "localities/quang-ninh",
                "etag": "4",
            },
            "resourceversion": 4,
            "actor": "missions/vn-in-emb",
        });
        assert_eq!(read(&change()), expected);
    }

    #[test]
    fn an_envelope_says_where_its_change_was_made_if_somebody_records_it() {
        let (trace_id, span_id) = ("0af7651916cd43dd8448eb211c80319c".to_owned(), "b7ad6b7169203331".to_owned());
        let change = Change { trace_id: trace_id.clone(), span_id: span_id.clone(), ..change() };
        let told = body("events", "events-17", &change);
        assert_eq!(written_in(&told), Some((trace_id, span_id)));
        assert_eq!(written_in(&body("events", "events-17", &super::tests::change())), None);
    }

    #[test]
    fn a_resource_of_a_newer_service_travels_as_it_came() {
        let after = Any { type_url: "type.googleapis.com/ngkt.events.v9.Pledge".into(), value: b"\x0a\x01x".to_vec() };
        let told = read(&Change { after: Some(after), ..change() });
        assert_eq!((&told["data"], &told["data_base64"]), (&Value::Null, &json!("CgF4")));
        assert_eq!(told["datacontenttype"], "application/protobuf");
    }
}
