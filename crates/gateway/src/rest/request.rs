//! A REST request as the one gRPC message that it means.

use std::borrow::Cow;

use chassis::Error;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH};
use http::{HeaderMap, StatusCode};

use super::endpoint::{BodyPlan, Endpoint};
use super::query;
use crate::grpc;
use crate::json::plan::{FieldPlan, Plans};
use crate::json::read::{self, Fault};
use crate::json::wire;

/// What a client sends of a REST request, besides its address.
pub struct Sent<'r> {
    /// The values of the path's variables.
    pub values: Vec<Cow<'r, str>>,
    /// The query, without its question mark.
    pub query: &'r str,
    /// The head.
    pub headers: &'r HeaderMap,
    /// The body.
    pub body: &'r [u8],
}

/// Why a request cannot be passed on.
#[derive(Debug)]
pub enum Refusal {
    /// These fields are not as they must be.
    Faults(Vec<Fault>),
    /// The body is of this type, which is not JSON.
    MediaType(String),
}

impl From<Vec<Fault>> for Refusal {
    fn from(faults: Vec<Fault>) -> Self {
        Refusal::Faults(faults)
    }
}

impl Refusal {
    /// The HTTP status of it.
    pub fn status(&self) -> StatusCode {
        match self {
            Refusal::Faults(_) => StatusCode::BAD_REQUEST,
            Refusal::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        match refusal {
            Refusal::Faults(faults) => invalid(faults),
            Refusal::MediaType(found) => Error::invalid(
                "Content-Type",
                format!("must be application/json, in UTF-8 and not compressed; it is {found}"),
            ),
        }
    }
}

/// The error of these faults.
pub fn invalid(faults: Vec<Fault>) -> Error {
    let error = Error::of(api::options::v1::Failure::InvalidArgument);
    faults.into_iter().fold(error, |error, fault| error.violation(fault.field, fault.description))
}

/// The request's message in wire format, behind the room for its prefix. All that is wrong with it is told at once.
pub fn message(plans: &'static Plans, endpoint: &Endpoint, sent: Sent) -> Result<Vec<u8>, Refusal> {
    let mut out = grpc::room();
    let mut faults = Vec::new();
    let mut given = None;
    match body(plans, endpoint, &sent, &mut out) {
        Ok(fields) => given = fields,
        Err(Refusal::Faults(found)) => faults = found,
        Err(refusal) => return Err(refusal),
    }
    if let Err(found) = query::put(plans, endpoint, sent.query, &mut out) {
        faults.extend(found);
    }
    for (place, value) in endpoint.variables.iter().zip(&sent.values) {
        if let Err(description) = query::put_value(plans, place, value, &mut out) {
            faults.push(Fault { field: place.field.json.to_string(), description });
        }
    }
    if let Err(fault) = headers(endpoint, sent.headers, &mut out) {
        faults.push(fault);
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    if let (Some(mask), Some(given)) = (endpoint.mask, given)
        && wire::last_bytes(&out[grpc::PREFIX..], mask.number).is_none()
    {
        put_mask(mask, &given, &mut out);
    }
    Ok(out)
}

/// Reads the body into the message; answers which of its members were given, where an update mask is made of them.
fn body(
    plans: &'static Plans,
    endpoint: &Endpoint,
    sent: &Sent,
    out: &mut Vec<u8>,
) -> Result<Option<Vec<&'static FieldPlan>>, Refusal> {
    if matches!(endpoint.body, BodyPlan::None) || sent.body.is_empty() {
        return Ok(None);
    }
    media_type(sent.headers)?;
    match &endpoint.body {
        BodyPlan::None => Ok(None),
        BodyPlan::Whole => {
            let request = read::request(plans, endpoint.input, sent.body, "")?;
            out.extend_from_slice(&request.wire);
            Ok(None)
        }
        BodyPlan::Plain(field) => {
            out.extend_from_slice(&read::field(plans, field, sent.body)?);
            Ok(None)
        }
        BodyPlan::Message(field, id) => {
            let request = read::request(plans, *id, sent.body, &field.json)?;
            wire::put_bytes(out, field.number, &request.wire);
            let fields = &plans.message(*id).fields;
            Ok(Some(request.given.into_iter().map(|at| &fields[at]).collect()))
        }
    }
}

/// JSON, or what clients say who do not say anything.
fn media_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let shown = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).chars().take(100).collect();
    if let Some(encoding) = headers.get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        return Err(Refusal::MediaType(shown(encoding)));
    }
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    // The last two are what curl and a browser's fetch send with a body unless they are told otherwise.
    let json = matches!(kind, "application/json" | "text/json" | "text/plain" | "application/x-www-form-urlencoded")
        || (kind.starts_with("application/") && kind.ends_with("+json"));
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some(("charset", charset)) => matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii"),
        _ => true,
    });
    if json && utf8 { Ok(()) } else { Err(Refusal::MediaType(shown(value))) }
}

