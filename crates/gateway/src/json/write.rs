//! Answers: wire format to proto3 JSON in one pass, without building the message.
//!
//! Encoders write each field once and repeated elements next to each other, and such a message streams straight through.
//! Wire format also allows repeats anywhere (the last scalar wins, messages merge, a choice forgets its other members); as
//! soon as one shows, what was written of that message is dropped and `gather` does it again, slowly and right.

use std::collections::BTreeMap;

mod gather;
mod known;
use super::plan::{EnumId, FieldPlan, Fields, Form, MessageId, MessagePlan, Plans, Shape, ValueKind};
use super::wire::{self, Malformed, Raw};

/// Messages deeper than this are refused; nothing of ours comes near.
const DEPTH_MAX: usize = 100;

/// Writes `message` as JSON. Empty lists at the top are written as `[]`; every other default is left out.
pub fn answer(plans: &Plans, id: MessageId, message: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let plan = plans.message(id);
    if plan.shape != Shape::Plain {
        return Writer::new(plans, out).message(id, message);
    }
    let written = Writer::new(plans, out).object(plan, message)?;
    out.pop();
    for (at, field) in plan.fields.iter().enumerate() {
        if field.form == Form::List && !written.has(at) {
            member(field, out);
            out.extend_from_slice(b"[]");
        }
    }
    out.push(b'}');
    Ok(())
}

/// Writes what field `field` of `message` holds, as a whole answer: for routes that name a `response_body`.
pub fn answer_field(plans: &Plans, field: &FieldPlan, message: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut rest = message;
    let mut found = Vec::new();
    while let Some((number, raw)) = wire::next(&mut rest)? {
        if number == field.number {
            found.push(raw);
        }
    }
    let start = out.len();
    out.push(b'{');
    let mut writer = Writer::new(plans, out);
    if writer.gathered(field, &found)? {
        // Only the value is the answer: the brace and the member's name go.
        out.drain(start..start + 1 + field.key.len());
        return Ok(());
    }
    writer.out.truncate(start);
    match (field.form, field.message()) {
        (Form::List, _) => out.extend_from_slice(b"[]"),
        (Form::Map, _) => out.extend_from_slice(b"{}"),
        (Form::Single, Some(id)) => writer.message(id, &[])?,
        (Form::Single, None) => writer.default(field.kind)?,
    }
    Ok(())
}

/// The key of a map entry, in the order in which encoders write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'a> {
    Signed(i64),
    Unsigned(u64),
    Text(&'a [u8]),
}

/// A repeated field whose bracket is open.
struct Open<'a> {
    at: usize,
    last_key: Option<Key<'a>>,
}

/// Writes into one buffer.
pub struct Writer<'p, 'o> {
    pub plans: &'p Plans,
    pub out: &'o mut Vec<u8>,
    depth: usize,
}

impl<'p, 'o> Writer<'p, 'o> {
    /// A writer at the top of a message.
    pub fn new(plans: &'p Plans, out: &'o mut Vec<u8>) -> Self {
        Writer { plans, out, depth: 0 }
    }

