//! What the gateway must know of a message to turn it into JSON and back, worked out once from its descriptor.

use std::collections::HashMap;

use api::pool;
use prost_reflect::{Cardinality, DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

/// The plans of every message and enum of a pool.
#[derive(Debug)]
pub struct Plans {
    messages: Vec<MessagePlan>,
    enums: Vec<EnumPlan>,
    by_name: HashMap<Box<str>, MessageId>,
}

/// Which message, within one `Plans`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageId(u32);

/// Which enum, within one `Plans`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnumId(u32);

/// One message.
#[derive(Debug)]
pub struct MessagePlan {
    /// Full name, such as `ngkt.registry.v1.Country`.
    pub name: Box<str>,
    /// How its JSON looks.
    pub shape: Shape,
    /// By number, extensions of the pool included.
    pub fields: Vec<FieldPlan>,
    /// Index by field number, for numbers below `DENSE`; `NONE` where there is no field.
    dense: Vec<u16>,
    /// Index by JSON name and by proto name.
    by_name: HashMap<Box<str>, u16>,
}

/// How the JSON of a message looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An object with a member for each field.
    Plain,
    Timestamp,
    Duration,
    FieldMask,
    Any,
    Struct,
    Value,
    ListValue,
    /// The value of its one field.
    Wrapper,
    /// An object without members.
    Empty,
}

/// One field.
#[derive(Debug)]
pub struct FieldPlan {
    pub number: u32,
    /// Name in JSON.
    pub json: Box<str>,
    /// Name in the proto file.
    pub proto: Box<str>,
    /// The JSON name with quotes and colon, as it stands in an answer.
    pub key: Box<[u8]>,
    pub kind: ValueKind,
    pub form: Form,
    /// Whether a default value on the wire is a value that was given.
    pub presence: bool,
    /// The choice that it belongs to, by number within the message.
    pub oneof: Option<u8>,
    /// Only the server sets it: it is `OUTPUT_ONLY`, or the record's name.
    pub server: bool,
}

/// How often a field holds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Single,
    List,
    /// Its kind is the message of an entry, with fields 1 (key) and 2 (value).
    Map,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    Enum(EnumId),
    Message(MessageId),
}

/// One enum.
#[derive(Debug)]
pub struct EnumPlan {
    /// Full name.
    pub name: Box<str>,
    /// Value names, in the order of declaration, with their numbers.
    pub values: Vec<(Box<str>, i32)>,
    /// `google.protobuf.NullValue`, which is `null` in JSON.
    pub null: bool,
    by_number: HashMap<i32, u16>,
    by_name: HashMap<Box<str>, u16>,
}

/// A set of fields of one message, by index.
#[derive(Debug, Default, Clone, Copy)]
pub struct Fields([u128; 2]);

impl Fields {
    /// Adds one; false if it was there, or is beyond what the set can tell.
    pub fn add(&mut self, at: usize) -> bool {
        let Some(word) = self.0.get_mut(at / 128) else { return false };
        let bit = 1 << (at % 128);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// Whether it is there.
    pub fn has(&self, at: usize) -> bool {
        self.0.get(at / 128).is_some_and(|word| word & (1 << (at % 128)) != 0)
    }
}

const DENSE: u32 = 128;
/// What a set of fields in the writer and the reader can hold.
const FIELDS_MAX: usize = 256;
const NONE: u16 = u16::MAX;

impl Plans {
    /// The plans of the contract.
    pub fn contract() -> &'static Plans {
        static PLANS: std::sync::LazyLock<Plans> = std::sync::LazyLock::new(|| Plans::of(pool()));
        &PLANS
    }

