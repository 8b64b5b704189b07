//! Rules, formats and references stand only where they can be kept.

use std::collections::HashSet;

use prost_reflect::{DynamicMessage, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, Value};

use super::Report;
use crate::shape::{self, has_behavior, option, text};

/// Checks one file.
pub fn file(file: &FileDescriptor, report: &mut Report) {
    let pool = file.parent_pool();
    let types: HashSet<String> = pool
        .all_messages()
        .filter_map(|message| shape::resource(&message))
        .map(|resource| resource.type_name)
        .collect();
    for message in file.messages() {
        walk(&message, &mut |field| {
            for what in wrong(field, &types) {
                report.at(file, field.path(), format!("field {}: {what}", field.name()));
            }
        });
    }
}

fn walk(message: &MessageDescriptor, visit: &mut dyn FnMut(&FieldDescriptor)) {
    if message.is_map_entry() {
        return;
    }
    message.fields().for_each(|field| visit(&field));
    message.child_messages().for_each(|inner| walk(&inner, visit));
}

/// All that is wrong with one field.
fn wrong(field: &FieldDescriptor, types: &HashSet<String>) -> Vec<String> {
    let mut out = Vec::new();
    let is_string = field.kind() == Kind::String && !field.is_map();
    if !is_string && option(&field.options(), "ngkt.options.v1.format").is_some() {
        out.push("a format is for strings".to_owned());
    }
    if let Some(Value::Message(reference)) = option(&field.options(), "google.api.resource_reference") {
        let target = text(&reference, "type");
        if !is_string {
            out.push("a resource_reference is for strings".to_owned());
        } else if target != "*" && !types.contains(&target) {
            out.push(format!("no resource has the type {target:?}; \"*\" stands for any"));
        }
    }
    if option(&field.options(), "ngkt.options.v1.personal").is_some() {
        let own = (2..=89).contains(&field.number()) && shape::resource(field.parent_message()).is_some();
        if !own || field.containing_oneof().is_some_and(|group| !group.is_synthetic()) {
            out.push(
                "personal is for a resource's own fields, as a whole: what is inside of them is sealed with them"
                    .to_owned(),
            );
        }
    }
    if has_behavior(field, "REQUIRED") {
        out.push("REQUIRED of field_behavior is not enforced; say (buf.validate.field).required = true".to_owned());
    }
    if let Some(Value::Message(rules)) = option(&field.options(), "buf.validate.field") {
        let required = rules.get_field_by_name("required").and_then(|value| value.as_bool()).unwrap_or(false);
        if required && field.containing_oneof().is_some_and(|group| !group.is_synthetic()) {
            out.push("a field of a oneof cannot be required".to_owned());
        }
        if required && has_behavior(field, "OUTPUT_ONLY") {
            out.push("what only the server sets cannot be required".to_owned());
        }
        out.extend(rules_wrong(&rules, field, field.is_list()));
    }
    out
}

/// What is wrong with the rules of a field, or (`list` is false) of the items of one.
fn rules_wrong(rules: &DynamicMessage, field: &FieldDescriptor, list: bool) -> Vec<String> {
    let kind = field.kind();
    let mut out = Vec::new();
    for (rule, value) in rules.fields().filter(|(rule, _)| rule.name() != "required") {
        let fits = match rule.name() {
            "repeated" => list,
            _ if list || field.is_map() => false,
            "string" => kind == Kind::String,
            "int32" => kind == Kind::Int32,
            "int64" => kind == Kind::Int64,
            "double" => kind == Kind::Double,
            "enum" => matches!(kind, Kind::Enum(_)),
            _ => false,
        };
        let Some(typed) = value.as_message().filter(|_| fits) else {
            out.push(format!("rules for {} do not fit its type", rule.name()));
            continue;
        };
        match rule.name() {
            "repeated" => out.extend(repeated_wrong(typed, field)),
            "string" => out.extend(string_wrong(typed)),
            "enum" => {}
            _ => out.extend(bounds_wrong(typed)),
        }
    }
    out
}

fn repeated_wrong(rules: &DynamicMessage, field: &FieldDescriptor) -> Vec<String> {
    let mut out = Vec::new();
    let unique = rules.get_field_by_name("unique").and_then(|value| value.as_bool()).unwrap_or(false);
    if unique && matches!(field.kind(), Kind::Message(_) | Kind::Double | Kind::Float | Kind::Bytes) {
        out.push("unique is for strings, integers, enums and bools".to_owned());
    }
    let count = |name: &str| rules.get_field_by_name(name).and_then(|value| value.as_u64()).filter(|count| *count > 0);
    if let (Some(min), Some(max)) = (count("min_items"), count("max_items"))
        && min > max
    {
        out.push("min_items is more than max_items".to_owned());
    }
    if rules.has_field_by_name("items")
        && let Some(Value::Message(items)) = rules.get_field_by_name("items").map(|value| value.into_owned())
    {
        out.extend(rules_wrong(&items, field, false));
    }
    out
}

fn string_wrong(rules: &DynamicMessage) -> Vec<String> {
    let mut out = Vec::new();
    let pattern = text(rules, "pattern");
    if let Err(error) = regex::Regex::new(&pattern) {
        let last = error.to_string();
        let why = last.lines().last().unwrap_or_default().trim().to_owned();
        out.push(format!("pattern {pattern:?} does not compile: {why}"));
    }
    let length =
        |name: &str| rules.get_field_by_name(name).and_then(|value| value.as_u64()).filter(|length| *length > 0);
    if let (Some(min), Some(max)) = (length("min_len"), length("max_len"))
        && min > max
    {
        out.push("min_len is more than max_len".to_owned());
    }
    out
}

fn bounds_wrong(rules: &DynamicMessage) -> Vec<String> {
    let bound = |name: &str| {
        let value = rules.has_field_by_name(name).then(|| rules.get_field_by_name(name)).flatten()?;
        match value.into_owned() {
            Value::I32(bound) => Some(f64::from(bound)),
            Value::I64(bound) => Some(bound as f64),
            Value::F64(bound) => Some(bound),
            _ => None,
        }
    };
    let low = bound("gt").or(bound("gte"));
    let high = bound("lt").or(bound("lte"));
    let mut out = Vec::new();
    if [low, high].into_iter().flatten().any(|bound| !bound.is_finite()) {
        out.push("a bound must be a finite number".to_owned());
    }
    if let (Some(low), Some(high)) = (low, high)
        && low > high
    {
        out.push("the lower bound is above the upper one".to_owned());
    }
    out
}
