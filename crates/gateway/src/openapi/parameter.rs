//! What a request gives in its address and its head.

use api::{Segment, Template};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::rules::Rules;
use super::schema::Schemas;
use super::tree::{Node, Object};
use crate::json::plan::Plans;
use crate::rest::endpoint::{Endpoint, Place};

/// Messages inside messages, whose fields are given as `a.b`, are followed so deep.
const DEPTH_MAX: usize = 3;

/// The path with a word in braces for each part that varies, and its parameters.
pub fn path(endpoint: &Endpoint) -> (String, Vec<Node>) {
    let template = &endpoint.route.template;
    let (mut path, mut names, mut parameters) = (String::new(), Vec::new(), Vec::new());
    for (index, segment) in template.segments.iter().enumerate() {
        path.push('/');
        if let Segment::Literal(word) = segment {
            path.push_str(word);
            continue;
        }
        let (name, description) = word(template, index, &names);
        path.push_str(&format!("{{{name}}}"));
        let schema = Object::new().with("type", "string").with("minLength", 1u64);
        parameters.push(
            Object::new()
                .with("name", name.as_str())
                .with("in", "path")
                .with("required", true)
                .with("description", description)
                .with("schema", schema)
                .into(),
        );
        names.push(name);
    }
    if let Some(verb) = &template.verb {
        path.push(':');
        path.push_str(verb);
    }
    (path, parameters)
}

/// What the part at `index` is called and is: the id of a record after the word of its collection, else a field.
fn word(template: &Template, index: usize, taken: &[String]) -> (String, String) {
    let collection = match index.checked_sub(1).map(|before| &template.segments[before]) {
        Some(Segment::Literal(word)) => {
            api::contract().resource_of_collection(word).map(|found| (word, &found.singular))
        }
        _ => None,
    };
    let variable = template.variables.iter().find(|variable| (variable.start..variable.end).contains(&index));
    let field = variable.and_then(|variable| variable.field.rsplit('.').next()).unwrap_or("part");
    let (name, description) = match collection {
        Some((word, singular)) => (singular.clone(), format!("What follows {word}/ in the record's name.")),
        None => (field.to_owned(), String::from("A part of the path.")),
    };
    match taken.contains(&name) {
        true => (format!("{name}{index}"), description),
        false => (name, description),
    }
}

/// The parameters of the query: every field that neither the path nor the body gives.
pub fn query(endpoint: &Endpoint, schemas: &mut Schemas) -> Vec<Node> {
    let mut found = Vec::new();
    fields(endpoint, &endpoint.method.input, "", schemas, &mut found);
    found
}

fn fields(
    endpoint: &Endpoint,
    message: &MessageDescriptor,
    prefix: &str,
    schemas: &mut Schemas,
    found: &mut Vec<Node>,
) {
    for field in message.fields().filter(|field| !field.is_map()) {
        let name = format!("{prefix}{}", field.json_name());
        let Some(place) = Place::of(Plans::contract(), endpoint.input, &name) else { continue };
        if endpoint.binds(&place) || api::has_behavior(&field, "OUTPUT_ONLY") {
            continue;
        }
        match field.kind() {
            Kind::Message(inner) if !inner.full_name().starts_with("google.protobuf.") => {
                if !field.is_list() && name.matches('.').count() < DEPTH_MAX {
                    fields(endpoint, &inner, &format!("{name}."), schemas, found);
                }
            }
            _ => found.push(parameter(&field, &name, prefix.is_empty(), schemas)),
        }
    }
}

fn parameter(field: &FieldDescriptor, name: &str, top: bool, schemas: &mut Schemas) -> Node {
    Object::new()
        .with("name", name)
        .with("in", "query")
        .with_some("required", (top && Rules::of(field).required).then_some(true))
        .with_text("description", api::comment_of_field(field))
        .with("schema", schemas.bare(field, true))
        .into()
}

/// The parameters of the head, which are the same everywhere.
pub fn head(endpoint: &Endpoint) -> Vec<Node> {
    let shared = |name: &str| Node::from(Object::new().with("$ref", format!("#/components/parameters/{name}")));
    let mut names = Vec::new();
    if endpoint.method.change.is_some() {
        names.push("IdempotencyKey");
    }
    if endpoint.etag.is_some() {
        names.push("IfMatch");
    }
    names.push(if endpoint.method.server_streaming { "LastEventId" } else { "RequestTimeout" });
    names.into_iter().map(shared).collect()
}

/// The definitions of the parameters of the head.
pub fn shared() -> Object {
    let header = |name: &str, description: &str, schema: Object| {
        Object::new().with("name", name).with("in", "header").with("description", description).with("schema", schema)
    };
    let text = || Object::new().with("type", "string");
    Object::new()
        .with(
            "IdempotencyKey",
            header(
                "Idempotency-Key",
                "A key of the caller's choice under which this write may be repeated for a day without being done twice.",
                text().with("minLength", 1u64).with("maxLength", 200u64).with("pattern", "^[!-~]+$"),
            ),
        )
        .with(
            "IfMatch",
            header(
                "If-Match",
                "The version that is to be changed, as the header ETag gave it; the change is refused with 412 if it is another by now.",
                text().with("examples", vec!["\"3\""]),
            ),
        )
        .with("LastEventId", header("Last-Event-ID", "The id of the last event that was seen: the stream goes on after it.", text()))
        .with(
            "RequestTimeout",
            header(
                "X-Request-Timeout",
                "How many seconds the request may take.",
                Object::new().with("type", "number").with("exclusiveMinimum", 0u64),
            ),
        )
}
