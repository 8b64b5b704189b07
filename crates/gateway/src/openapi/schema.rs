//! Messages and enums as JSON Schemas: those that are reached from some rpc, once each.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use super::rules::Rules;
use super::tree::Object;

/// The schemas that have been asked for so far.
pub struct Schemas {
    /// The messages that clients send: only there are default bounds.
    sent: BTreeSet<String>,
    done: BTreeMap<String, Object>,
    messages: BTreeSet<String>,
    waiting: Vec<MessageDescriptor>,
}

impl Schemas {
    /// No schemas yet, where clients send the messages `sent` and those inside.
    pub fn new(sent: impl Iterator<Item = MessageDescriptor>) -> Schemas {
        let (mut seen, mut waiting) = (BTreeSet::new(), sent.collect::<Vec<_>>());
        while let Some(message) = waiting.pop() {
            if seen.insert(message.full_name().to_owned()) {
                waiting.extend(message.fields().filter_map(|field| field.kind().as_message().cloned()));
            }
        }
        Schemas { sent: seen, done: BTreeMap::new(), messages: BTreeSet::new(), waiting: Vec::new() }
    }

    /// A reference to the schema of a message, or the schema itself if its JSON is not an object of its fields.
    pub fn message(&mut self, message: &MessageDescriptor) -> Object {
        if let Some(known) = known(message.full_name()) {
            return known;
        }
        if self.messages.insert(message.full_name().to_owned()) {
            self.waiting.push(message.clone());
        }
        reference(message.full_name())
    }

    /// A field's schema, with what is said about the field. `input` tells whether clients send it.
    pub fn field(&mut self, field: &FieldDescriptor, input: bool) -> Object {
        self.bare(field, input).with_text("description", api::comment_of_field(field))
    }

    /// The same without the field's comment.
    pub fn bare(&mut self, field: &FieldDescriptor, input: bool) -> Object {
        let rules = Rules::of(field);
        let server = ["OUTPUT_ONLY", "IDENTIFIER"].iter().any(|behavior| api::has_behavior(field, behavior));
        self.value(field, &rules, input && !server)
            .with_some("readOnly", server.then_some(true))
            .with_some("x-immutable", api::has_behavior(field, "IMMUTABLE").then_some(true))
            .with_some("x-references", referenced(field))
    }

    fn value(&mut self, field: &FieldDescriptor, rules: &Rules, input: bool) -> Object {
        if let Kind::Message(entry) = field.kind()
            && field.is_map()
        {
            let values = self.single(&entry.map_entry_value_field().kind(), &Rules::default(), input);
            return Object::new().with("type", "object").with("additionalProperties", values);
        }
        if field.is_list() {
            let items = self.single(&field.kind(), &rules.items(), input);
            let mut schema = Object::new().with("type", "array").with("items", items);
            schema.extend(rules.of_list(input));
            return schema;
        }
        self.single(&field.kind(), rules, input)
    }

    fn single(&mut self, kind: &Kind, rules: &Rules, input: bool) -> Object {
        let (name, format) = match kind {
            Kind::Message(message) => return self.message(message),
            Kind::Enum(one) => return self.enumeration(one, &rules.refused()),
            Kind::Double => ("number", Some("double")),
            Kind::Float => ("number", Some("float")),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => ("integer", Some("int32")),
            Kind::Uint32 | Kind::Fixed32 => ("integer", Some("uint32")),
            Kind::Bool => ("boolean", None),
            Kind::String => ("string", None),
            Kind::Bytes => return Object::new().with("type", "string").with("contentEncoding", "base64"),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => return long("int64", "^-?[0-9]{1,19}$"),
            Kind::Uint64 | Kind::Fixed64 => return long("uint64", "^[0-9]{1,20}$"),
        };
        let mut schema = Object::new().with("type", name).with_some("format", format);
        schema.extend(rules.keywords(kind, input));
        schema
    }

    fn enumeration(&mut self, one: &EnumDescriptor, refused: &[i32]) -> Object {
        if !refused.is_empty() {
            return enumeration(one, refused);
        }
        let name = name(one.full_name());
        self.done.entry(name).or_insert_with(|| enumeration(one, &[]));
        reference(one.full_name())
    }

    /// All schemas that were asked for, and those that they ask for themselves.
    pub fn finish(mut self) -> Object {
        while let Some(message) = self.waiting.pop() {
            let schema = self.object(&message);
            self.done.insert(name(message.full_name()), schema);
        }
        self.done.into_iter().fold(Object::new(), |all, (name, schema)| all.with(name, schema))
    }

