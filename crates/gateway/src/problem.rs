//! Failures over HTTP: problem documents (RFC 9457), and the one table of HTTP statuses.

use std::collections::BTreeMap;

use api::Failure as _;
use api::options::v1::Failure;
use bytes::Bytes;
use chassis::Error;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use tonic::Code;

use crate::body::Body;
use crate::json::plan::{MessageId, Plans};

/// The media type of a problem document.
pub const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
/// What a problem's `type` begins with; the reason follows.
pub const TYPES: &str = "https://ngkt.vn/problems/";
/// Violations that stand in the sentence of a problem; its list has all.
const TOLD_MAX: usize = 5;

/// The circumstances under which a failure is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances<'c> {
    /// The path that was asked for.
    pub instance: &'c str,
    /// The request's message, if it got so far: the service tells fields by their proto names.
    pub input: Option<MessageId>,
    /// The version to be changed was named by `If-Match`.
    pub if_match: bool,
    /// The trace.
    pub trace_id: &'c str,
}

/// The HTTP status of a failure.
pub fn status(error: &Error, if_match: bool) -> StatusCode {
    status_of(error.reason(), error.code(), if_match)
}

/// The HTTP status of a reason: google.rpc's table, but for the three that HTTP has a better word for. A version that is
/// stale is a conflict, or a precondition that failed if the client made it one.
pub fn status_of(reason: &str, code: Code, if_match: bool) -> StatusCode {
    let is = |failure: Failure| failure.rule().reason == reason;
    match code {
        _ if is(Failure::RequestTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        _ if is(Failure::IdempotencyKeyReused) => StatusCode::UNPROCESSABLE_ENTITY,
        _ if is(Failure::EtagMismatch) && if_match => StatusCode::PRECONDITION_FAILED,
        code => of_code(code),
    }
}

/// The HTTP status of a canonical code, as google.rpc.Code has it.
fn of_code(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Cancelled => StatusCode::from_u16(499).expect("invariant: 499 is a status"),
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A failure as an answer.
pub fn answer(error: Error, circumstances: &Circumstances) -> Response<Body> {
    let status = status(&error, circumstances.if_match);
    answer_as(status, error, circumstances)
}

/// A failure as an answer with this status.
pub fn answer_as(status: StatusCode, mut error: Error, circumstances: &Circumstances) -> Response<Body> {
    error.log();
    let text = document(status, &error, circumstances);
    let mut response = Response::new(Body::from(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, PROBLEM_JSON);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = retry_seconds(&error) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ngkt\""));
    }
    response
}

/// A problem document, with its members in the order in which people read them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'d> {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    instance: &'d str,
    reason: &'d str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<&'d str, &'d str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<Violation<'d>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    trace_id: &'d str,
}

/// A field that is not as it must be.
#[derive(Serialize)]
struct Violation<'d> {
    field: String,
    description: &'d str,
}

/// The problem document of a failure, as JSON.
pub fn document(status: StatusCode, error: &Error, circumstances: &Circumstances) -> Vec<u8> {
    let violations: Vec<Violation> = error
        .violations()
        .iter()
        .map(|broken| Violation {
            field: json_path(circumstances.input, &broken.field),
            description: &broken.description,
        })
        .collect();
    // The summary is made of the violations, which follow.
    let metadata = error.metadata().iter().filter(|(key, _)| violations.is_empty() || *key != "summary");
    let document = Document {
        r#type: format!("{TYPES}{}", error.reason()),
        title: title(error.reason()),
        status: status.as_u16(),
        detail: detail(error, &violations),
        instance: circumstances.instance,
        reason: error.reason(),
        metadata: metadata.map(|(key, value)| (key.as_str(), value.as_str())).collect(),
        violations,
        retry_after: retry_seconds(error),
        trace_id: circumstances.trace_id,
    };
    serde_json::to_vec(&document).expect("invariant: names and text are always JSON")
}

