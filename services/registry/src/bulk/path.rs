//! Paths to fields, as columns are called: displayName, source.citation, identifiers[0].value. Pure.

use api::{has_behavior, option};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};

/// The longest list that a file can spell out; the rules of the contract are mostly narrower.
const INDEX_MAX: usize = 999;

/// The deepest message within a message that is followed.
const DEPTH_MAX: usize = 8;

/// A step of a path: a field, and which item of it if it is a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub field: FieldDescriptor,
    pub index: Option<usize>,
}

/// A path that leads to a field that a cell can hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// Reads a path. List items are counted from 0, in brackets or after a dot: identifiers\[0\].value, identifiers.0.value.
    pub fn parse(text: &str, of: &MessageDescriptor) -> Option<Self> {
        let text = text.trim().replace('[', ".").replace(']', "");
        let mut steps: Vec<Step> = Vec::new();
        let mut within = Some(of.clone());
        for part in text.split('.') {
            if let (Ok(index), Some(step)) = (part.parse::<usize>(), steps.last_mut()) {
                if index > INDEX_MAX || !step.field.is_list() || step.index.replace(index).is_some() {
                    return None;
                }
                continue;
            }
            let inner = within.take()?;
            let field = inner.get_field_by_json_name(part).or_else(|| inner.get_field_by_name(part))?;
            if let Kind::Message(inner) = field.kind() {
                within = Some(inner).filter(|inner| !is_moment(inner));
            }
            steps.push(Step { field, index: None });
        }
        let path = Self(steps);
        (path.0.len() <= DEPTH_MAX && path.is_whole()).then_some(path)
    }

    /// Whether it leads to something that a cell can hold, and to one of each list of parts on the way.
    fn is_whole(&self) -> bool {
        let Some((last, way)) = self.0.split_last() else { return false };
        let one = |step: &Step| !step.field.is_map() && (!step.field.is_list() || step.index.is_some());
        way.iter().all(one) && is_cell(&last.field) && (is_simple(&last.field) || one(last))
    }

    /// The field that a cell of this column holds.
    pub fn field(&self) -> &FieldDescriptor {
        &self.0.last().expect("invariant: a path has a step").field
    }

    /// Whether a cell holds all items of a list.
    pub fn holds_list(&self) -> bool {
        self.0.last().is_some_and(|step| step.field.is_list() && step.index.is_none())
    }

    /// The record's own field that it leads to, or into.
    pub fn top(&self) -> &FieldDescriptor {
        &self.0.first().expect("invariant: a path has a step").field
    }

    /// Whether only the server sets what it leads to.
    pub fn is_output_only(&self) -> bool {
        self.0.iter().any(|step| has_behavior(&step.field, "OUTPUT_ONLY"))
    }

    /// Whether it leads to personal data, or into them.
    pub fn is_personal(&self) -> bool {
        self.0.iter().any(|step| is_personal(&step.field))
    }

    /// As columns are called.
    pub fn text(&self) -> String {
        let step = |step: &Step| match step.index {
            Some(index) => format!("{}[{index}]", step.field.json_name()),
            None => step.field.json_name().to_owned(),
        };
        self.0.iter().map(step).collect::<Vec<_>>().join(".")
    }

    /// Sets the field in a record, with all messages on the way; an empty value clears it and makes nothing.
    pub fn set(&self, record: &mut DynamicMessage, value: Option<Value>) {
        set(record, &self.0, value);
    }
}

fn set(record: &mut DynamicMessage, steps: &[Step], value: Option<Value>) {
    let Some((step, rest)) = steps.split_first() else { return };
    if value.is_none() && !record.has_field(&step.field) {
        return;
    }
    match (step.index, rest.is_empty()) {
        (None, true) => match value {
            Some(value) => record.set_field(&step.field, value),
            None => record.clear_field(&step.field),
        },
        (None, false) => {
            if let Value::Message(inner) = record.get_field_mut(&step.field) {
                set(inner, rest, value);
            }
        }
        (Some(index), _) => {
            let Value::List(items) = record.get_field_mut(&step.field) else { return };
            if items.len() <= index && value.is_none() {
                return;
            }
            while items.len() <= index {
                items.push(Value::default_value(&step.field.kind()));
            }
            match (&mut items[index], value) {
                (Value::Message(inner), value) if !rest.is_empty() => set(inner, rest, value),
                (item, Some(value)) => *item = value,
                (_, None) => {}
            }
        }
    }
}

/// Takes away messages in which nothing is set, and empty texts of lists, within one field of a record.
pub fn prune(record: &mut DynamicMessage, field: &FieldDescriptor) {
    if !record.has_field(field) {
        return;
    }
    match record.get_field_mut(field) {
        Value::Message(inner) => prune_all(inner),
        Value::List(items) => items.retain_mut(|item| match item {
            Value::Message(inner) => {
                prune_all(inner);
                inner.fields().next().is_some()
            }
            Value::String(text) => !text.is_empty(),
            _ => true,
        }),
        _ => {}
    }
    let hollow = matches!(record.get_field(field).as_ref(),
        Value::Message(inner) if !is_moment(&inner.descriptor()) && inner.fields().next().is_none());
    if hollow {
        record.clear_field(field);
    }
}

