//! The rules of a field, read from the descriptor's options by code that is not the platform's.

use prost_reflect::{DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, ReflectMessage, Value};

/// What the contract says about one field.
#[derive(Default, Debug)]
pub struct Rules {
    pub required: bool,
    pub output_only: bool,
    pub immutable: bool,
    pub identifier: bool,
    /// Characters at most; the default bound is filled in.
    pub max_len: Option<u64>,
    pub min_len: Option<u64>,
    pub pattern: Option<String>,
    /// The only values allowed.
    pub one_of: Vec<String>,
    /// `email`, `uri` or `uuid`.
    pub well_known: Option<String>,
    /// The name of a value of ngkt.options.v1.Format.
    pub format: Option<String>,
    /// The type of resource that it refers to; `*` for any.
    pub reference: Option<String>,
    /// The least number, and whether it is itself allowed.
    pub least: Option<(f64, bool)>,
    /// The greatest number, and whether it is itself allowed.
    pub greatest: Option<(f64, bool)>,
    /// Numbers of enum values that are not allowed.
    pub not_in: Vec<i32>,
    pub min_items: Option<u64>,
    /// Items at most; the default bound is filled in.
    pub max_items: Option<u64>,
    pub unique: bool,
}

const STRING_LENGTH_DEFAULT: u64 = 2_000;
const ITEMS_DEFAULT: u64 = 1_000;

impl Rules {
    /// The rules of a field; for a list, those of the list and of its items in one.
    pub fn of(field: &FieldDescriptor) -> Rules {
        let options = field.options();
        let mut rules = Rules::default();
        if let Some(validation) = extension(field, &options, "buf.validate.field").and_then(as_message) {
            rules.required = flag(&validation, "required");
            rules.read(&validation);
        }
        for number in extension(field, &options, "google.api.field_behavior").map(numbers).unwrap_or_default() {
            match number {
                3 => rules.output_only = true,
                5 => rules.immutable = true,
                8 => rules.identifier = true,
                _ => {}
            }
        }
        rules.format =
            extension(field, &options, "ngkt.options.v1.format").and_then(|value| format_name(field, &value));
        let reference = extension(field, &options, "google.api.resource_reference").and_then(as_message);
        rules.reference = reference.and_then(|reference| text(&reference, "type"));
        if field.kind() == Kind::String {
            rules.max_len.get_or_insert(STRING_LENGTH_DEFAULT);
        }
        if field.is_list() {
            rules.max_items.get_or_insert(ITEMS_DEFAULT);
        }
        rules
    }

    fn read(&mut self, validation: &DynamicMessage) {
        for (field, value) in validation.fields() {
            let Value::Message(inner) = value else { continue };
            match field.name() {
                "string" => self.read_string(inner),
                "int32" | "int64" | "double" | "uint32" | "uint64" => self.read_number(inner),
                "enum" => self.not_in = named(inner, "not_in").map(numbers).unwrap_or_default(),
                "repeated" => self.read_list(inner),
                other => panic!("a rule that these tests do not know: {other}"),
            }
        }
    }

    fn read_string(&mut self, rules: &DynamicMessage) {
        self.max_len = count(rules, "max_len");
        self.min_len = count(rules, "min_len");
        self.pattern = text(rules, "pattern");
        if let Some(Value::List(values)) = named(rules, "in") {
            self.one_of = values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
        }
        self.well_known = ["email", "uri", "uuid"].into_iter().find(|name| flag(rules, name)).map(str::to_owned);
    }

    fn read_number(&mut self, rules: &DynamicMessage) {
        let bound = |name: &str| named(rules, name).and_then(|value| as_number(&value));
        self.least = bound("gte").map(|n| (n, true)).or(bound("gt").map(|n| (n, false)));
        self.greatest = bound("lte").map(|n| (n, true)).or(bound("lt").map(|n| (n, false)));
    }

    fn read_list(&mut self, rules: &DynamicMessage) {
        self.min_items = count(rules, "min_items");
        self.max_items = count(rules, "max_items");
        self.unique = flag(rules, "unique");
        if let Some(Value::Message(items)) = named(rules, "items") {
            self.read(&items);
        }
    }
}

fn extension(field: &FieldDescriptor, options: &DynamicMessage, name: &str) -> Option<Value> {
    let extension: ExtensionDescriptor = field.parent_pool().get_extension_by_name(name)?;
    options.has_extension(&extension).then(|| options.get_extension(&extension).into_owned())
}

fn as_message(value: Value) -> Option<DynamicMessage> {
    if let Value::Message(message) = value { Some(message) } else { None }
}

/// A field that is set, by name.
fn named(message: &DynamicMessage, name: &str) -> Option<Value> {
    let field = message.descriptor().get_field_by_name(name)?;
    message.has_field(&field).then(|| message.get_field(&field).into_owned())
}

fn flag(message: &DynamicMessage, name: &str) -> bool {
    named(message, name).and_then(|value| value.as_bool()).unwrap_or_default()
}

fn count(message: &DynamicMessage, name: &str) -> Option<u64> {
    named(message, name).and_then(|value| value.as_u64())
}

fn text(message: &DynamicMessage, name: &str) -> Option<String> {
    named(message, name).and_then(|value| value.as_str().map(str::to_owned))
}

fn numbers(value: Value) -> Vec<i32> {
    let Value::List(values) = value else { return Vec::new() };
    values.iter().filter_map(|value| value.as_enum_number().or(value.as_i32())).collect()
}

fn as_number(value: &Value) -> Option<f64> {
    value
        .as_f64()
        .or(value.as_i32().map(f64::from))
        .or(value.as_i64().map(|n| n as f64))
        .or(value.as_u32().map(f64::from))
}

fn format_name(field: &FieldDescriptor, value: &Value) -> Option<String> {
    let formats = field.parent_pool().get_enum_by_name("ngkt.options.v1.Format")?;
    Some(formats.get_value(value.as_enum_number()?)?.name().to_owned())
}
