//! Answers: the messages whose JSON is not an object of their fields.

use std::collections::BTreeMap;

use super::gather;
use super::{Writer, double, json, string};
use crate::json::plan::{MessagePlan, Shape, ValueKind};
use crate::json::time;
use crate::json::wire::{self, Malformed, Raw};

/// Writes a message of a special shape.
pub fn write(writer: &mut Writer, plan: &MessagePlan, message: &[u8]) -> Result<(), Malformed> {
    match plan.shape {
        Shape::Timestamp => instant(writer, message),
        Shape::Duration => duration(writer, message),
        Shape::FieldMask => field_mask(writer, message),
        Shape::Any => any(writer, message),
        Shape::Struct => structure(writer, message),
        Shape::Value => value(writer, message),
        Shape::ListValue => list(writer, plan, message),
        Shape::Wrapper => wrapper(writer, plan, message),
        Shape::Plain => writer.object(plan, message).map(drop),
        Shape::Empty => {
            writer.out.extend_from_slice(b"{}");
            Ok(())
        }
    }
}

/// Fields 1 and 2 as numbers, the last of each.
fn seconds_and_nanos(message: &[u8]) -> Result<(i64, i32), Malformed> {
    let (mut rest, mut seconds, mut nanos) = (message, 0, 0);
    while let Some((number, raw)) = wire::next(&mut rest)? {
        match (number, raw) {
            (1, Raw::Varint(v)) => seconds = v as i64,
            (2, Raw::Varint(v)) => nanos = v as i32,
            _ => {}
        }
    }
    Ok((seconds, nanos))
}

fn instant(writer: &mut Writer, message: &[u8]) -> Result<(), Malformed> {
    let (seconds, nanos) = seconds_and_nanos(message)?;
    writer.out.push(b'"');
    time::write_instant(seconds, nanos, writer.out).ok_or(Malformed("a time out of range"))?;
    writer.out.push(b'"');
    Ok(())
}

fn duration(writer: &mut Writer, message: &[u8]) -> Result<(), Malformed> {
    let (seconds, nanos) = seconds_and_nanos(message)?;
    writer.out.push(b'"');
    time::write_duration(seconds, nanos, writer.out).ok_or(Malformed("a duration out of range"))?;
    writer.out.push(b'"');
    Ok(())
}

fn field_mask(writer: &mut Writer, message: &[u8]) -> Result<(), Malformed> {
    let (mut rest, mut paths) = (message, String::new());
    while let Some((number, raw)) = wire::next(&mut rest)? {
        if number == 1 {
            let path = std::str::from_utf8(raw.bytes()?).map_err(|_| Malformed("a string is not UTF-8"))?;
            if !paths.is_empty() {
                paths.push(',');
            }
            camel(path, &mut paths);
        }
    }
    json(paths, writer.out);
    Ok(())
}

/// A path of proto names as JSON has it: `home_address.zip_code` is `homeAddress.zipCode`.
pub fn camel(path: &str, out: &mut String) {
    let mut raise = false;
    for letter in path.chars() {
        match letter {
            '_' => raise = true,
            letter if std::mem::take(&mut raise) => out.push(letter.to_ascii_uppercase()),
            letter => out.push(letter),
        }
    }
}

