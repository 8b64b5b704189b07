//! Random messages, with the values at the edges more often than chance would have them.

use prost::Message;
use prost::bytes::Bytes;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};
use rand::Rng;
use rand::rngs::StdRng;

use crate::json::wire::{self, Raw};

/// A random message, with messages inside up to `depth`.
pub fn message(descriptor: &MessageDescriptor, random: &mut StdRng, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    match descriptor.full_name() {
        "google.protobuf.Timestamp" => {
            set_time(&mut message, random.random_range(-62_135_596_800i64..=253_402_300_799), nanos(random))
        }
        "google.protobuf.Duration" => set_duration(&mut message, random),
        "google.protobuf.FieldMask" => {
            let paths = (0..random.random_range(0..4)).map(|_| Value::String(path(random))).collect();
            message.set_field_by_name("paths", Value::List(paths));
        }
        "google.protobuf.Any" => set_any(&mut message, random, depth),
        _ => set_fields(&mut message, descriptor, random, depth),
    }
    message
}

fn set_fields(message: &mut DynamicMessage, descriptor: &MessageDescriptor, random: &mut StdRng, depth: usize) {
    let crowded = descriptor.fields().len() > 20;
    for field in descriptor.fields() {
        let nested = matches!(field.kind(), Kind::Message(_)) && !field.is_map();
        if random.random_bool(if crowded { 0.15 } else { 0.6 }) && (depth > 0 || !nested) {
            message.set_field(&field, value(&field, random, depth));
        }
    }
    for extension in descriptor.extensions().filter(|_| depth > 0) {
        if random.random_bool(0.3) {
            let one = single(&extension.kind(), random, depth, extension.full_name());
            message.set_extension(&extension, if extension.is_list() { Value::List(vec![one]) } else { one });
        }
    }
}

fn set_time(message: &mut DynamicMessage, seconds: i64, nanos: i32) {
    message.set_field_by_name("seconds", Value::I64(seconds));
    message.set_field_by_name("nanos", Value::I32(nanos));
}

fn set_duration(message: &mut DynamicMessage, random: &mut StdRng) {
    // All of one sign: two of them in one would else be none.
    let seconds = if random.random() { 0 } else { random.random_range(0..315_576_000_000i64) };
    set_time(message, -seconds, -nanos(random));
}

fn set_any(message: &mut DynamicMessage, random: &mut StdRng, depth: usize) {
    let pool = message.descriptor().parent_pool().clone();
    let choices = [
        "google.protobuf.Timestamp",
        "google.protobuf.Value",
        "google.protobuf.Empty",
        "ngkt.registry.v1.Country",
        "proof.Choices",
    ];
    let there: Vec<_> = choices.iter().filter_map(|name| pool.get_message_by_name(name)).collect();
    let Some(inner) = there.get(random.random_range(0..there.len().max(1))) else { return };
    let content = self::message(inner, random, depth.saturating_sub(1)).encode_to_vec();
    message.set_field_by_name("type_url", Value::String(format!("type.googleapis.com/{}", inner.full_name())));
    message.set_field_by_name("value", Value::Bytes(content.into()));
}

fn value(field: &FieldDescriptor, random: &mut StdRng, depth: usize) -> Value {
    let kind = field.kind();
    if field.is_map() {
        let Kind::Message(entry) = kind else { unreachable!("a map is a list of entries") };
        let count = random.random_range(0..4);
        let pair = |random: &mut StdRng| {
            let key = map_key(&entry.map_entry_key_field().kind(), random);
            (key, single(&entry.map_entry_value_field().kind(), random, depth.saturating_sub(1), field.full_name()))
        };
        return Value::Map((0..count).map(|_| pair(random)).collect());
    }
    if field.is_list() {
        return Value::List(
            (0..random.random_range(0..4)).map(|_| single(&kind, random, depth, field.full_name())).collect(),
        );
    }
    single(&kind, random, depth, field.full_name())
}

fn single(kind: &Kind, random: &mut StdRng, depth: usize, name: &str) -> Value {
    // These may not hold what is no number, in JSON.
    let finite = name.starts_with("google.protobuf.");
    match kind {
        Kind::Double => Value::F64(double(random, finite)),
        Kind::Float => Value::F32(float(random, finite)),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(edge(random, [0, 1, -1, i32::MIN, i32::MAX])),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(edge(random, [0, 1, -1, i64::MIN, i64::MAX])),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(edge(random, [0, 1, 127, 128, u32::MAX])),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(edge(random, [0, 1, 127, 128, u64::MAX])),
        Kind::Bool => Value::Bool(random.random()),
        Kind::String => Value::String(text(random)),
        Kind::Bytes => {
            Value::Bytes((0..random.random_range(0..9)).map(|_| random.random()).collect::<Vec<u8>>().into())
        }
        Kind::Enum(one) => {
            let known: Vec<i32> = one.values().map(|value| value.number()).collect();
            Value::EnumNumber(known[random.random_range(0..known.len())])
        }
        Kind::Message(inner) => Value::Message(message(inner, random, depth.saturating_sub(1))),
    }
}

