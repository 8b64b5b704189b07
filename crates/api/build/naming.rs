//! What the generated Rust is called: the same rules as prost's, which it does not offer to others.

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_reflect::{EnumDescriptor, MessageDescriptor};

/// A field or module.
pub fn snake(name: &str) -> String {
    let name = name.to_snake_case();
    const KEYWORDS: [&str; 47] = [
        "as", "break", "const", "continue", "else", "enum", "false", "fn", "for", "if", "impl", "in", "let", "loop",
        "match", "mod", "move", "mut", "pub", "ref", "return", "static", "struct", "trait", "true", "type", "unsafe",
        "use", "where", "while", "dyn", "abstract", "become", "box", "do", "final", "macro", "override", "priv",
        "typeof", "unsized", "virtual", "yield", "async", "await", "try", "gen",
    ];
    match name.as_str() {
        "super" | "self" | "extern" | "crate" => format!("{name}_"),
        word if KEYWORDS.contains(&word) => format!("r#{name}"),
        _ => name,
    }
}

/// A struct, an enum or a variant.
pub fn camel(name: &str) -> String {
    match name.to_upper_camel_case() {
        word if word == "Self" => "Self_".to_owned(),
        word => word,
    }
}

/// A value of an enum: without the enum's name in front.
pub fn variant(of: &EnumDescriptor, value: &str) -> String {
    let (prefix, name) = (camel(of.name()), camel(value));
    match name.strip_prefix(&prefix) {
        Some(rest) if rest.starts_with(char::is_uppercase) => camel(rest),
        _ => name,
    }
}

/// The module of a package, from the crate's root.
pub fn package(name: &str) -> String {
    let parts: Vec<String> = name.split('.').map(snake).collect();
    format!("crate::generated::{}", parts.join("::"))
}

fn path(in_package: &str, parent: Option<MessageDescriptor>, name: &str) -> String {
    let mut modules = Vec::new();
    let mut above = parent;
    while let Some(message) = above {
        modules.push(snake(message.name()));
        above = message.parent_message();
    }
    modules.push(package(in_package));
    modules.reverse();
    format!("{}::{}", modules.join("::"), camel(name))
}

/// A message's type, from the crate's root.
pub fn message(of: &MessageDescriptor) -> String {
    path(of.package_name(), of.parent_message(), of.name())
}

/// An enum's type, from the crate's root.
pub fn enumeration(of: &EnumDescriptor) -> String {
    path(of.package_name(), of.parent_message(), of.name())
}

/// A oneof's type, from the crate's root.
pub fn oneof(of: &MessageDescriptor, name: &str) -> String {
    path(of.package_name(), Some(of.clone()), name)
}
