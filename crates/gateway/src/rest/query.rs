//! Query parameters: fields of the request by name, as deep as names go, once or many times.

use std::borrow::Cow;
use std::collections::HashSet;

use super::endpoint::{BodyPlan, Endpoint, Place};
use super::table::decoded;
use crate::json::plan::{Form, Plans, Shape, ValueKind};
use crate::json::read::scalar::{self, Given};
use crate::json::read::{self, Fault};
use crate::json::wire;
use crate::json::write::wire_type;

/// More parameters than these are not read.
const PARAMETERS_MAX: usize = 1_000;

/// Appends the fields that `query` gives to the request. Answers the proto names of those at the top.
pub fn put(plans: &'static Plans, endpoint: &Endpoint, query: &str, out: &mut Vec<u8>) -> Result<(), Vec<Fault>> {
    let (mut faults, mut seen) = (Vec::new(), HashSet::new());
    let parameters = || query.split('&').filter(|parameter| !parameter.is_empty());
    if parameters().count() > PARAMETERS_MAX {
        return Err(vec![fault("query", format!("must have at most {PARAMETERS_MAX} parameters"))]);
    }
    for parameter in parameters() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let Some(name) = text(name) else {
            faults.push(fault("query", "has a parameter whose name is not UTF-8 in percent signs"));
            continue;
        };
        let outcome = match text(value) {
            None => Err("is not UTF-8 in percent signs".into()),
            Some(value) => one(plans, endpoint, &name, &value, &mut seen, out),
        };
        if let Err(description) = outcome {
            faults.push(fault(&shown(plans, endpoint, &name), description));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn fault(field: &str, description: impl Into<String>) -> Fault {
    Fault { field: field.to_owned(), description: description.into() }
}

/// The name as JSON has it, if it leads to a field; else as it was given, cut.
fn shown(plans: &'static Plans, endpoint: &Endpoint, name: &str) -> String {
    let mut message = Some(endpoint.input);
    let steps = name.split('.').map(|step| {
        let field = message.and_then(|id| plans.message(id).field(step));
        message = field.and_then(|field| field.message());
        field.map_or(Cow::Owned(step.chars().take(100).collect()), |field| Cow::Borrowed(&*field.json))
    });
    steps.collect::<Vec<Cow<str>>>().join(".")
}

/// A name or value with its percent signs and plus signs resolved.
fn text(encoded: &str) -> Option<Cow<'_, str>> {
    if !encoded.contains('+') {
        return decoded(encoded, false);
    }
    decoded(&encoded.replace('+', "%20"), false).map(|text| Cow::Owned(text.into_owned()))
}

fn one(
    plans: &'static Plans,
    endpoint: &Endpoint,
    name: &str,
    value: &str,
    seen: &mut HashSet<Vec<u32>>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    if matches!(endpoint.body, BodyPlan::Whole) {
        return Err("is not a parameter: this request is given in its body".into());
    }
    let place = Place::of(plans, endpoint.input, name).ok_or("is not a parameter of this request")?;
    if endpoint.binds(&place) {
        return Err("is not a parameter: it is given in the path or the body".into());
    }
    let key = [&*place.around, &[place.field.number]].concat();
    if !seen.insert(key) && place.field.form == Form::Single {
        return Err("is given more than once".into());
    }
    put_value(plans, &place, value, out)
}

/// Appends one value given as text at `place`.
pub fn put_value(plans: &'static Plans, place: &Place, value: &str, out: &mut Vec<u8>) -> Result<(), String> {
    let (field, given) = (place.field, Given::Address(value));
    if field.form == Form::Map {
        return Err("cannot be given as a parameter".into());
    }
    place.put(out, |out| {
        wire::put_tag(out, field.number, wire_type(field.kind));
        match field.kind {
            ValueKind::Message(id) => {
                let plan = plans.message(id);
                if matches!(
                    plan.shape,
                    Shape::Plain | Shape::Any | Shape::Struct | Shape::Value | Shape::ListValue | Shape::Empty
                ) {
                    return Err("cannot be given as a parameter; its fields can, as name.field".into());
                }
                wire::put_sized(out, |out| read::put_known(plans, plan, given, out))
            }
            kind => scalar::put(plans, kind, given, out),
        }
    })
}
