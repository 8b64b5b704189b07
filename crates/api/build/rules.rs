//! Writes `impl Validate` for a message, from the rules that stand at its fields.

use std::collections::HashSet;
use std::fmt::Write;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::naming::{camel, oneof, snake};
use crate::resources::Standard;
use crate::said::Rules;
use crate::shape::{Verb, has_behavior};

/// The whole impl. `standard` is what the message is the request of, if it is one of a standard verb.
pub fn message(of: &MessageDescriptor, is_request: bool, standard: Option<&Standard>) -> String {
    let mut body = String::new();
    for field in of.fields().filter(|field| !has_behavior(field, "OUTPUT_ONLY")) {
        match standard {
            Some(found) if found.verb == Verb::Update && found.is_record(&field) => {
                let name = field.name();
                let _ = writeln!(
                    body,
                    "crate::resource::check_update(self.{}.as_ref(), {name:?}, self.update_mask.as_ref(), at, out);",
                    snake(name)
                );
            }
            _ if real_oneof(&field) => {}
            _ => body.push_str(&check(of, &field)),
        }
    }
    for group in of.oneofs().filter(|group| !group.is_synthetic()) {
        body.push_str(&check_oneof(of, group.name(), &group.fields().collect::<Vec<_>>()));
    }
    format!(
        "impl crate::Validate for {} {{\nconst IS_REQUEST: bool = {is_request};\n\
         fn check(&self, at: &mut crate::Path, out: &mut Vec<crate::Violation>) {{\n\
         use crate::rule::{{self, Choice, Field, Form, List, Number, Text}};\n{body}}}\n\
         fn clear_output_only(&mut self) {{\n{}}}\n}}\n",
        crate::naming::message(of),
        clear(of, standard),
    )
}

fn real_oneof(field: &FieldDescriptor) -> bool {
    field.containing_oneof().is_some_and(|group| !group.is_synthetic())
}

/// The checks of one field that is not in a oneof.
fn check(of: &MessageDescriptor, field: &FieldDescriptor) -> String {
    let (name, ident) = (field.name(), snake(field.name()));
    let rules = Rules::of(of, field);
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else { return String::new() };
        let value = one(&entry.map_entry_value_field(), "value", "Field::Entry(NAME, key)", &Rules::default(), true);
        return format!(
            "if rule::list(self.{ident}.len(), Field::Named({name:?}), &{}, at, out) {{\n\
             for (key, value) in &self.{ident} {{\nrule::key(key, {name:?}, at, out);\n{}}}\n}}\n",
            rules.list(),
            value.replace("NAME", &format!("{name:?}")),
        );
    }
    if field.is_list() {
        let item = format!("Field::Item({name:?}, index)");
        let each = one(field, "value", &item, &rules.items(), true);
        let mut inner = String::new();
        if rules.flag("unique") {
            let _ = writeln!(inner, "rule::unique(&self.{ident}, {name:?}, at, out);");
        }
        if !each.is_empty() {
            let _ = writeln!(inner, "for (index, value) in self.{ident}.iter().enumerate() {{\n{each}}}");
        }
        return format!(
            "if rule::list(self.{ident}.len(), Field::Named({name:?}), &{}, at, out) {{\n{inner}}}\n",
            rules.list()
        );
    }
    let place = format!("Field::Named({name:?})");
    if matches!(field.kind(), Kind::Message(_)) {
        return one(field, &format!("self.{ident}.as_ref()"), &place, &rules, false);
    }
    if field.supports_presence() {
        let inner = one(field, "value", &place, &rules, true);
        let missing = if rules.required {
            format!("if self.{ident}.is_none() {{\nrule::missing({place}, at, out);\n}}\n")
        } else {
            String::new()
        };
        let present = match inner.is_empty() {
            true => String::new(),
            false => format!("if let Some(value) = &self.{ident} {{\n{inner}}}\n"),
        };
        return missing + &present;
    }
    one(field, &format!("&self.{ident}"), &place, &rules, false)
}

