//! What comes back: the answer, and every way in which it can fail.

use std::collections::BTreeMap;

use api::options::v1::Failure as Canonical;
use api::{Failure, FailureInfo, Verb};

use super::schema::Schemas;
use super::tree::{Node, Object};
use crate::problem;
use crate::rest::endpoint::{BodyPlan, Endpoint};

/// All answers of an endpoint, by status.
pub fn all(endpoint: &Endpoint, schemas: &mut Schemas) -> Object {
    let mut answers = Object::new().with("200", success(endpoint, schemas));
    for (status, failures) in failures(endpoint) {
        let answer = match failures.as_slice() {
            [only] if ALONE.iter().any(|failure| failure.rule().reason == only.reason) => {
                Object::new().with("$ref", format!("#/components/responses/{}", only.reason))
            }
            some => refusal(some),
        };
        answers.put(status.to_string(), answer);
    }
    answers
}

/// Failures that are mostly alone with their status, so that they are described once for all.
const ALONE: [Canonical; 8] = [
    Canonical::InvalidArgument,
    Canonical::Unauthenticated,
    Canonical::PermissionDenied,
    Canonical::NotFound,
    Canonical::ResourceExhausted,
    Canonical::Internal,
    Canonical::Unavailable,
    Canonical::DeadlineExceeded,
];

/// The descriptions of failures that stand alone.
pub fn shared() -> Object {
    let described = |all: Object, failure| {
        let info = told(failure);
        all.with(info.reason.clone(), refusal(&[info]))
    };
    ALONE.into_iter().fold(Object::new(), described)
}

fn success(endpoint: &Endpoint, schemas: &mut Schemas) -> Object {
    let message = &endpoint.method.output;
    let schema = match endpoint.response.and_then(|field| message.get_field_by_name(&field.proto)) {
        Some(field) => schemas.field(&field, false),
        None => schemas.message(message),
    };
    let media = Object::new().with("schema", schema);
    if endpoint.method.server_streaming {
        let description = "Events as they come; each one's data is a message, its id is where to go on.";
        return Object::new()
            .with("description", description)
            .with("content", Object::new().with("text/event-stream", media));
    }
    let mut headers = Object::new();
    if endpoint.version.is_some() {
        headers.put("ETag", header("The record's version."));
    }
    headers.put("trace-id", header("The trace under which the log knows this request."));
    let description = api::comment_of_message(message);
    let description = if description.is_empty() { "The answer." } else { description };
    Object::new()
        .with("description", description)
        .with("headers", headers)
        .with("content", Object::new().with("application/json", media))
}

fn header(description: &str) -> Object {
    Object::new().with("description", description).with("schema", Object::new().with("type", "string"))
}

fn refusal(failures: &[FailureInfo]) -> Object {
    let told: Vec<String> = failures.iter().map(|failure| format!("{}: {}", failure.reason, failure.comment)).collect();
    let reasons: Vec<Node> = failures
        .iter()
        .map(|failure| {
            let reason = Object::new().with("reason", failure.reason.as_str()).with_text("meaning", &failure.comment);
            reason.with_text("detail", &failure.message).into()
        })
        .collect();
    let problem = Object::new().with("schema", Object::new().with("$ref", "#/components/schemas/Problem"));
    Object::new()
        .with("description", told.join("\n\n"))
        .with("content", Object::new().with("application/problem+json", problem))
        .with("x-reasons", reasons)
}

/// The failures of an endpoint: its own, and those of every rpc of its form.
fn failures(endpoint: &Endpoint) -> BTreeMap<u16, Vec<FailureInfo>> {
    let method = endpoint.method;
    let mut canonical = vec![
        Canonical::InvalidArgument,
        Canonical::Unauthenticated,
        Canonical::ResourceExhausted,
        Canonical::Internal,
        Canonical::Unavailable,
    ];
    let mut also = |yes: bool, failure: Canonical| canonical.extend(yes.then_some(failure));
    also(!method.access.public && !method.access.authenticated, Canonical::PermissionDenied);
    also(!endpoint.variables.is_empty(), Canonical::NotFound);
    also(method.verb == Verb::Create, Canonical::AlreadyExists);
    also(method.verb == Verb::List, Canonical::PageTokenInvalid);
    also(matches!(method.verb, Verb::Create | Verb::Update), Canonical::ReferenceNotFound);
    also(matches!(method.verb, Verb::Update | Verb::Retire), Canonical::Retired);
    also(endpoint.etag.is_some(), Canonical::EtagMismatch);
    also(method.change.is_some(), Canonical::IdempotencyKeyReused);
    also(!matches!(endpoint.body, BodyPlan::None), Canonical::RequestTooLarge);
    also(!method.server_streaming, Canonical::DeadlineExceeded);
    let mut by_status: BTreeMap<u16, Vec<FailureInfo>> = BTreeMap::new();
    for failure in canonical.into_iter().map(told).chain(method.failures.iter().cloned()) {
        let status = problem::status_of(&failure.reason, failure.code, true).as_u16();
        let known = by_status.entry(status).or_default();
        if known.iter().all(|other| other.reason != failure.reason) {
            known.push(failure);
        }
    }
    by_status
}

/// A failure that every rpc can have, as the proto tells it.
fn told(failure: Canonical) -> FailureInfo {
    let rule = failure.rule();
    let values = api::pool().get_enum_by_name("ngkt.options.v1.Failure");
    let value = values.and_then(|values| values.get_value(failure as i32));
    FailureInfo {
        reason: rule.reason.to_owned(),
        code: rule.code,
        message: rule.message.to_owned(),
        comment: value.map(|value| api::comment_of_enum_value(&value).to_owned()).unwrap_or_default(),
    }
}

/// The schema of problem documents.
pub fn problem() -> Object {
    let text = |description: &str| Object::new().with("type", "string").with("description", description);
    let number = |description: &str| Object::new().with("type", "integer").with("description", description);
    let violation = Object::new()
        .with("type", "object")
        .with(
            "properties",
            Object::new()
                .with("field", text("The field's path by JSON names, such as country.displayName."))
                .with("description", text("What it must be: a sentence without its subject.")),
        )
        .with("required", vec!["field", "description"]);
    let violations = Object::new().with("type", "array").with("items", violation);
    let metadata =
        Object::new().with("type", "object").with("additionalProperties", Object::new().with("type", "string"));
    Object::new()
        .with("type", "object")
        .with("description", "A problem document (RFC 9457).")
        .with(
            "properties",
            Object::new()
                .with("type", text("The kind of problem: a URI that ends in the reason.").with("format", "uri"))
                .with("title", text("The reason in words."))
                .with("status", number("The HTTP status."))
                .with("detail", text("What happened, in a sentence."))
                .with("instance", text("The path that was asked for."))
                .with("reason", text("The reason, for programs. It never changes its meaning."))
                .with("metadata", metadata.with("description", "What the sentence is about, by name."))
                .with(
                    "violations",
                    violations.with("description", "Each field that is not as it must be; all of them at once."),
                )
                .with("retryAfter", number("Seconds after which the same request may succeed."))
                .with("traceId", text("The trace under which the log knows this request.")),
        )
        .with("required", vec!["type", "title", "status", "detail", "reason", "traceId"])
}