fn prune_all(message: &mut DynamicMessage) {
    if is_moment(&message.descriptor()) {
        return;
    }
    let fields: Vec<FieldDescriptor> = message.fields().map(|(field, _)| field).collect();
    for field in fields {
        prune(message, &field);
    }
}

/// Whether a message is an instant, which a cell holds as text.
pub fn is_moment(message: &MessageDescriptor) -> bool {
    message.full_name() == "google.protobuf.Timestamp"
}

/// Whether a field holds personal data.
pub fn is_personal(field: &FieldDescriptor) -> bool {
    option(&field.options(), "ngkt.options.v1.personal").and_then(|value| value.as_bool()).unwrap_or(false)
}

/// Whether a cell can hold the field, or an item of it.
pub fn is_cell(field: &FieldDescriptor) -> bool {
    match field.kind() {
        _ if field.is_map() => false,
        Kind::Message(inner) => is_moment(&inner),
        Kind::Bytes => false,
        _ => true,
    }
}

/// Whether a cell can hold the whole field, lists included.
pub fn is_simple(field: &FieldDescriptor) -> bool {
    is_cell(field) && !matches!(field.kind(), Kind::Message(_))
}

/// All columns that a record can be spelled out in, the first item of every list; in the order of the contract.
pub fn all(of: &MessageDescriptor) -> Vec<Path> {
    let mut found = Vec::new();
    walk(of, &mut Vec::new(), &mut vec![of.full_name().to_owned()], &mut found);
    found
}

fn walk(of: &MessageDescriptor, way: &mut Vec<Step>, within: &mut Vec<String>, found: &mut Vec<Path>) {
    for field in of.fields() {
        let lists_parts = field.is_list() && !is_simple(&field);
        way.push(Step { field: field.clone(), index: lists_parts.then_some(0) });
        match field.kind() {
            _ if is_cell(&field) => found.push(Path(way.clone())),
            Kind::Message(inner) if followed(&field, &inner, within) => {
                within.push(inner.full_name().to_owned());
                walk(&inner, way, within, found);
                within.pop();
            }
            _ => {}
        }
        way.pop();
    }
}

/// Whether the columns of a message within are spelled out: not of one that holds itself, nor of what is no data.
fn followed(field: &FieldDescriptor, inner: &MessageDescriptor, within: &[String]) -> bool {
    let ours = inner.full_name().starts_with("ngkt.");
    ours && !field.is_map() && within.len() < DEPTH_MAX && !within.iter().any(|name| name == inner.full_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization() -> MessageDescriptor {
        api::pool().get_message_by_name("ngkt.registry.v1.Organization").expect("it is in the contract")
    }

    #[test]
    fn paths_are_read_in_all_their_forms() {
        for (text, meant) in [
            ("displayName", Some("displayName")),
            ("display_name", Some("displayName")),
            (" source.citation ", Some("source.citation")),
            ("identifiers[1].value", Some("identifiers[1].value")),
            ("identifiers.1.value", Some("identifiers[1].value")),
            ("otherNames", Some("otherNames")),
            ("otherNames[2]", Some("otherNames[2]")),
            ("audience.organizations", Some("audience.organizations")),
            ("createTime", Some("createTime")),
            ("identifiers.value", None),
            ("identifiers", None),
            ("source", None),
            ("displayName[0]", None),
            ("displayName.more", None),
            ("identifiers[1000].value", None),
            ("nothing", None),
            ("0", None),
            ("", None),
        ] {
            let path = Path::parse(text, &organization()).map(|path| path.text());
            assert_eq!(path.as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn what_is_set_is_there_and_what_is_hollow_goes() {
        let mut record = DynamicMessage::new(organization());
        let mut set = |path: &str, value: Option<&str>| {
            let path = Path::parse(path, &organization()).expect("a path");
            path.set(&mut record, value.map(|text| Value::String(text.to_owned())));
        };
        set("identifiers[2].value", Some("0100109106"));
        set("identifiers[0].issuer", None);
        set("source.citation", Some("VCCI"));
        set("source.citation", None);
        set("otherNames[1]", Some("Cty"));
        let fields: Vec<FieldDescriptor> = record.fields().map(|(field, _)| field).collect();
        fields.iter().for_each(|field| prune(&mut record, field));
        let kept: api::registry::v1::Organization = record.transcode_to().expect("the same message");
        assert_eq!(kept.identifiers.iter().map(|it| it.value.as_str()).collect::<Vec<_>>(), ["0100109106"]);
        assert_eq!((kept.source, kept.other_names), (None, vec!["Cty".to_owned()]));
    }

    #[test]
    fn every_column_of_every_resource_is_one_that_can_be_read_again() {
        for resource in api::contract().resources() {
            for path in all(&resource.message) {
                assert_eq!(Path::parse(&path.text(), &resource.message).as_ref(), Some(&path), "{}", path.text());
            }
        }
    }
}
