//! Everything that a reader of the contract sees has a comment.

use prost_reflect::{EnumDescriptor, FileDescriptor, MessageDescriptor};

use super::Report;

/// Checks one file.
pub fn file(file: &FileDescriptor, report: &mut Report) {
    let mut check = |path: &[i32], what: &str, name: &str| {
        let info = file.file_descriptor_proto().source_code_info.as_ref();
        let place = info.and_then(|info| info.location.iter().find(|place| place.path == path));
        let said = place.and_then(|place| place.leading_comments.as_deref()).unwrap_or_default();
        if said.trim().is_empty() {
            report.at(file, path, format!("{what} {name} has no comment above it"));
        }
    };
    for service in file.services() {
        check(service.path(), "service", service.name());
        for method in service.methods() {
            check(method.path(), "rpc", method.name());
        }
    }
    for found in file.messages() {
        message(&found, &mut check);
    }
    for found in file.enums() {
        enumeration(&found, &mut check);
    }
    for extension in file.extensions() {
        check(extension.path(), "option", extension.name());
    }
}

type Check<'a> = dyn FnMut(&[i32], &str, &str) + 'a;

fn message(of: &MessageDescriptor, check: &mut Check<'_>) {
    if of.is_map_entry() {
        return;
    }
    check(of.path(), "message", of.name());
    for field in of.fields() {
        check(field.path(), "field", field.name());
    }
    for group in of.oneofs().filter(|group| !group.is_synthetic()) {
        check(group.path(), "oneof", group.name());
    }
    for inner in of.child_messages() {
        message(&inner, check);
    }
    for inner in of.child_enums() {
        enumeration(&inner, check);
    }
}

fn enumeration(of: &EnumDescriptor, check: &mut Check<'_>) {
    check(of.path(), "enum", of.name());
    for value in of.values() {
        check(value.path(), "value", value.name());
    }
}
