//! Messages with every field filled, made from the descriptor and its rules.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};

use super::rules::Rules;

/// Existing names by type of resource, for the references in an example; `*` is an organization.
pub type Names = BTreeMap<String, String>;

/// Names that have the right form and belong to nothing.
pub fn made_up_names() -> Names {
    let resources = api::contract().resources();
    let mut names: Names = resources
        .map(|resource| (resource.type_name.clone(), format!("{}/{}", resource.collection, "zz-made-up")))
        .collect();
    names.insert("*".to_owned(), "localities/zz-made-up".to_owned());
    names
}

/// A message with every field filled that a caller may fill, and the resource's own name, etag and owner left empty.
pub fn filled(descriptor: &MessageDescriptor, names: &Names) -> DynamicMessage {
    Example { names, variant: 0, path: vec![descriptor.full_name().to_owned()] }.fill(descriptor)
}

/// Another such message: every number, day, text and enum differs from those of [`filled`], as far as the rules let them.
pub fn varied(descriptor: &MessageDescriptor, names: &Names) -> DynamicMessage {
    Example { names, variant: 1, path: vec![descriptor.full_name().to_owned()] }.fill(descriptor)
}

/// The types of resource to which a message refers, at any depth.
pub fn references(descriptor: &MessageDescriptor) -> BTreeSet<String> {
    fn walk(descriptor: &MessageDescriptor, seen: &mut BTreeSet<String>, found: &mut BTreeSet<String>) {
        if !seen.insert(descriptor.full_name().to_owned()) {
            return;
        }
        for field in descriptor.fields() {
            let rules = Rules::of(&field);
            if !rules.output_only {
                found.extend(rules.reference);
                if let Kind::Message(inner) = field.kind() {
                    walk(&inner, seen, found);
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(descriptor, &mut BTreeSet::new(), &mut found);
    found
}

/// Whether an example fills this field.
pub fn is_filled(field: &FieldDescriptor) -> bool {
    let rules = Rules::of(field);
    let resource = field.parent_message().get_field_by_name("audience").is_some_and(|f| f.number() == 91);
    let owner = field.name() == "owner" && !rules.required;
    let platforms_own = resource && (rules.identifier || owner || field.name() == "etag");
    let machinery = matches!(field.kind(), Kind::Message(inner)
        if ["google.protobuf.FieldMask", "google.protobuf.Any"].contains(&inner.full_name()));
    !rules.output_only && !platforms_own && !machinery
}

/// How an example is being made.
struct Example<'a> {
    names: &'a Names,
    /// 0 or 1.
    variant: u32,
    /// The messages that the one being filled is in.
    path: Vec<String>,
}

impl Example<'_> {
    fn fill(&mut self, descriptor: &MessageDescriptor) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        if descriptor.full_name() == "ngkt.type.v1.Audience" {
            message.set_field_by_name("circle", Value::EnumNumber(2));
            message
                .set_field_by_name("organizations", Value::List(vec![Value::String("localities/quang-ninh".into())]));
            return message;
        }
        // One of a oneof is enough, the others would take its place.
        let mut chosen = BTreeSet::new();
        for field in descriptor.fields().filter(is_filled) {
            let alternative = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
            if alternative.is_some_and(|oneof| !chosen.insert(oneof.name().to_owned())) {
                continue;
            }
            if let Some(value) = self.value(&field) {
                message.set_field(&field, value);
            }
        }
        message
    }

    /// A value that keeps all rules of the field; none for a message within itself and a reference to what there is not.
    fn value(&mut self, field: &FieldDescriptor) -> Option<Value> {
        if field.is_map() {
            return Some(Value::Map([(MapKey::String("vi".into()), Value::String("Ví dụ".into()))].into()));
        }
        let item = match field.kind() {
            Kind::Message(inner) => self.message(&inner)?,
            kind => self.scalar(field, &kind, &Rules::of(field))?,
        };
        Some(if field.is_list() { Value::List(vec![item]) } else { item })
    }

    fn message(&mut self, inner: &MessageDescriptor) -> Option<Value> {
        if inner.full_name() == "google.protobuf.Timestamp" {
            let mut instant = DynamicMessage::new(inner.clone());
            instant.set_field_by_name("seconds", Value::I64(1_767_225_600 + i64::from(self.variant)));
            return Some(Value::Message(instant));
        }
        if self.path.contains(&inner.full_name().to_owned()) {
            return None;
        }
        self.path.push(inner.full_name().to_owned());
        let message = self.fill(inner);
        self.path.pop();
        Some(Value::Message(message))
    }

    /// Numbers and days rise with the field's number, so that what stands first in a message is the lesser or the earlier.
    fn scalar(&self, field: &FieldDescriptor, kind: &Kind, rules: &Rules) -> Option<Value> {
        let whole = within(rules, f64::from(field.number() + self.variant));
        let broken = within(rules, f64::from(field.number() + self.variant) + 0.5);
        Some(match kind {
            Kind::Bool => Value::Bool(true),
            Kind::Bytes => Value::Bytes(bytes::Bytes::from_static(b"example")),
            Kind::Enum(values) => {
                let allowed = values.values().map(|v| v.number()).filter(|n| *n != 0 && !rules.not_in.contains(n));
                let allowed: Vec<i32> = allowed.take(self.variant as usize + 1).collect();
                Value::EnumNumber(*allowed.last().expect("an enum has a value that may be used"))
            }
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(whole as i32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(whole as i64),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(whole as u32),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(whole as u64),
            Kind::Double => Value::F64(broken),
            Kind::Float => Value::F32(broken as f32),
            Kind::String => Value::String(self.string(field, rules)?),
            Kind::Message(_) => unreachable!("invariant: messages are no scalars"),
        })
    }

    fn string(&self, field: &FieldDescriptor, rules: &Rules) -> Option<String> {
        // A required owner has no reference rule of its own.
        let owner = (field.name() == "owner").then(|| "*".to_owned());
        if let Some(reference) = rules.reference.clone().or(owner) {
            return self.names.get(&reference).cloned();
        }
        if let Some(allowed) = rules.one_of.iter().take(self.variant as usize + 1).next_back() {
            return Some(allowed.clone());
        }
        if let Some(pattern) = &rules.pattern {
            return Some(super::pattern::matching(pattern));
        }
        Some(match (rules.format.as_deref(), rules.well_known.as_deref()) {
            (Some("DATE" | "PARTIAL_DATE"), _) => format!("2026-0{}-{:02}", self.variant + 1, field.number() % 28 + 1),
            (Some("SLUG"), _) => format!("example-slug-{}", self.variant),
            (Some("COUNTRY_CODE"), _) => "XZ".to_owned(),
            (Some("ORGANIZATION"), _) => ["agencies/g12", "missions/vn-in-emb"][self.variant as usize].to_owned(),
            (Some("LANGUAGE"), _) => ["vi", "en"][self.variant as usize].to_owned(),
            (Some("URL"), _) | (_, Some("uri")) => format!("https://example.org/{}", self.variant),
            (_, Some("email")) => format!("somebody{}@example.org", self.variant),
            (_, Some("uuid")) => format!("0193b3a0-7c6e-7000-8000-00000000000{}", self.variant),
            (Some(other), _) => panic!("a format that these tests do not know: {other}"),
            (None, _) => self.words(field, rules),
        })
    }

    /// Vietnamese words of an allowed length.
    fn words(&self, field: &FieldDescriptor, rules: &Rules) -> String {
        let first = ["Ví dụ", "Đổi thành"][self.variant as usize];
        let text = format!("{first} “{}” & <b>đủ dấu</b> \u{1F91D}", field.name());
        let padded = format!("{text:x<width$}", width = rules.min_len.unwrap_or_default() as usize);
        padded.chars().take(rules.max_len.unwrap_or(u64::MAX) as usize).collect::<String>().trim().to_owned()
    }
}

fn within(rules: &Rules, number: f64) -> f64 {
    let least = rules.least.map_or(f64::MIN, |(n, inclusive)| if inclusive { n } else { n + 1.0 });
    let greatest = rules.greatest.map_or(f64::MAX, |(n, inclusive)| if inclusive { n } else { n - 1.0 });
    number.clamp(least, greatest)
}

/// Sets the field at a path such as `engagement.agenda[0].title`, or clears it.
pub fn set(message: &mut DynamicMessage, path: &str, value: Option<Value>) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let name = first.trim_end_matches("[0]");
    let field = message.descriptor().get_field_by_name(name).unwrap_or_else(|| panic!("no field {name}"));
    match (rest, value) {
        (None, None) if first == name => message.clear_field(&field),
        (None, Some(value)) if first == name => message.set_field(&field, value),
        (rest, value) => match message.get_field_mut(&field) {
            Value::List(items) => match (rest, items.first_mut()) {
                (None, Some(item)) => *item = value.expect("invariant: an item is not cleared"),
                (Some(rest), Some(Value::Message(inner))) => set(inner, rest, value),
                _ => panic!("{path}: the list is empty"),
            },
            Value::Message(inner) => set(inner, rest.expect("invariant: a path goes on"), value),
            _ => panic!("{path} leads through a scalar"),
        },
    }
}