/// `If-Match` names the version that is to be changed, `Last-Event-ID` where a stream goes on.
fn headers(endpoint: &Endpoint, headers: &HeaderMap, out: &mut Vec<u8>) -> Result<(), Fault> {
    if let (Some(place), Some(value)) = (&endpoint.etag, headers.get(IF_MATCH)) {
        let etag = entity_tag(value.to_str().unwrap_or_default()).ok_or_else(|| Fault {
            field: "If-Match".into(),
            description: "must be * or one version in quotes, such as \"3\"".into(),
        })?;
        if let Some(etag) = etag {
            place.put(out, |out| wire::put_bytes(out, place.field.number, etag.as_bytes()));
        }
    }
    if let (Some(cursor), Some(value)) = (endpoint.cursor, headers.get("last-event-id")) {
        let place = value
            .to_str()
            .map_err(|_| Fault { field: "Last-Event-ID".into(), description: "must be the id of an event".into() })?;
        wire::put_bytes(out, cursor.number, place.as_bytes());
    }
    Ok(())
}

/// The version of `"3"` or `W/"3"`; none of `*`, which is any.
fn entity_tag(text: &str) -> Option<Option<&str>> {
    let text = text.trim();
    if text == "*" {
        return Some(None);
    }
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    let tag = quoted.strip_prefix('"')?.strip_suffix('"')?;
    (!tag.is_empty() && !tag.contains('"')).then_some(Some(tag))
}

/// An update mask of the members that the body gave, without those that are never changed by it: a record that was read
/// can be sent back with one field changed.
fn put_mask(mask: &FieldPlan, given: &[&FieldPlan], out: &mut Vec<u8>) {
    wire::put_tag(out, mask.number, wire::LENGTH);
    wire::put_sized(out, |out| {
        for field in given.iter().filter(|field| !field.server && &*field.proto != "etag") {
            wire::put_bytes(out, 1, field.proto.as_bytes());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags_are_taken_out_of_their_quotes() {
        for (text, tag) in [
            ("\"3\"", Some(Some("3"))),
            ("W/\"3\"", Some(Some("3"))),
            ("*", Some(None)),
            ("3", None),
            ("\"\"", None),
            ("\"1\", \"2\"", None),
            ("", None),
        ] {
            assert_eq!(entity_tag(text), tag, "{text}");
        }
    }

    #[test]
    fn bodies_are_json_or_undeclared() {
        let with = |value: &str| HeaderMap::from_iter([(CONTENT_TYPE, value.parse().expect("a value"))]);
        assert!(media_type(&HeaderMap::new()).is_ok());
        for value in [
            "application/json",
            "application/json; charset=utf-8",
            "APPLICATION/JSON;charset=\"UTF-8\"",
            "application/merge-patch+json",
        ] {
            assert!(media_type(&with(value)).is_ok(), "{value}");
        }
        for value in [
            "application/xml",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-16",
            "application/octet-stream",
        ] {
            assert!(media_type(&with(value)).is_err(), "{value}");
        }
        assert!(media_type(&HeaderMap::from_iter([(CONTENT_ENCODING, "gzip".parse().expect("a value"))])).is_err());
    }
}