/// A message of any type of the contract, with its type. One that the contract does not know (a newer service's) is given as
/// its bytes, so that the rest of the answer can still be read.
fn any(writer: &mut Writer, message: &[u8]) -> Result<(), Malformed> {
    let (url, content) =
        (wire::last_bytes(message, 1).unwrap_or_default(), wire::last_bytes(message, 2).unwrap_or_default());
    writer.out.extend_from_slice(b"{\"@type\":");
    string(url, writer.out)?;
    let name = std::str::from_utf8(url).unwrap_or_default().rsplit('/').next().unwrap_or_default();
    match writer.plans.find(name) {
        Some(id) if writer.plans.message(id).shape == Shape::Plain => {
            let start = writer.out.len();
            writer.message(id, content)?;
            if writer.out.len() == start + 2 {
                writer.out.truncate(start + 1);
                writer.out[start] = b'}';
            } else {
                writer.out[start] = b',';
            }
            return Ok(());
        }
        Some(id) => {
            writer.out.extend_from_slice(b",\"value\":");
            writer.message(id, content)?;
        }
        None if url.is_empty() && content.is_empty() => {
            let start = writer.out.len() - b"\"@type\":\"\"".len();
            writer.out.truncate(start);
        }
        None => {
            writer.out.extend_from_slice(b",\"value\":");
            writer.value(ValueKind::Bytes, Raw::Bytes(content))?;
        }
    }
    writer.out.push(b'}');
    Ok(())
}

fn structure(writer: &mut Writer, message: &[u8]) -> Result<(), Malformed> {
    let (mut rest, mut members) = (message, BTreeMap::new());
    while let Some((number, raw)) = wire::next(&mut rest)? {
        if number == 1 {
            let entry = raw.bytes()?;
            members
                .insert(wire::last_bytes(entry, 1).unwrap_or_default(), wire::last_bytes(entry, 2).unwrap_or_default());
        }
    }
    let id = writer.plans.find("google.protobuf.Value").ok_or(Malformed("no Value in the pool"))?;
    writer.out.push(b'{');
    for (index, (name, content)) in members.into_iter().enumerate() {
        if index > 0 {
            writer.out.push(b',');
        }
        string(name, writer.out)?;
        writer.out.push(b':');
        writer.message(id, content)?;
    }
    writer.out.push(b'}');
    Ok(())
}

fn value(writer: &mut Writer, message: &[u8]) -> Result<(), Malformed> {
    let (mut rest, mut last) = (message, (1, Vec::new()));
    while let Some((number, raw)) = wire::next(&mut rest)? {
        match number {
            // A choice of messages: pieces of the same one merge, everything else replaces what was before.
            5 | 6 if last.0 == number => last.1.push(raw),
            1..=6 => last = (number, vec![raw]),
            _ => {}
        }
    }
    match (last.0, last.1.last()) {
        (2, Some(raw)) => writer.value(ValueKind::Double, *raw).map(drop),
        (3, Some(raw)) => writer.value(ValueKind::String, *raw),
        (4, Some(raw)) => writer.value(ValueKind::Bool, *raw),
        (5 | 6, Some(_)) => {
            let name = if last.0 == 5 { "google.protobuf.Struct" } else { "google.protobuf.ListValue" };
            let id = writer.plans.find(name).ok_or(Malformed("no Struct in the pool"))?;
            writer.message(id, &gather::merged(&last.1)?)
        }
        _ => {
            writer.out.extend_from_slice(b"null");
            Ok(())
        }
    }
}

fn list(writer: &mut Writer, plan: &MessagePlan, message: &[u8]) -> Result<(), Malformed> {
    let (mut rest, mut first) = (message, true);
    writer.out.push(b'[');
    while let Some((number, raw)) = wire::next(&mut rest)? {
        let Some(field) = plan.index(number).map(|at| &plan.fields[at]) else { continue };
        if !std::mem::take(&mut first) {
            writer.out.push(b',');
        }
        writer.value(field.kind, raw)?;
    }
    writer.out.push(b']');
    Ok(())
}

fn wrapper(writer: &mut Writer, plan: &MessagePlan, message: &[u8]) -> Result<(), Malformed> {
    let (mut rest, mut last) = (message, None);
    while let Some((number, raw)) = wire::next(&mut rest)? {
        if number == 1 {
            last = Some(raw);
        }
    }
    let field = plan.fields.first().ok_or(Malformed("a wrapper without a value"))?;
    match last {
        Some(raw) => writer.value(field.kind, raw),
        None if field.kind == ValueKind::Double => {
            double(0.0, writer.out);
            Ok(())
        }
        None => writer.default(field.kind),
    }
}