fn check_oneof(of: &MessageDescriptor, group: &str, fields: &[FieldDescriptor]) -> String {
    let mut arms = String::new();
    for field in fields {
        let place = format!("Field::Named({:?})", field.name());
        let value = match field.kind() {
            Kind::Message(_) => "Some(value)",
            _ => "value",
        };
        let inner = one(field, value, &place, &Rules::of(of, field), true);
        let _ = writeln!(arms, "Some({}::{}(value)) => {{\n{inner}}}", oneof(of, group), camel(field.name()));
    }
    format!("match &self.{} {{\n{arms}None => {{}}\n}}\n", snake(group))
}

/// The check of one value. `value` is a reference, for messages an `Option` of one or (as an item) a reference;
/// `given` says that it is there even if it is zero: an item, or an optional field that is set.
fn one(field: &FieldDescriptor, value: &str, place: &str, rules: &Rules, given: bool) -> String {
    let item = place.starts_with("Field::Item") || place.starts_with("Field::Entry");
    let required = rules.required;
    match field.kind() {
        Kind::String => format!("rule::text({value}, {place}, &{}, at, out);\n", rules.text(required || item)),
        Kind::Bytes if required => format!("rule::bytes({value}, {place}, at, out);\n"),
        Kind::Bool if required => format!("rule::flag(*{value}, {place}, at, out);\n"),
        Kind::Bytes | Kind::Bool => String::new(),
        Kind::Enum(known) => format!("rule::choice(*{value}, {place}, &{}, at, out);\n", rules.choice(&known, item)),
        Kind::Message(inner) => {
            let value = if item { format!("Some({value})") } else { value.to_owned() };
            let call = match inner.full_name() {
                "google.protobuf.Timestamp" => "instant",
                "google.protobuf.Duration" => "span",
                name if name.starts_with("ngkt.") => "nested",
                _ => "present",
            };
            format!("rule::{call}({value}, {required}, {place}, at, out);\n")
        }
        kind => match rules.number(&kind, given) {
            Some(number) => format!("rule::number(*{value}, {place}, &{number}, at, out);\n"),
            None => String::new(),
        },
    }
}

/// Whether a message, or one inside it, has fields that only the server sets.
fn has_output_only(of: &MessageDescriptor, seen: &mut HashSet<String>) -> bool {
    of.full_name().starts_with("ngkt.")
        && seen.insert(of.full_name().to_owned())
        && of.fields().any(|field| {
            has_behavior(&field, "OUTPUT_ONLY") || inner(&field).is_some_and(|inner| has_output_only(&inner, seen))
        })
}

/// The message that a field holds, also as a list or as the values of a map.
fn inner(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => inner(&entry.map_entry_value_field()),
        Kind::Message(inner) => Some(inner),
        _ => None,
    }
}

fn clear(of: &MessageDescriptor, standard: Option<&Standard>) -> String {
    let mut body = String::new();
    for field in of.fields() {
        let ident = snake(field.name());
        if has_behavior(&field, "OUTPUT_ONLY") {
            let _ = writeln!(body, "self.{ident} = Default::default();");
            continue;
        }
        if inner(&field).is_none_or(|inner| !has_output_only(&inner, &mut HashSet::new())) {
            continue;
        }
        let each = match (field.is_map(), field.containing_oneof()) {
            (true, _) => format!("for value in self.{ident}.values_mut()"),
            (_, Some(group)) if !group.is_synthetic() => {
                let (path, variant) = (oneof(of, group.name()), camel(field.name()));
                format!("if let Some({path}::{variant}(value)) = &mut self.{}", snake(group.name()))
            }
            _ => format!("for value in self.{ident}.iter_mut()"),
        };
        let _ = writeln!(body, "{each} {{\ncrate::Validate::clear_output_only(value);\n}}");
        if standard.is_some_and(|found| found.verb == Verb::Create && found.is_record(&field)) {
            // The name is given by the server, from the id; one that is sent along means nothing.
            let _ = writeln!(body, "if let Some(value) = &mut self.{ident} {{\nvalue.name.clear();\n}}");
        }
    }
    body
}
