//! Failure enums: each value says how it is told, and its name is used once.

use std::collections::HashMap;

use prost_reflect::{EnumDescriptor, EnumValueDescriptor, FileDescriptor, Value};

use super::Report;
use crate::shape::{option, text};

/// Checks one file.
pub fn file(file: &FileDescriptor, report: &mut Report) {
    for found in file.enums().filter(is_failure) {
        for value in found.values() {
            if let Some(what) = wrong(&value) {
                report.at(file, value.path(), format!("failure {} {what}", value.name()));
            }
        }
    }
}

fn is_failure(of: &EnumDescriptor) -> bool {
    of.values().any(|value| option(&value.options(), "ngkt.options.v1.failure").is_some())
}

fn wrong(value: &EnumValueDescriptor) -> Option<&'static str> {
    let rule = option(&value.options(), "ngkt.options.v1.failure");
    match (value.number(), rule) {
        (0, None) => None,
        (0, Some(_)) => Some("is the zero value and stands for no failure; it has no rule"),
        (_, Some(Value::Message(rule))) => {
            let code = rule.get_field_by_name("code").and_then(|code| code.as_enum_number()).unwrap_or_default();
            match text(&rule, "message") {
                _ if code == 0 => Some("needs a canonical code other than OK"),
                message if message.is_empty() => Some("needs a message"),
                message if message.matches('{').count() != message.matches('}').count() => {
                    Some("has a brace in its message that is not closed")
                }
                _ => None,
            }
        }
        _ => Some("does not say how it is told: [(ngkt.options.v1.failure) = {code: …, message: \"…\"}]"),
    }
}

/// A reason means one thing in a package, and never the same as one that every rpc can have.
pub fn twice(files: &[FileDescriptor], report: &mut Report) {
    let mut seen: HashMap<(String, String), String> = HashMap::new();
    let mut values = Vec::new();
    for file in files {
        for found in file.enums().filter(is_failure) {
            values.extend(found.values().filter(|value| value.number() != 0).map(|value| (file, value)));
        }
    }
    values.sort_by_key(|(file, _)| file.package_name() != "ngkt.options.v1");
    for (file, value) in values {
        let key = |package: &str| (package.to_owned(), value.name().to_owned());
        if let Some(first) = seen.get(&key(file.package_name())).or_else(|| seen.get(&key("ngkt.options.v1"))) {
            report.at(file, value.path(), format!("failure {} is declared in {first} already", value.name()));
        }
        seen.entry(key(file.package_name())).or_insert_with(|| file.name().to_owned());
    }
}
