//! Messages with every field filled, made from the descriptor and its rules.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};

use super::rules::Rules;

/// Existing names by type of resource, for the references in an example; `*` is an organization.
pub type Names = BTreeMap<String, String>;

/// Names that have the right form and belong to nothing.
pub fn made_up_names() -> Names {
    let resources = api::contract().resources();
    let mut names: Names = resources
        .map(|resource| (resource.type_name.clone(), format!("{}/{}", resource.collection, "zz-made-up")))
        .collect();
    names.insert("*".to_owned(), "localities/zz-made-up".to_owned());
    names
}

/// A message with every field filled that a caller may fill, and the resource's own name, etag and owner left empty.
pub fn filled(descriptor: &MessageDescriptor, names: &Names) -> DynamicMessage {
    fill(descriptor, names, &mut vec![descriptor.full_name().to_owned()])
}

/// The types of resource to which a message refers, at any depth.
pub fn references(descriptor: &MessageDescriptor) -> BTreeSet<String> {
    fn walk(descriptor: &MessageDescriptor, seen: &mut BTreeSet<String>, found: &mut BTreeSet<String>) {
        if !seen.insert(descriptor.full_name().to_owned()) {
            return;
        }
        for field in descriptor.fields() {
            let rules = Rules::of(&field);
            if !rules.output_only {
                found.extend(rules.reference);
                if let Kind::Message(inner) = field.kind() {
                    walk(&inner, seen, found);
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(descriptor, &mut BTreeSet::new(), &mut found);
    found
}

/// Whether an example fills this field.
pub fn is_filled(field: &FieldDescriptor) -> bool {
    let rules = Rules::of(field);
    let resource = field.parent_message().get_field_by_name("audience").is_some_and(|f| f.number() == 91);
    let platforms_own = resource && (rules.identifier || ["owner", "etag"].contains(&field.name()));
    let machinery = matches!(field.kind(), Kind::Message(inner)
        if ["google.protobuf.FieldMask", "google.protobuf.Any"].contains(&inner.full_name()));
    !rules.output_only && !platforms_own && !machinery
}

fn fill(descriptor: &MessageDescriptor, names: &Names, path: &mut Vec<String>) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    if descriptor.full_name() == "ngkt.type.v1.Audience" {
        message.set_field_by_name("circle", Value::EnumNumber(2));
        message.set_field_by_name("organizations", Value::List(vec![Value::String("localities/quang-ninh".into())]));
        return message;
    }
    // One of a oneof is enough, the others would take its place.
    let mut chosen = BTreeSet::new();
    for field in descriptor.fields().filter(is_filled) {
        let alternative = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
        if alternative.is_some_and(|oneof| !chosen.insert(oneof.name().to_owned())) {
            continue;
        }
        if let Some(value) = value(&field, names, path) {
            message.set_field(&field, value);
        }
    }
    message
}

/// A value that keeps all rules of the field; none for a message within itself.
fn value(field: &FieldDescriptor, names: &Names, path: &mut Vec<String>) -> Option<Value> {
    let rules = Rules::of(field);
    if field.is_map() {
        return Some(Value::Map([(MapKey::String("vi".into()), Value::String("Ví dụ".into()))].into()));
    }
    let item = match field.kind() {
        Kind::Message(inner) => message_value(&inner, names, path)?,
        kind => scalar(field, &kind, &rules, names),
    };
    Some(if field.is_list() { Value::List(vec![item]) } else { item })
}

fn message_value(inner: &MessageDescriptor, names: &Names, path: &mut Vec<String>) -> Option<Value> {
    if inner.full_name() == "google.protobuf.Timestamp" {
        let mut instant = DynamicMessage::new(inner.clone());
        instant.set_field_by_name("seconds", Value::I64(1_767_225_600));
        return Some(Value::Message(instant));
    }
    if path.contains(&inner.full_name().to_owned()) {
        return None;
    }
    path.push(inner.full_name().to_owned());
    let message = fill(inner, names, path);
    path.pop();
    Some(Value::Message(message))
}

/// Numbers and days rise with the field's number, so that what stands first in a message is the lesser or the earlier.
fn scalar(field: &FieldDescriptor, kind: &Kind, rules: &Rules, names: &Names) -> Value {
    let number = field.number();
    match kind {
        Kind::Bool => Value::Bool(true),
        Kind::Bytes => Value::Bytes(bytes::Bytes::from_static(b"example")),
        Kind::Enum(values) => {
            let allowed = values.values().map(|v| v.number()).find(|n| *n != 0 && !rules.not_in.contains(n));
            Value::EnumNumber(allowed.expect("an enum has a value that may be used"))
        }
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(within(rules, f64::from(number)) as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(within(rules, f64::from(number)) as i64),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(within(rules, f64::from(number)) as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(within(rules, f64::from(number)) as u64),
        Kind::Double => Value::F64(within(rules, f64::from(number) + 0.5)),
        Kind::Float => Value::F32(within(rules, f64::from(number) + 0.5) as f32),
        Kind::String => Value::String(string(field, rules, names)),
        Kind::Message(_) => unreachable!("invariant: messages are no scalars"),
    }
}

fn within(rules: &Rules, number: f64) -> f64 {
    let least = rules.least.map_or(f64::MIN, |(n, inclusive)| if inclusive { n } else { n + 1.0 });
    let greatest = rules.greatest.map_or(f64::MAX, |(n, inclusive)| if inclusive { n } else { n - 1.0 });
    number.clamp(least, greatest)
}

fn string(field: &FieldDescriptor, rules: &Rules, names: &Names) -> String {
    let day = format!("2026-01-{:02}", field.number() % 28 + 1);
    if let Some(reference) = &rules.reference {
        return names.get(reference).unwrap_or_else(|| panic!("{}: no {reference}", field.full_name())).clone();
    }
    if let Some(allowed) = rules.one_of.first() {
        return allowed.clone();
    }
    if let Some(pattern) = &rules.pattern {
        return super::pattern::matching(pattern);
    }
    match (rules.format.as_deref(), rules.well_known.as_deref()) {
        (Some("DATE" | "PARTIAL_DATE"), _) => day,
        (Some("SLUG"), _) => "example-slug".to_owned(),
        (Some("COUNTRY_CODE"), _) => "XZ".to_owned(),
        (Some("LANGUAGE"), _) => "vi".to_owned(),
        (Some("URL"), _) | (_, Some("uri")) => "https://example.org/a".to_owned(),
        (_, Some("email")) => "somebody@example.org".to_owned(),
        (_, Some("uuid")) => "0193b3a0-7c6e-7000-8000-000000000001".to_owned(),
        (Some(other), _) => panic!("a format that these tests do not know: {other}"),
        (None, _) => words(field, rules),
    }
}

/// Vietnamese words of an allowed length.
fn words(field: &FieldDescriptor, rules: &Rules) -> String {
    let text = format!("Ví dụ “{}” & <b>đủ dấu</b> \u{1F91D}", field.name());
    let padded = format!("{text:x<width$}", width = rules.min_len.unwrap_or_default() as usize);
    padded.chars().take(rules.max_len.unwrap_or(u64::MAX) as usize).collect::<String>().trim().to_owned()
}

/// Sets the field at a path such as `engagement.agenda[0].title`, or clears it.
pub fn set(message: &mut DynamicMessage, path: &str, value: Option<Value>) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let name = first.trim_end_matches("[0]");
    let field = message.descriptor().get_field_by_name(name).unwrap_or_else(|| panic!("no field {name}"));
    match (rest, value) {
        (None, None) if first == name => message.clear_field(&field),
        (None, Some(value)) if first == name => message.set_field(&field, value),
        (rest, value) => match message.get_field_mut(&field) {
            Value::List(items) => match (rest, items.first_mut()) {
                (None, Some(item)) => *item = value.expect("invariant: an item is not cleared"),
                (Some(rest), Some(Value::Message(inner))) => set(inner, rest, value),
                _ => panic!("{path}: the list is empty"),
            },
            Value::Message(inner) => set(inner, rest.expect("invariant: a path goes on"), value),
            _ => panic!("{path} leads through a scalar"),
        },
    }
}