/// `ETAG_MISMATCH` as people write: `Etag mismatch`.
pub fn title(reason: &str) -> String {
    let words = reason.replace('_', " ").to_lowercase();
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The sentence; of violations, with the fields as JSON calls them.
fn detail(error: &Error, violations: &[Violation]) -> String {
    if violations.is_empty() || !error.is(Failure::InvalidArgument) {
        return error.message();
    }
    let told = violations.iter().take(TOLD_MAX);
    let mut told: Vec<String> = told.map(|broken| format!("{} {}", broken.field, broken.description)).collect();
    if violations.len() > TOLD_MAX {
        told.push(format!("and {} more", violations.len() - TOLD_MAX));
    }
    let summary = told.join("; ");
    Failure::InvalidArgument.rule().sentence(|word| (word == "summary").then_some(&summary))
}

/// Whole seconds, at least one: clients read no fractions here.
fn retry_seconds(error: &Error) -> Option<u64> {
    error.retry_after().map(|wait| wait.as_secs_f64().ceil().max(1.0) as u64)
}

/// A path of proto names as JSON has it: `country.display_name` is `country.displayName`.
fn json_path(input: Option<MessageId>, path: &str) -> String {
    let plans = Plans::contract();
    let (mut message, mut out, mut rest) = (input, String::with_capacity(path.len()), path);
    while !rest.is_empty() {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let name = &rest[..end];
        let field = message.and_then(|id| plans.message(id).field(name));
        out.push_str(field.map_or(name, |field| &field.json));
        message = field.and_then(|field| field.message());
        // What stands in brackets is an index or a key, and is kept whatever is in it.
        let brackets = match rest[end..].strip_prefix('[') {
            Some(inside) => inside.find(']').map_or(rest.len() - end, |close| close + 2),
            None => 0,
        };
        out.push_str(&rest[end..end + brackets]);
        rest = &rest[end + brackets..];
        if let Some(more) = rest.strip_prefix('.') {
            out.push('.');
            rest = more;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn reasons_read_as_words() {
        assert_eq!(title("ETAG_MISMATCH"), "Etag mismatch");
        assert_eq!(title(""), "");
    }

    #[test]
    fn statuses_say_what_http_has_a_word_for() {
        let of = |failure: Failure| Error::of(failure);
        for (failure, if_match, expected) in [
            (Failure::NotFound, false, 404),
            (Failure::InvalidArgument, false, 400),
            (Failure::EtagMismatch, true, 412),
            (Failure::EtagMismatch, false, 409),
            (Failure::IdempotencyKeyReused, false, 422),
            (Failure::RequestTooLarge, false, 413),
            (Failure::Retired, false, 400),
            (Failure::Unauthenticated, false, 401),
            (Failure::ResourceExhausted, false, 429),
            (Failure::Unavailable, false, 503),
            (Failure::DeadlineExceeded, false, 504),
            (Failure::Internal, false, 500),
        ] {
            assert_eq!(status(&of(failure), if_match).as_u16(), expected, "{failure:?}");
        }
    }

    #[test]
    fn fields_are_told_by_their_json_names() {
        let input = Plans::contract().find("ngkt.registry.v1.UpdateCountryRequest");
        for (path, json) in [
            ("country.display_name", "country.displayName"),
            ("country.audience.organizations[3]", "country.audience.organizations[3]"),
            ("update_mask.paths[0]", "updateMask.paths[0]"),
            ("country.nope_x[\"a.b\"].c_d", "country.nope_x[\"a.b\"].c_d"),
            ("", ""),
        ] {
            assert_eq!(json_path(input, path), json);
        }
    }

    #[test]
    fn a_problem_tells_what_a_client_needs() {
        let error = Error::invalid("country.display_name", "is required").violation("country.etag", "is not one");
        let circumstances = Circumstances {
            instance: "/v1/countries",
            input: Plans::contract().find("ngkt.registry.v1.CreateCountryRequest"),
            if_match: false,
            trace_id: "0af7651916cd43dd8448eb211c80319c",
        };
        let text = document(StatusCode::BAD_REQUEST, &error, &circumstances);
        assert_eq!(
            serde_json::from_slice::<Value>(&text).expect("JSON"),
            json!({
                "type": "https://ngkt.vn/problems/INVALID_ARGUMENT",
                "title": "Invalid argument",
                "status": 400,
                "detail": "The request is not valid: country.displayName is required; country.etag is not one",
                "instance": "/v1/countries",
                "reason": "INVALID_ARGUMENT",
                "violations": [
                    {"field": "country.displayName", "description": "is required"},
                    {"field": "country.etag", "description": "is not one"},
                ],
                "traceId": "0af7651916cd43dd8448eb211c80319c",
            })
        );
    }
}
