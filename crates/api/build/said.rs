//! What a proto says about a field, written as the Rust constants that `api::rule` checks by.

use std::fmt::Write;

use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value};

use crate::naming::camel;
use crate::shape::{self, option, text};

/// What is said about a field: the rules, the format, the reference.
#[derive(Default)]
pub struct Rules {
    pub required: bool,
    typed: Option<DynamicMessage>,
    form: Option<String>,
}

impl Rules {
    pub fn of(of: &MessageDescriptor, field: &FieldDescriptor) -> Self {
        let mut rules = match option(&field.options(), "buf.validate.field") {
            Some(Value::Message(rules)) => Self::read(&rules),
            _ => Self::default(),
        };
        rules.form = form(of, field);
        rules
    }

    fn read(rules: &DynamicMessage) -> Self {
        let required = rules.get_field_by_name("required").and_then(|value| value.as_bool()).unwrap_or(false);
        let typed = rules.fields().find_map(|(_, value)| value.as_message().cloned());
        Self { required, typed, form: None }
    }

    /// The rules of each item of a list.
    pub fn items(&self) -> Self {
        let read = self.get("items").and_then(|value| value.as_message().map(Self::read)).unwrap_or_default();
        Self { form: self.form.clone(), ..read }
    }

    fn get(&self, rule: &str) -> Option<Value> {
        let typed = self.typed.as_ref()?;
        typed.has_field_by_name(rule).then(|| typed.get_field_by_name(rule).map(|value| value.into_owned()))?
    }

    pub fn flag(&self, rule: &str) -> bool {
        self.get(rule).and_then(|value| value.as_bool()).unwrap_or(false)
    }

    pub fn text(&self, required: bool) -> String {
        let mut parts = String::new();
        if required {
            parts.push_str("required: true, ");
        }
        for rule in ["min_len", "max_len"] {
            if let Some(Value::U64(length)) = self.get(rule) {
                let _ = write!(parts, "{rule}: {length}, ");
            }
        }
        if let Some(Value::String(pattern)) = self.get("pattern") {
            let _ = write!(
                parts,
                "pattern: {{ static PATTERN: rule::Pattern = rule::Pattern::new(|| rule::pattern({pattern:?})); Some(&PATTERN) }}, "
            );
        }
        if let Some(Value::List(allowed)) = self.get("in") {
            let allowed: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
            let _ = write!(parts, "one_of: &{allowed:?}, ");
        }
        let known = [("email", "Form::Email"), ("uri", "Form::Uri"), ("uuid", "Form::Uuid")];
        let well_known = known.iter().find(|(rule, _)| self.flag(rule)).map(|(_, form)| (*form).to_owned());
        if let Some(form) = self.form.clone().or(well_known) {
            let _ = write!(parts, "form: {form}, ");
        }
        match parts.is_empty() {
            true => "Text::PLAIN".to_owned(),
            false => format!("Text {{ {parts}..Text::PLAIN }}"),
        }
    }

    /// `None` if there is nothing to check.
    pub fn number(&self, kind: &Kind, given: bool) -> Option<String> {
        let mut parts = String::new();
        for rule in ["gt", "gte", "lt", "lte"] {
            if let Some(bound) = self.get(rule) {
                let _ = write!(parts, "{rule}: Some({}), ", literal(&bound));
            }
        }
        if let Some(Value::List(allowed)) = self.get("in") {
            let allowed: Vec<String> = allowed.iter().map(literal).collect();
            let _ = write!(parts, "one_of: &[{}], ", allowed.join(", "));
        }
        if self.required && !given {
            parts.push_str("required: true, ");
        }
        if parts.is_empty() && !matches!(kind, Kind::Double | Kind::Float) {
            return None;
        }
        if given {
            parts.push_str("given: true, ");
        }
        Some(format!("Number {{ {parts}..Number::PLAIN }}"))
    }

    pub fn choice(&self, known: &EnumDescriptor, item: bool) -> String {
        let refused: Vec<i32> = match self.get("not_in") {
            Some(Value::List(numbers)) => numbers.iter().filter_map(Value::as_i32).collect(),
            _ => Vec::new(),
        };
        let values = || known.values().filter(|value| !refused.contains(&value.number()));
        let mut numbers: Vec<i32> = values().map(|value| value.number()).collect();
        numbers.dedup();
        let names: Vec<String> =
            values().filter(|value| value.number() != 0).map(|value| value.name().to_owned()).collect();
        format!(
            "Choice {{ required: {}, numbers: &{numbers:?}, names: {:?} }}",
            self.required || item,
            names.join(", ")
        )
    }

    pub fn list(&self) -> String {
        let mut parts = String::new();
        let min = match self.get("min_items") {
            Some(Value::U64(min)) => min,
            _ => u64::from(self.required),
        };
        if min > 0 {
            let _ = write!(parts, "required: {}, min: {min}, ", self.required);
        }
        if let Some(Value::U64(max)) = self.get("max_items") {
            let _ = write!(parts, "max: {max}, ");
        }
        match parts.is_empty() {
            true => "List::PLAIN".to_owned(),
            false => format!("List {{ {parts}..List::PLAIN }}"),
        }
    }
}

/// The form of a string: what the proto says, or what follows from its being a resource's name or owner.
fn form(of: &MessageDescriptor, field: &FieldDescriptor) -> Option<String> {
    if let Some(Value::EnumNumber(number)) = option(&field.options(), "ngkt.options.v1.format") {
        let formats = field.parent_pool().get_enum_by_name("ngkt.options.v1.Format")?;
        return formats.get_value(number).map(|value| format!("Form::{}", camel(value.name())));
    }
    if let Some(Value::Message(reference)) = option(&field.options(), "google.api.resource_reference") {
        let target = text(&reference, "type");
        let known = field.parent_pool().all_messages().filter_map(|message| shape::resource(&message));
        let found = known.into_iter().find(|known| known.type_name == target);
        return Some(
            found.map_or("Form::AnyReference".to_owned(), |it| format!("Form::Reference({:?})", it.collection)),
        );
    }
    let resource = shape::resource(of)?;
    match field.name() {
        "name" => Some(format!("Form::Reference({:?})", resource.collection)),
        "owner" => Some("Form::Organization".to_owned()),
        _ => None,
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::I32(number) => number.to_string(),
        Value::I64(number) => number.to_string(),
        Value::F64(number) => format!("{number:?}"),
        other => unreachable!("invariant: the rules have no bounds of the kind {other:?}"),
    }
}
