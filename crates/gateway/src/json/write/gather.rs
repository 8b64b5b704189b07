//! What the wire may scatter, collected: repeats of a field, entries of maps, choices made more than once.

use super::Key;
use crate::json::plan::{FieldPlan, Form, MessagePlan, Plans, ValueKind};
use crate::json::wire::{self, Malformed, Raw};

/// One entry of a map.
pub struct Entry<'a> {
    pub key: Key<'a>,
    /// The key is a truth value.
    pub boolean: bool,
    pub kind: ValueKind,
    /// The value; the default of its kind if there is none.
    pub value: Option<Raw<'a>>,
    /// The value, where it is a message that the wire has in several pieces.
    pub merged: Option<Vec<u8>>,
}

/// Reads one entry of a map.
pub fn entry<'a>(plans: &Plans, field: &FieldPlan, raw: Raw<'a>) -> Result<Entry<'a>, Malformed> {
    let id = field.message().ok_or(Malformed("a map without entries"))?;
    let plan = plans.message(id);
    let kind_of = |number| plan.index(number).map(|at| plan.fields[at].kind).ok_or(Malformed("a map without keys"));
    let (key_kind, kind) = (kind_of(1)?, kind_of(2)?);
    let (mut rest, mut key, mut values) = (raw.bytes()?, None, Vec::new());
    while let Some((number, raw)) = wire::next(&mut rest)? {
        match number {
            1 => key = Some(raw),
            2 => values.push(raw),
            _ => {}
        }
    }
    let merged = if values.len() > 1 && matches!(kind, ValueKind::Message(_)) { Some(merged(&values)?) } else { None };
    let key = map_key(key_kind, key)?;
    Ok(Entry { key, boolean: key_kind == ValueKind::Bool, kind, value: values.last().copied(), merged })
}

fn map_key(kind: ValueKind, raw: Option<Raw>) -> Result<Key, Malformed> {
    let zigzag = |v: u64| (v >> 1) as i64 ^ -((v & 1) as i64);
    Ok(match (kind, raw) {
        (ValueKind::String, None) => Key::Text(&[]),
        (ValueKind::String, Some(Raw::Bytes(text))) => Key::Text(text),
        (ValueKind::Int32, Some(Raw::Varint(v))) => Key::Signed(i64::from(v as i32)),
        (ValueKind::Int64, Some(Raw::Varint(v))) => Key::Signed(v as i64),
        (ValueKind::Sint32, Some(Raw::Varint(v))) => Key::Signed(zigzag(u64::from(v as u32))),
        (ValueKind::Sint64, Some(Raw::Varint(v))) => Key::Signed(zigzag(v)),
        (ValueKind::Sfixed32, Some(Raw::Fixed32(v))) => Key::Signed(i64::from(v as i32)),
        (ValueKind::Sfixed64, Some(Raw::Fixed64(v))) => Key::Signed(v as i64),
        (ValueKind::Uint32, Some(Raw::Varint(v))) => Key::Unsigned(u64::from(v as u32)),
        (ValueKind::Uint64, Some(Raw::Varint(v))) | (ValueKind::Fixed64, Some(Raw::Fixed64(v))) => Key::Unsigned(v),
        (ValueKind::Fixed32, Some(Raw::Fixed32(v))) => Key::Unsigned(u64::from(v)),
        (ValueKind::Bool, Some(Raw::Varint(v))) => Key::Unsigned(u64::from(v != 0)),
        (ValueKind::Int32 | ValueKind::Int64 | ValueKind::Sint32 | ValueKind::Sint64, None) => Key::Signed(0),
        (ValueKind::Sfixed32 | ValueKind::Sfixed64, None) => Key::Signed(0),
        (_, None) => Key::Unsigned(0),
        _ => return Err(Malformed("wire type is not of the declared type")),
    })
}

/// The occurrences that count of each field that is there, in the order of the fields: of a choice, only those of the member
/// that came last, and of these only the ones after any other member.
pub fn occurrences<'a>(plan: &MessagePlan, message: &'a [u8]) -> Result<Vec<(usize, Vec<Raw<'a>>)>, Malformed> {
    let mut found: Vec<Vec<Raw>> = vec![Vec::new(); plan.fields.len()];
    let mut rest = message;
    while let Some((number, raw)) = wire::next(&mut rest)? {
        let Some(at) = plan.index(number) else { continue };
        let field = &plan.fields[at];
        if field.oneof.is_some() {
            let rivals = plan.fields.iter().enumerate().filter(|(_, other)| other.oneof == field.oneof);
            rivals.filter(|(rival, _)| *rival != at).for_each(|(rival, _)| found[rival].clear());
        }
        if field.form == Form::Single && field.message().is_none() {
            found[at].clear();
        }
        found[at].push(raw);
    }
    Ok(found.into_iter().enumerate().filter(|(_, raws)| !raws.is_empty()).collect())
}

/// Pieces of one message put together: on the wire, that is merging them.
pub fn merged(pieces: &[Raw]) -> Result<Vec<u8>, Malformed> {
    let mut whole = Vec::new();
    for piece in pieces {
        whole.extend_from_slice(piece.bytes()?);
    }
    Ok(whole)
}
