//! The comments of the protos, for readers of OpenAPI and of the API reference.

use std::collections::HashMap;
use std::sync::LazyLock;

use prost_reflect::{
    EnumDescriptor, EnumValueDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor, ServiceDescriptor,
};

/// By file and path in the file.
static COMMENTS: LazyLock<HashMap<(String, Vec<i32>), String>> = LazyLock::new(|| {
    let mut comments = HashMap::new();
    for file in crate::pool().files() {
        let info = file.file_descriptor_proto().source_code_info.as_ref();
        for place in info.iter().flat_map(|info| &info.location) {
            if let Some(text) = &place.leading_comments {
                comments.insert((file.name().to_owned(), place.path.clone()), tidy(text));
            }
        }
    }
    comments
});

/// Without the space after each `//` and without line breaks inside a paragraph's end.
fn tidy(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned()
}

pub(crate) fn comment_at(file: &FileDescriptor, path: &[i32]) -> &'static str {
    COMMENTS.get(&(file.name().to_owned(), path.to_vec())).map_or("", String::as_str)
}

/// The comment of a message; empty for one of elsewhere.
pub fn comment_of_message(of: &MessageDescriptor) -> &'static str {
    comment_at(&of.parent_file(), of.path())
}

/// The comment of a field; empty for one of elsewhere.
pub fn comment_of_field(of: &FieldDescriptor) -> &'static str {
    comment_at(&of.parent_file(), of.path())
}

/// The comment of an enum; empty for one of elsewhere.
pub fn comment_of_enum(of: &EnumDescriptor) -> &'static str {
    comment_at(&of.parent_file(), of.path())
}

/// The comment of a value of an enum; empty for one of elsewhere.
pub fn comment_of_enum_value(of: &EnumValueDescriptor) -> &'static str {
    comment_at(&of.parent_file(), of.path())
}

/// The comment of a service; empty for one of elsewhere.
pub fn comment_of_service(of: &ServiceDescriptor) -> &'static str {
    comment_at(&of.parent_file(), of.path())
}