    /// The plans of every message of `pool`.
    pub fn of(pool: &DescriptorPool) -> Plans {
        // Nested messages and the entries of maps are among them.
        let descriptors: Vec<MessageDescriptor> = pool.all_messages().collect();
        let by_name: HashMap<Box<str>, MessageId> =
            descriptors.iter().enumerate().map(|(at, m)| (m.full_name().into(), MessageId(at as u32))).collect();
        let enums: HashMap<Box<str>, EnumId> =
            pool.all_enums().enumerate().map(|(at, e)| (e.full_name().into(), EnumId(at as u32))).collect();
        let kind = |kind: Kind| match kind {
            Kind::Message(message) => ValueKind::Message(by_name[message.full_name()]),
            Kind::Enum(one) => ValueKind::Enum(enums[one.full_name()]),
            scalar => scalar_kind(&scalar),
        };
        let messages = descriptors.iter().map(|message| message_plan(message, &kind)).collect();
        Plans { messages, enums: pool.all_enums().map(|one| enum_plan(&one)).collect(), by_name }
    }

    /// The plan of a message by full name.
    pub fn find(&self, name: &str) -> Option<MessageId> {
        self.by_name.get(name).copied()
    }

    /// The plan of a message.
    pub fn message(&self, id: MessageId) -> &MessagePlan {
        &self.messages[id.0 as usize]
    }

    /// The plan of an enum.
    pub fn enumeration(&self, id: EnumId) -> &EnumPlan {
        &self.enums[id.0 as usize]
    }
}

impl MessagePlan {
    /// The index of field `number`.
    pub fn index(&self, number: u32) -> Option<usize> {
        if number < DENSE {
            return self.dense.get(number as usize).filter(|at| **at != NONE).map(|at| usize::from(*at));
        }
        self.fields.binary_search_by_key(&number, |field| field.number).ok()
    }

    /// The index of the field that JSON or the proto file calls so.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).map(|at| usize::from(*at))
    }

    /// The field that JSON or the proto file calls so.
    pub fn field(&self, name: &str) -> Option<&FieldPlan> {
        self.index_of(name).map(|at| &self.fields[at])
    }
}

impl FieldPlan {
    /// The message that this field holds, if it holds one.
    pub fn message(&self) -> Option<MessageId> {
        match self.kind {
            ValueKind::Message(id) => Some(id),
            _ => None,
        }
    }

    /// Marks the choice that this field belongs to as made; false if it was made before.
    pub fn choose(&self, choices: &mut u64) -> bool {
        let Some(oneof) = self.oneof else { return true };
        let Some(bit) = 1u64.checked_shl(u32::from(oneof)) else { return false };
        let new = *choices & bit == 0;
        *choices |= bit;
        new
    }
}

impl EnumPlan {
    /// The name of a number.
    pub fn name_of(&self, number: i32) -> Option<&str> {
        self.by_number.get(&number).map(|at| &*self.values[usize::from(*at)].0)
    }

    /// The number of a name.
    pub fn number_of(&self, name: &str) -> Option<i32> {
        self.by_name.get(name).map(|at| self.values[usize::from(*at)].1)
    }
}

fn message_plan(message: &MessageDescriptor, kind: &impl Fn(Kind) -> ValueKind) -> MessagePlan {
    let mut fields: Vec<FieldPlan> = message.fields().map(|field| field_plan(&field, kind)).collect();
    fields.extend(message.extensions().map(|extension| FieldPlan {
        number: extension.number(),
        json: extension.json_name().into(),
        proto: extension.json_name().into(),
        key: key(extension.json_name()),
        kind: kind(extension.kind()),
        form: form(extension.is_map(), extension.cardinality()),
        presence: extension.supports_presence(),
        oneof: None,
        server: false,
    }));
    fields.sort_by_key(|field| field.number);
    assert!(
        fields.len() <= FIELDS_MAX,
        "{} has more than {FIELDS_MAX} fields: the JSON writer's sets are too small",
        message.full_name()
    );
    let mut dense =
        vec![NONE; fields.iter().map(|f| f.number).filter(|n| *n < DENSE).max().map_or(0, |n| n as usize + 1)];
    let mut by_name = HashMap::with_capacity(fields.len() * 2);
    for (at, field) in fields.iter().enumerate() {
        if field.number < DENSE {
            dense[field.number as usize] = at as u16;
        }
        by_name.insert(field.proto.clone(), at as u16);
    }
    // The JSON name wins where another field's proto name is the same word.
    by_name.extend(fields.iter().enumerate().map(|(at, field)| (field.json.clone(), at as u16)));
    MessagePlan { name: message.full_name().into(), shape: shape(message.full_name()), fields, dense, by_name }
}