    /// Writes a message of whatever shape.
    pub fn message(&mut self, id: MessageId, message: &[u8]) -> Result<(), Malformed> {
        if self.depth == DEPTH_MAX {
            return Err(Malformed("messages are nested too deeply"));
        }
        self.depth += 1;
        let plan = self.plans.message(id);
        match plan.shape {
            Shape::Plain => drop(self.object(plan, message)?),
            _ => known::write(self, plan, message)?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// Writes the members of a plain message in braces; answers which lists were written.
    pub fn object(&mut self, plan: &MessagePlan, message: &[u8]) -> Result<Fields, Malformed> {
        let start = self.out.len();
        self.out.push(b'{');
        let written = match self.stream(plan, message)? {
            Some(written) => written,
            None => {
                self.out.truncate(start + 1);
                self.gather(plan, message)?
            }
        };
        self.out.push(b'}');
        Ok(written)
    }

    /// The members in the order of the wire; `None` as soon as one comes that the wire repeats or takes back.
    fn stream(&mut self, plan: &MessagePlan, message: &[u8]) -> Result<Option<Fields>, Malformed> {
        let (mut rest, mut seen, mut written, mut choices) = (message, Fields::default(), Fields::default(), 0u64);
        let mut open: Option<Open> = None;
        while let Some((number, raw)) = wire::next(&mut rest)? {
            let Some(at) = plan.index(number) else { continue };
            let field = &plan.fields[at];
            if let Some(current) = open.as_mut().filter(|open| open.at == at) {
                if !self.next_element(field, raw, current)? {
                    return Ok(None);
                }
                continue;
            }
            if !seen.add(at) || !field.choose(&mut choices) {
                return Ok(None);
            }
            if let Some(last) = open.take() {
                self.close(&plan.fields[last.at]);
            }
            if field.form == Form::Single {
                self.single(field, raw)?;
                continue;
            }
            if field.form == Form::List && matches!(raw, Raw::Bytes([])) && packable(field.kind) {
                continue;
            }
            member(field, self.out);
            self.out.push(if field.form == Form::Map { b'{' } else { b'[' });
            written.add(at);
            let current = open.insert(Open { at, last_key: None });
            self.next_element(field, raw, current)?;
        }
        if let Some(last) = open {
            self.close(&plan.fields[last.at]);
        }
        Ok(Some(written))
    }

    fn close(&mut self, field: &FieldPlan) {
        self.out.push(if field.form == Form::Map { b'}' } else { b']' });
    }

    /// One more element of a list or map; false if a map's keys do not rise, so that one may come twice.
    fn next_element<'a>(&mut self, field: &FieldPlan, raw: Raw<'a>, open: &mut Open<'a>) -> Result<bool, Malformed> {
        if field.form == Form::List {
            self.elements(field.kind, raw)?;
            return Ok(true);
        }
        let entry = gather::entry(self.plans, field, raw)?;
        if open.last_key.is_some_and(|last| last >= entry.key) {
            return Ok(false);
        }
        open.last_key = Some(entry.key);
        self.entry(&entry)?;
        Ok(true)
    }

    fn single(&mut self, field: &FieldPlan, raw: Raw) -> Result<(), Malformed> {
        if !field.presence && is_default(field.kind, raw) {
            return Ok(());
        }
        member(field, self.out);
        self.value(field.kind, raw)
    }

    /// The elements of one occurrence of a list: one, or many if it is packed.
    fn elements(&mut self, kind: ValueKind, raw: Raw) -> Result<(), Malformed> {
        match raw {
            Raw::Bytes(mut packed) if packable(kind) => {
                while !packed.is_empty() {
                    let element = wire::raw(&mut packed, wire_type(kind))?;
                    self.element(kind, element)?;
                }
                Ok(())
            }
            single => self.element(kind, single),
        }
    }

    fn element(&mut self, kind: ValueKind, raw: Raw) -> Result<(), Malformed> {
        if self.out.last() != Some(&b'[') {
            self.out.push(b',');
        }
        self.value(kind, raw)
    }

    fn entry(&mut self, entry: &gather::Entry) -> Result<(), Malformed> {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        match entry.key {
            Key::Text(text) => string(text, self.out)?,
            Key::Signed(number) => quoted(number, self.out),
            Key::Unsigned(number) if entry.boolean => json(if number != 0 { "true" } else { "false" }, self.out),
            Key::Unsigned(number) => quoted(number, self.out),
        }
        self.out.push(b':');
        match (&entry.merged, entry.value, entry.kind) {
            (Some(merged), _, kind) => self.value(kind, Raw::Bytes(merged)),
            (None, Some(raw), kind) => self.value(kind, raw),
            (None, None, ValueKind::Message(id)) => self.message(id, &[]),
            (None, None, kind) => self.default(kind),
        }
    }

    /// The members by field, however the wire has them.
    fn gather(&mut self, plan: &MessagePlan, message: &[u8]) -> Result<Fields, Malformed> {
        let mut written = Fields::default();
        for (at, raws) in gather::occurrences(plan, message)? {
            if self.gathered(&plan.fields[at], &raws)? {
                written.add(at);
            }
        }
        Ok(written)
    }

    /// One member from all its occurrences; false if there is nothing to write.
    fn gathered(&mut self, field: &FieldPlan, raws: &[Raw]) -> Result<bool, Malformed> {
        let start = self.out.len();
        match (field.form, raws) {
            (_, []) => {}
            (Form::Single, [.., last]) if field.message().is_none() => self.single(field, *last)?,
            (Form::Single, all) => {
                let merged = gather::merged(all)?;
                self.single(field, Raw::Bytes(&merged))?;
            }
            (Form::List, all) => {
                if all.iter().all(|raw| packable(field.kind) && matches!(raw, Raw::Bytes([]))) {
                    return Ok(false);
                }
                member(field, self.out);
                self.out.push(b'[');
                all.iter().try_for_each(|raw| self.elements(field.kind, *raw))?;
                self.out.push(b']');
            }
            (Form::Map, all) => {
                let mut entries = BTreeMap::new();
                for raw in all {
                    let entry = gather::entry(self.plans, field, *raw)?;
                    entries.insert(entry.key, entry);
                }
                member(field, self.out);
                self.out.push(b'{');
                entries.values().try_for_each(|entry| self.entry(entry))?;
                self.out.push(b'}');
            }
        }
        Ok(self.out.len() > start)
    }

    /// One value.
    pub fn value(&mut self, kind: ValueKind, raw: Raw) -> Result<(), Malformed> {
        match (kind, raw) {
            (ValueKind::String, Raw::Bytes(text)) => string(text, self.out)?,
            (ValueKind::Message(id), Raw::Bytes(message)) => self.message(id, message)?,
            (ValueKind::Bytes, Raw::Bytes(bytes)) => base64(bytes, self.out),
            (ValueKind::Bool, Raw::Varint(v)) => self.out.extend_from_slice(if v != 0 { b"true" } else { b"false" }),
            (ValueKind::Enum(id), Raw::Varint(v)) => self.enumeration(id, v as i32),
            (ValueKind::Int32, Raw::Varint(v)) => json(v as i32, self.out),
            (ValueKind::Uint32, Raw::Varint(v)) => json(v as u32, self.out),
            (ValueKind::Sint32, Raw::Varint(v)) => json(zigzag(v as u32 as u64) as i32, self.out),
            (ValueKind::Fixed32, Raw::Fixed32(v)) => json(v, self.out),
            (ValueKind::Sfixed32, Raw::Fixed32(v)) => json(v as i32, self.out),
            (ValueKind::Int64, Raw::Varint(v)) => quoted(v as i64, self.out),
            (ValueKind::Uint64, Raw::Varint(v)) | (ValueKind::Fixed64, Raw::Fixed64(v)) => quoted(v, self.out),
            (ValueKind::Sint64, Raw::Varint(v)) => quoted(zigzag(v), self.out),
            (ValueKind::Sfixed64, Raw::Fixed64(v)) => quoted(v as i64, self.out),
            (ValueKind::Double, Raw::Fixed64(v)) => double(f64::from_bits(v), self.out),
            (ValueKind::Float, Raw::Fixed32(v)) => float(f32::from_bits(v), self.out),
            _ => return Err(Malformed("wire type is not of the declared type")),
        }
        Ok(())
    }

    /// The default of a kind that is not a message, where one must stand: in maps and wrappers.
    pub fn default(&mut self, kind: ValueKind) -> Result<(), Malformed> {
        match kind {
            ValueKind::String | ValueKind::Bytes | ValueKind::Message(_) => self.value(kind, Raw::Bytes(&[])),
            kind => {
                let zero = match wire_type(kind) {
                    wire::FIXED32 => Raw::Fixed32(0),
                    wire::FIXED64 => Raw::Fixed64(0),
                    _ => Raw::Varint(0),
                };
                self.value(kind, zero)
            }
        }
    }

    fn enumeration(&mut self, id: EnumId, number: i32) {
        let plan = self.plans.enumeration(id);
        match plan.name_of(number) {
            _ if plan.null => self.out.extend_from_slice(b"null"),
            Some(name) => {
                self.out.push(b'"');
                self.out.extend_from_slice(name.as_bytes());
                self.out.push(b'"');
            }
            None => json(number, self.out),
        }
    }
}

fn member(field: &FieldPlan, out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.extend_from_slice(&field.key);
}

/// Whether a list of this kind may come as one run of bytes.
pub fn packable(kind: ValueKind) -> bool {
    !matches!(kind, ValueKind::String | ValueKind::Bytes | ValueKind::Message(_))
}

/// The wire type of one value of this kind.
pub fn wire_type(kind: ValueKind) -> u8 {
    match kind {
        ValueKind::Double | ValueKind::Fixed64 | ValueKind::Sfixed64 => wire::FIXED64,
        ValueKind::Float | ValueKind::Fixed32 | ValueKind::Sfixed32 => wire::FIXED32,
        ValueKind::String | ValueKind::Bytes | ValueKind::Message(_) => wire::LENGTH,
        _ => wire::VARINT,
    }
}

fn is_default(kind: ValueKind, raw: Raw) -> bool {
    match raw {
        Raw::Varint(v) => {
            v == 0
                || (v as u32 == 0
                    && matches!(kind, ValueKind::Int32 | ValueKind::Uint32 | ValueKind::Sint32 | ValueKind::Enum(_)))
        }
        Raw::Fixed64(v) => v == 0,
        Raw::Fixed32(v) => v == 0,
        Raw::Bytes(bytes) => bytes.is_empty(),
    }
}

fn zigzag(v: u64) -> i64 {
    (v >> 1) as i64 ^ -((v & 1) as i64)
}

/// Writes a string of the wire, quoted and escaped.
pub fn string(text: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    json(std::str::from_utf8(text).map_err(|_| Malformed("a string is not UTF-8"))?, out);
    Ok(())
}

/// Writes a number, string or truth value.
pub fn json(value: impl serde::Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, &value).expect("invariant: a plain value into memory cannot fail");
}

fn quoted(value: impl serde::Serialize, out: &mut Vec<u8>) {
    out.push(b'"');
    json(value, out);
    out.push(b'"');
}

fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    use ::base64::{Engine, prelude::BASE64_STANDARD};
    let start = out.len() + 1;
    out.push(b'"');
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    BASE64_STANDARD.encode_slice(bytes, &mut out[start..]).expect("invariant: the room was measured");
    out.push(b'"');
}

/// Writes a double: the shortest digits that read back the same, whole numbers without a point.
pub fn double(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() { number(value, out) } else { special(value, out) }
}

fn float(value: f32, out: &mut Vec<u8>) {
    if value.is_finite() { number(value, out) } else { special(f64::from(value), out) }
}

fn number(value: impl serde::Serialize, out: &mut Vec<u8>) {
    json(value, out);
    if out.ends_with(b".0") {
        out.truncate(out.len() - 2);
    }
}

fn special(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(match value {
        v if v.is_nan() => b"\"NaN\"",
        v if v > 0.0 => b"\"Infinity\"",
        _ => b"\"-Infinity\"",
    });
}
