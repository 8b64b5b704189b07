//! Writes `impl Validate` for a message, from the rules that stand at its fields.

use std::collections::HashSet;
use std::fmt::Write;

use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value};

use crate::naming::{camel, oneof, snake};
use crate::resources::Standard;
use crate::shape::{self, Verb, has_behavior, option, text};

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

/// What is said about a field: the rules, the format, the reference.
#[derive(Default)]
struct Rules {
    required: bool,
    typed: Option<DynamicMessage>,
    form: Option<String>,
}

impl Rules {
    fn of(of: &MessageDescriptor, field: &FieldDescriptor) -> Self {
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
    fn items(&self) -> Self {
        let read = self.get("items").and_then(|value| value.as_message().map(Self::read)).unwrap_or_default();
        Self { form: self.form.clone(), ..read }
    }

    fn get(&self, rule: &str) -> Option<Value> {
        let typed = self.typed.as_ref()?;
        typed.has_field_by_name(rule).then(|| typed.get_field_by_name(rule).map(|value| value.into_owned()))?
    }

    fn flag(&self, rule: &str) -> bool {
        self.get(rule).and_then(|value| value.as_bool()).unwrap_or(false)
    }

    fn text(&self, required: bool) -> String {
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
    fn number(&self, kind: &Kind, given: bool) -> Option<String> {
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

    fn choice(&self, known: &EnumDescriptor, item: bool) -> String {
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

    fn list(&self) -> String {
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