fn map_key(kind: &Kind, random: &mut StdRng) -> MapKey {
    match single(kind, random, 0, "") {
        Value::Bool(v) => MapKey::Bool(v),
        Value::I32(v) => MapKey::I32(v),
        Value::I64(v) => MapKey::I64(v),
        Value::U32(v) => MapKey::U32(v),
        Value::U64(v) => MapKey::U64(v),
        Value::String(v) => MapKey::String(v),
        other => unreachable!("{other:?} is no key"),
    }
}

fn edge<T: Copy>(random: &mut StdRng, edges: [T; 5]) -> T
where
    rand::distr::StandardUniform: rand::distr::Distribution<T>,
{
    if random.random_bool(0.5) { edges[random.random_range(0..5)] } else { random.random() }
}

fn double(random: &mut StdRng, finite: bool) -> f64 {
    let edges =
        [0.0, 1.0, -1.5, 0.1, 1e300, f64::MIN_POSITIVE, f64::MAX, 16_373.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let value =
        if random.random() { edges[random.random_range(0..edges.len())] } else { f64::from_bits(random.random()) };
    if value.is_finite() || !finite { value + 0.0 } else { 2.25 }
}

fn float(random: &mut StdRng, finite: bool) -> f32 {
    let edges = [0.0, 1.0, -1.5, 0.1, f32::MIN_POSITIVE, f32::MAX, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    let value =
        if random.random() { edges[random.random_range(0..edges.len())] } else { f32::from_bits(random.random()) };
    if value.is_finite() || !finite { value + 0.0 } else { 2.25 }
}

fn nanos(random: &mut StdRng) -> i32 {
    [0, 500_000_000, 123_000, 1, 999_999_999][random.random_range(0..5)]
}

fn path(random: &mut StdRng) -> String {
    ["display_name", "name", "source.citation", "alpha3_code", "a.b_c.d_ef"][random.random_range(0..5)].into()
}

fn text(random: &mut StdRng) -> String {
    let pieces = [
        "",
        "a",
        "Đắk Nông",
        "\"",
        "\\",
        "\n\t\u{1}",
        "😀",
        "e\u{301}",
        "</script>",
        "\u{2028}",
        "x".repeat(200).leak(),
    ];
    (0..random.random_range(0..4)).map(|_| pieces[random.random_range(0..pieces.len())]).collect()
}

/// Two messages in one: the fields of each in their order, mixed, with packed lists cut up or unpacked now and then, and
/// fields that nobody knows between.
pub fn interleave(one: &[u8], other: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut queues = [occurrences(one), occurrences(other)];
    let mut out = Vec::new();
    while let Some(queue) = pick(&mut queues, random) {
        out.extend_from_slice(&queue.remove(0));
        if random.random_bool(0.1) {
            out.extend_from_slice(&Bytes::from_static(&[0xfa, 0xff, 0xff, 0x7f, 2, 9, 9]));
        }
    }
    out
}

fn pick<'q>(queues: &'q mut [Vec<Vec<u8>>; 2], random: &mut StdRng) -> Option<&'q mut Vec<Vec<u8>>> {
    let [one, other] = queues;
    match (one.is_empty(), other.is_empty()) {
        (true, true) => None,
        (true, false) => Some(other),
        (false, true) => Some(one),
        (false, false) => Some(if random.random() { one } else { other }),
    }
}

fn occurrences(message: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut pieces) = (message, Vec::new());
    while let Ok(Some((number, raw))) = wire::next(&mut rest) {
        let mut piece = Vec::new();
        match raw {
            Raw::Varint(v) => {
                wire::put_tag(&mut piece, number, wire::VARINT);
                wire::put_varint(&mut piece, v);
            }
            Raw::Fixed64(v) => {
                wire::put_tag(&mut piece, number, wire::FIXED64);
                piece.extend_from_slice(&v.to_le_bytes());
            }
            Raw::Fixed32(v) => {
                wire::put_tag(&mut piece, number, wire::FIXED32);
                piece.extend_from_slice(&v.to_le_bytes());
            }
            Raw::Bytes(bytes) => wire::put_bytes(&mut piece, number, bytes),
        }
        pieces.push(piece);
    }
    pieces
}
