//! A resource has its four names, the standard fields with their numbers, and its own fields below them.

use std::collections::HashMap;

use prost_reflect::{FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, Value};

use super::Report;
use crate::shape::{self, ResourceInfo, has_behavior, option, text};

/// The fields that every resource has, with number, type, and whether only the server sets it.
const STANDARD: [(&str, u32, &str, bool); 7] = [
    ("name", 1, "string", false),
    ("owner", 90, "string", false),
    ("audience", 91, "ngkt.type.v1.Audience", false),
    ("create_time", 92, "google.protobuf.Timestamp", true),
    ("update_time", 93, "google.protobuf.Timestamp", true),
    ("retire_time", 94, "google.protobuf.Timestamp", true),
    ("etag", 95, "string", false),
];

/// Checks one file.
pub fn file(file: &FileDescriptor, report: &mut Report) {
    for message in file.messages() {
        let Some(Value::Message(said)) = option(&message.options(), "google.api.resource") else { continue };
        let Some(resource) = shape::resource(&message) else {
            report.at(file, message.path(), format!("resource {} has no pattern", message.name()));
            continue;
        };
        names(file, &resource, &text(&said, "plural"), report);
        standard(file, &message, report);
    }
}

fn names(file: &FileDescriptor, resource: &ResourceInfo, plural: &str, report: &mut Report) {
    let message = &resource.message;
    let mut wrong = |what: String| report.at(file, message.path(), format!("resource {}: {what}", message.name()));
    let kind = format!("ngkt.vn/{}", message.name());
    if resource.type_name != kind {
        wrong(format!("its type is {kind:?}, not {:?}", resource.type_name));
    }
    if !resource.singular.eq_ignore_ascii_case(message.name()) || !resource.singular.starts_with(char::is_lowercase) {
        wrong(format!("its singular is the message's name in lowerCamelCase, not {:?}", resource.singular));
    }
    if plural != resource.collection {
        wrong(format!("its plural {plural:?} is not the collection {:?} of its pattern", resource.collection));
    }
    let Some(Value::Message(said)) = option(&message.options(), "google.api.resource") else { return };
    let patterns = said.get_field_by_name("pattern").map(|value| value.into_owned());
    for pattern in patterns.iter().flat_map(|value| value.as_list().unwrap_or_default()).filter_map(Value::as_str) {
        let parts: Vec<&str> = pattern.split('/').collect();
        let variable = parts.last().is_some_and(|part| part.starts_with('{') && part.ends_with('}'));
        if parts.len() != 2 || !variable {
            wrong(format!("its pattern is collection/{{id}}, not {pattern:?}"));
        }
    }
}

fn standard(file: &FileDescriptor, message: &MessageDescriptor, report: &mut Report) {
    for (name, number, kind, server) in STANDARD {
        let Some(field) = message.get_field_by_name(name) else {
            let what = format!("resource {} lacks the standard field {kind} {name} = {number}", message.name());
            report.at(file, message.path(), what);
            continue;
        };
        if field.number() != number || type_of(&field) != kind || field.is_list() {
            report.at(file, field.path(), format!("the standard field {name} is {kind} {name} = {number}"));
        }
        if server && !has_behavior(&field, "OUTPUT_ONLY") {
            report.at(file, field.path(), format!("{name} carries (google.api.field_behavior) = OUTPUT_ONLY"));
        }
        if name == "name" && !has_behavior(&field, "IDENTIFIER") {
            report.at(file, field.path(), "name carries (google.api.field_behavior) = IDENTIFIER");
        }
    }
    let own = |field: &FieldDescriptor| !STANDARD.iter().any(|(name, ..)| *name == field.name());
    for field in message.fields().filter(own).filter(|field| !(2..=89).contains(&field.number())) {
        report.at(file, field.path(), format!("{}: a resource's own fields have the numbers 2 to 89", field.name()));
    }
}

fn type_of(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(inner) => inner.full_name().to_owned(),
        Kind::String => "string".to_owned(),
        other => format!("{other:?}"),
    }
}

/// A type or a collection is one resource's.
pub fn twice(files: &[FileDescriptor], report: &mut Report) {
    let mut seen: HashMap<String, String> = HashMap::new();
    for file in files {
        for resource in file.messages().filter_map(|message| shape::resource(&message)) {
            for name in [resource.type_name, resource.collection] {
                if let Some(first) = seen.insert(name.clone(), resource.message.full_name().to_owned()) {
                    report.at(file, resource.message.path(), format!("{name} is {first}'s already"));
                }
            }
        }
    }
}