    fn object(&mut self, message: &MessageDescriptor) -> Object {
        // A record is also the body of a change, which gives only some fields; what creating one needs is said there.
        let record = api::option(&message.options(), "google.api.resource").is_some();
        let schema = self.without(message, &[]);
        let required = required(message);
        schema.with_some("required", (!required.is_empty() && !record).then_some(required))
    }

    /// The schema of a message without some of its fields, and without saying which must be given.
    fn without(&mut self, message: &MessageDescriptor, left_out: &[&str]) -> Object {
        let (mut properties, sent) = (Object::new(), self.sent.contains(message.full_name()));
        for field in message.fields().filter(|field| !left_out.contains(&field.name())) {
            properties.put(field.json_name(), self.field(&field, sent));
        }
        let schema = Object::new().with("type", "object").with_text("description", api::comment_of_message(message));
        schema.with("properties", properties)
    }

    /// The schema of a request that is a body, but for the fields that are given in the path.
    pub fn request(&mut self, message: &MessageDescriptor, in_path: &[&str]) -> Object {
        if in_path.is_empty() {
            return self.message(message);
        }
        let left_out: Vec<_> = message.fields().filter(|field| in_path.contains(&field.name())).collect();
        let mut required = required(message);
        required.retain(|name| left_out.iter().all(|field| field.json_name() != name));
        self.without(message, in_path).with_some("required", Some(required).filter(|required| !required.is_empty()))
    }
}

/// The JSON names of the fields that must be given.
pub fn required(message: &MessageDescriptor) -> Vec<String> {
    let given = |field: &FieldDescriptor| !api::has_behavior(field, "OUTPUT_ONLY") && Rules::of(field).required;
    message.fields().filter(given).map(|field| field.json_name().to_owned()).collect()
}

/// The name of a message or enum in the document: without our own prefix.
pub fn name(full_name: &str) -> String {
    full_name.strip_prefix("ngkt.").unwrap_or(full_name).to_owned()
}

fn reference(full_name: &str) -> Object {
    Object::new().with("$ref", format!("#/components/schemas/{}", name(full_name)))
}

fn referenced(field: &FieldDescriptor) -> Option<String> {
    let reference = api::option(&field.options(), "google.api.resource_reference")?;
    let kind = reference.as_message()?.get_field_by_name("type")?;
    kind.as_str().filter(|kind| !kind.is_empty()).map(str::to_owned)
}

fn enumeration(one: &EnumDescriptor, refused: &[i32]) -> Object {
    let mut values: Vec<_> = one.values().filter(|value| !refused.contains(&value.number())).collect();
    values.sort_by_key(|value| value.number());
    let names: Vec<&str> = values.iter().map(|value| value.name()).collect();
    let meanings =
        values.iter().fold(Object::new(), |all, value| all.with_text(value.name(), api::comment_of_enum_value(value)));
    Object::new()
        .with("type", "string")
        .with_text("description", api::comment_of_enum(one))
        .with("enum", names)
        .with_some("x-meanings", Some(meanings).filter(|meanings| !meanings.is_empty()))
}

fn long(format: &str, pattern: &str) -> Object {
    Object::new().with("type", "string").with("format", format).with("pattern", pattern)
}

/// Messages whose JSON is not an object of their fields.
fn known(full_name: &str) -> Option<Object> {
    let typed = |name: &str| Object::new().with("type", name);
    Some(match full_name.strip_prefix("google.protobuf.")? {
        "Timestamp" => typed("string").with("format", "date-time").with("examples", vec!["2026-09-20T08:30:00Z"]),
        "Duration" => typed("string").with("pattern", "^-?[0-9]+([.][0-9]{1,9})?s$").with("examples", vec!["1.5s"]),
        "FieldMask" => typed("string").with("examples", vec!["displayName,source"]),
        "Any" => {
            let kind = typed("string").with("description", "The type of the message, after the last slash.");
            typed("object").with("properties", Object::new().with("@type", kind)).with("additionalProperties", true)
        }
        "Struct" => typed("object").with("additionalProperties", true),
        "Value" => Object::new(),
        "ListValue" => typed("array"),
        "Empty" => typed("object"),
        "DoubleValue" | "FloatValue" => typed("number"),
        "Int32Value" | "UInt32Value" => typed("integer"),
        "Int64Value" | "UInt64Value" | "StringValue" => typed("string"),
        "BoolValue" => typed("boolean"),
        "BytesValue" => typed("string").with("contentEncoding", "base64"),
        _ => return None,
    })
}
