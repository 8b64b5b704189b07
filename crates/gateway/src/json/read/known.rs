//! Requests: the messages whose JSON is not an object of their fields.

use super::scalar::{self, Given};
use super::text::{Broken, Token};
use super::{Reader, Request};
use crate::json::plan::{MessagePlan, Plans, Shape, ValueKind};
use crate::json::time;
use crate::json::wire;
use crate::json::write::wire_type;

/// Reads a message of a special shape, without its length.
pub fn read<'a>(
    reader: &mut Reader<'a>,
    plan: &'a MessagePlan,
    token: Token<'a>,
    out: &mut Vec<u8>,
) -> Result<(), Broken> {
    match (plan.shape, token) {
        (Shape::Any, Token::Object) => any(reader, out),
        (Shape::Any, token) => reader.refuse(token, "must be an object with @type"),
        (Shape::Struct, Token::Object) => structure(reader, plan, out),
        (Shape::Struct, token) => reader.refuse(token, "must be an object"),
        (Shape::ListValue, Token::List) => list(reader, plan, out),
        (Shape::ListValue, token) => reader.refuse(token, "must be a list"),
        (Shape::Value, token) => value(reader, token, out),
        (_, token) => {
            let given = match &token {
                Token::Text(text) => Given::Text(text),
                Token::Number(number) => Given::Number(number),
                Token::Truth(truth) => Given::Truth(*truth),
                _ => return reader.refuse(token, format!("must be {}", expected(plan.shape))),
            };
            if let Err(why) = put(reader.plans, plan, given, out) {
                reader.note(why);
            }
            Ok(())
        }
    }
}

/// Appends a message whose JSON is one word: an instant, a duration, a field mask or a wrapped value.
pub fn put(plans: &Plans, plan: &MessagePlan, given: Given, out: &mut Vec<u8>) -> Result<(), String> {
    let refused = || format!("must be {}", expected(plan.shape));
    let text = match given {
        Given::Text(text) | Given::Address(text) => Some(text),
        _ => None,
    };
    match plan.shape {
        Shape::Timestamp => put_time(text.and_then(time::read_instant).ok_or_else(refused)?, out),
        Shape::Duration => put_time(text.and_then(time::read_duration).ok_or_else(refused)?, out),
        Shape::FieldMask => put_mask(text.ok_or_else(refused)?, out).ok_or_else(refused)?,
        Shape::Wrapper => {
            let field = plan.fields.first().ok_or("must have a value")?;
            wire::put_tag(out, field.number, wire_type(field.kind));
            scalar::put(plans, field.kind, given, out)?;
        }
        _ => return Err(refused()),
    }
    Ok(())
}

fn expected(shape: Shape) -> &'static str {
    match shape {
        Shape::Timestamp => "a time that exists, such as 2026-09-20T08:30:00Z",
        Shape::Duration => "a duration in seconds, such as 1.5s",
        Shape::FieldMask => "names of fields with commas between them",
        Shape::Wrapper => "a plain value",
        _ => "an object",
    }
}

fn put_time((seconds, nanos): (i64, i32), out: &mut Vec<u8>) {
    for (number, value) in [(1, seconds), (2, i64::from(nanos))] {
        if value != 0 {
            wire::put_tag(out, number, wire::VARINT);
            wire::put_varint(out, value as u64);
        }
    }
}

fn put_mask(text: &str, out: &mut Vec<u8>) -> Option<()> {
    for path in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
        let sound = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '*');
        if path.is_empty() || !path.chars().all(sound) {
            return None;
        }
        wire::put_bytes(out, 1, snake(path).as_bytes());
    }
    Some(())
}

/// A path of JSON names as the proto file has it: `homeAddress.zipCode` is `home_address.zip_code`.
fn snake(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 4);
    for letter in path.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// A message of the type that `@type` names, wherever among the members that stands: the object is read twice.
fn any<'a>(reader: &mut Reader<'a>, out: &mut Vec<u8>) -> Result<(), Broken> {
    let (mut first, mut url) = (true, None);
    let start = reader.text.clone();
    while let Some(name) = reader.text.member(&mut first)? {
        let token = reader.text.value()?;
        match token {
            Token::Text(text) if name == "@type" && url.is_none() => url = Some(text),
            token => reader.text.skip(token)?,
        }
    }
    let Some(url) = url else {
        reader.note("must name its type in @type");
        return Ok(());
    };
    let Some(id) = reader.plans.find(url.rsplit('/').next().unwrap_or_default()) else {
        reader.at_key("@type".into(), |reader| reader.note("is not a type of this platform"));
        return Ok(());
    };
    reader.text = start;
    wire::put_bytes(out, 1, url.as_bytes());
    wire::put_tag(out, 2, wire::LENGTH);
    let plan = reader.plans.message(id);
    wire::put_sized(out, |out| match plan.shape {
        Shape::Plain => reader.object_of_any(plan, out),
        _ => {
            let (mut first, mut request) = (true, Request::default());
            while let Some(name) = reader.text.member(&mut first)? {
                let token = reader.text.value()?;
                match &*name {
                    "@type" => reader.text.skip(token)?,
                    "value" => reader.at_key(name, |reader| reader.message(id, token, &mut request.wire))?,
                    _ => {
                        reader.at_key(name, |reader| reader.refuse(token, "does not belong beside @type and value"))?
                    }
                }
            }
            out.append(&mut request.wire);
            Ok(())
        }
    })
}

fn structure<'a>(reader: &mut Reader<'a>, plan: &'a MessagePlan, out: &mut Vec<u8>) -> Result<(), Broken> {
    match plan.fields.first() {
        Some(members) => reader.map(members, out),
        None => Ok(()),
    }
}

fn list<'a>(reader: &mut Reader<'a>, plan: &'a MessagePlan, out: &mut Vec<u8>) -> Result<(), Broken> {
    match plan.fields.first() {
        Some(elements) => reader.elements(elements, out),
        None => Ok(()),
    }
}

fn value<'a>(reader: &mut Reader<'a>, token: Token<'a>, out: &mut Vec<u8>) -> Result<(), Broken> {
    let (number, kind) = match &token {
        Token::Null => {
            wire::put_tag(out, 1, wire::VARINT);
            out.push(0);
            return Ok(());
        }
        Token::Number(_) => (2, Some(ValueKind::Double)),
        Token::Text(_) => (3, Some(ValueKind::String)),
        Token::Truth(_) => (4, Some(ValueKind::Bool)),
        Token::Object => (5, reader.plans.find("google.protobuf.Struct").map(ValueKind::Message)),
        Token::List => (6, reader.plans.find("google.protobuf.ListValue").map(ValueKind::Message)),
    };
    let Some(kind) = kind else { return reader.refuse(token, "cannot be nested here") };
    wire::put_tag(out, number, wire_type(kind));
    reader.value(kind, token, out)
}