fn field_plan(field: &FieldDescriptor, kind: &impl Fn(Kind) -> ValueKind) -> FieldPlan {
    let real = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
    FieldPlan {
        number: field.number(),
        json: field.json_name().into(),
        proto: field.name().into(),
        key: key(field.json_name()),
        kind: kind(field.kind()),
        form: form(field.is_map(), field.cardinality()),
        presence: field.supports_presence(),
        oneof: real.and_then(|oneof| field.parent_message().oneofs().position(|one| one == oneof)).map(|at| at as u8),
        server: ["OUTPUT_ONLY", "IDENTIFIER"].iter().any(|behavior| api::has_behavior(field, behavior)),
    }
}

fn form(map: bool, cardinality: Cardinality) -> Form {
    match cardinality {
        Cardinality::Repeated if map => Form::Map,
        Cardinality::Repeated => Form::List,
        Cardinality::Optional | Cardinality::Required => Form::Single,
    }
}

fn key(name: &str) -> Box<[u8]> {
    let mut out = serde_json::to_vec(name).expect("invariant: a name is always JSON");
    out.push(b':');
    out.into()
}

fn enum_plan(one: &EnumDescriptor) -> EnumPlan {
    let values: Vec<(Box<str>, i32)> = one.values().map(|value| (value.name().into(), value.number())).collect();
    let by_name = values.iter().enumerate().map(|(at, (name, _))| (name.clone(), at as u16)).collect();
    let by_number = values
        .iter()
        .filter_map(|(_, number)| one.get_value(*number))
        .filter_map(|value| Some((value.number(), values.iter().position(|(name, _)| **name == *value.name())? as u16)))
        .collect();
    EnumPlan {
        name: one.full_name().into(),
        values,
        null: one.full_name() == "google.protobuf.NullValue",
        by_number,
        by_name,
    }
}

fn shape(name: &str) -> Shape {
    match name.strip_prefix("google.protobuf.") {
        Some("Timestamp") => Shape::Timestamp,
        Some("Duration") => Shape::Duration,
        Some("FieldMask") => Shape::FieldMask,
        Some("Any") => Shape::Any,
        Some("Struct") => Shape::Struct,
        Some("Value") => Shape::Value,
        Some("ListValue") => Shape::ListValue,
        Some("Empty") => Shape::Empty,
        Some(
            "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value" | "UInt32Value" | "BoolValue"
            | "StringValue" | "BytesValue",
        ) => Shape::Wrapper,
        _ => Shape::Plain,
    }
}

fn scalar_kind(kind: &Kind) -> ValueKind {
    match kind {
        Kind::Double => ValueKind::Double,
        Kind::Float => ValueKind::Float,
        Kind::Int32 => ValueKind::Int32,
        Kind::Int64 => ValueKind::Int64,
        Kind::Uint32 => ValueKind::Uint32,
        Kind::Uint64 => ValueKind::Uint64,
        Kind::Sint32 => ValueKind::Sint32,
        Kind::Sint64 => ValueKind::Sint64,
        Kind::Fixed32 => ValueKind::Fixed32,
        Kind::Fixed64 => ValueKind::Fixed64,
        Kind::Sfixed32 => ValueKind::Sfixed32,
        Kind::Sfixed64 => ValueKind::Sfixed64,
        Kind::Bool => ValueKind::Bool,
        Kind::String => ValueKind::String,
        Kind::Bytes | Kind::Message(_) | Kind::Enum(_) => ValueKind::Bytes,
    }
}
