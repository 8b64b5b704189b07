//! Validation rules, formats and behaviours of fields as JSON Schema says them.

use api::rule::{LIST_ITEMS_MAX, TEXT_LEN_MAX};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};

use super::tree::{Node, Object};

/// What the proto says about a field besides its type.
#[derive(Debug, Default)]
pub struct Rules {
    /// It must be given.
    pub required: bool,
    typed: Option<DynamicMessage>,
    format: String,
}

impl Rules {
    /// The rules of a field.
    pub fn of(field: &FieldDescriptor) -> Rules {
        let mut rules = match api::option(&field.options(), "buf.validate.field") {
            Some(Value::Message(rules)) => Rules::read(&rules),
            _ => Rules::default(),
        };
        let format = api::option(&field.options(), "ngkt.options.v1.format").and_then(|value| value.as_enum_number());
        let formats = field.parent_pool().get_enum_by_name("ngkt.options.v1.Format");
        let name = format.zip(formats).and_then(|(number, formats)| formats.get_value(number));
        rules.format = name.map(|value| value.name().to_owned()).unwrap_or_default();
        rules
    }

    fn read(rules: &DynamicMessage) -> Rules {
        let required = rules.get_field_by_name("required").and_then(|value| value.as_bool()).unwrap_or(false);
        let typed = rules.fields().find_map(|(_, value)| value.as_message().cloned());
        Rules { required, typed, format: String::new() }
    }

    /// The rules of each element of a list.
    pub fn items(&self) -> Rules {
        let read = self.get("items").and_then(|value| value.as_message().map(Rules::read)).unwrap_or_default();
        Rules { format: self.format.clone(), ..read }
    }

    /// The numbers of an enum that are refused.
    pub fn refused(&self) -> Vec<i32> {
        match self.get("not_in") {
            Some(Value::List(numbers)) => numbers.iter().filter_map(Value::as_i32).collect(),
            _ => Vec::new(),
        }
    }

    fn get(&self, rule: &str) -> Option<Value> {
        let typed = self.typed.as_ref().filter(|typed| typed.has_field_by_name(rule))?;
        typed.get_field_by_name(rule).map(|value| value.into_owned())
    }

    fn flag(&self, rule: &str) -> bool {
        self.get(rule).and_then(|value| value.as_bool()).unwrap_or(false)
    }

    /// The keywords of one value of this kind. `input` tells whether clients send it: only then there are default bounds.
    pub fn keywords(&self, kind: &Kind, input: bool) -> Object {
        match kind {
            Kind::String => self.text(input),
            _ => self.number(),
        }
    }

    /// The keywords of a list.
    pub fn of_list(&self, input: bool) -> Object {
        let most = self.get("max_items").or(input.then_some(Value::U64(LIST_ITEMS_MAX as u64)));
        Object::new()
            .with_some("minItems", self.get("min_items").and_then(node))
            .with_some("maxItems", most.and_then(node))
            .with_some("uniqueItems", self.flag("unique").then_some(true))
    }

    fn text(&self, input: bool) -> Object {
        let shaped = !matches!(self.format.as_str(), "" | "FORMAT_UNSPECIFIED");
        let most = self.get("max_len").or((input && !shaped).then_some(Value::U64(TEXT_LEN_MAX as u64)));
        let known = ["email", "uri", "uuid"].into_iter().find(|rule| self.flag(rule));
        let mut words = Object::new()
            .with_some("format", known)
            .with_some("minLength", self.get("min_len").and_then(node))
            .with_some("maxLength", most.and_then(node))
            .with_some("pattern", self.get("pattern").and_then(node))
            .with_some("enum", self.get("in").and_then(node));
        words.extend(format(&self.format));
        words
    }

    fn number(&self) -> Object {
        let bound = |rule| self.get(rule).and_then(node);
        Object::new()
            .with_some("minimum", bound("gte"))
            .with_some("exclusiveMinimum", bound("gt"))
            .with_some("maximum", bound("lte"))
            .with_some("exclusiveMaximum", bound("lt"))
            .with_some("enum", bound("in"))
    }
}

fn node(value: Value) -> Option<Node> {
    Some(match value {
        Value::U64(number) => number.into(),
        Value::I64(number) => number.into(),
        Value::U32(number) => u64::from(number).into(),
        Value::I32(number) => i64::from(number).into(),
        Value::F64(number) => number.into(),
        Value::String(text) => text.into(),
        Value::List(values) => Node::List(values.into_iter().filter_map(node).collect()),
        _ => return None,
    })
}

/// What `ngkt.options.v1.Format` means in JSON Schema, with an example.
fn format(name: &str) -> Object {
    let (format, pattern, example) = match name {
        "DATE" => (Some("date"), None, "2026-09-20"),
        "PARTIAL_DATE" => (None, Some("^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"), "2026-09"),
        "SLUG" => (None, Some("^[a-z0-9]+(-[a-z0-9]+)*$"), "quang-ninh"),
        "COUNTRY_CODE" => (None, Some("^[A-Z]{2}$"), "LB"),
        "LANGUAGE" => (None, None, "vi"),
        "URL" => (Some("uri"), None, "https://hooks.example.vn/ngkt"),
        _ => return Object::new(),
    };
    Object::new().with_some("format", format).with_some("pattern", pattern).with("examples", vec![example])
}
