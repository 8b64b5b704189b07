//! Errors as gRPC statuses and back: `google.rpc.Status` with `ErrorInfo`, `BadRequest` and `RetryInfo`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use prost::Message as _;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb;

use super::{DOMAIN, Error, Inner, Message, Violation};

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// A status travels in HTTP headers, of which common clients take 8 KiB in all. What would be longer is cut.
const DETAIL_BYTES_MAX: usize = 2560;
const MESSAGE_BYTES_MAX: usize = 512;

impl From<Error> for Status {
    /// The error as it goes to the caller. The cause is logged here, once, and goes no further.
    fn from(mut error: Error) -> Status {
        error.log();
        let code = error.code();
        let message = cut(error.message());
        let details = details(*error.0);
        let status = pb::Status { code: code as i32, message: message.clone(), details };
        Status::with_details(code, message, status.encode_to_vec().into())
    }
}

impl From<Status> for Error {
    /// The same error that the other side had, if it was one of ours; else the nearest to what was told.
    fn from(status: Status) -> Error {
        let mut inner = Inner {
            code: status.code(),
            reason: Cow::Borrowed(name_of(status.code())),
            domain: Cow::Borrowed(DOMAIN),
            message: Message::Told(status.message().to_owned()),
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            retry_after: None,
            others: Vec::new(),
            source: None,
        };
        let told = pb::Status::decode(status.details()).unwrap_or_default();
        for detail in told.details {
            take(&mut inner, detail);
        }
        Error(Box::new(inner))
    }
}

fn details(inner: Inner) -> Vec<Any> {
    let info = pb::ErrorInfo {
        reason: inner.reason.into_owned(),
        domain: inner.domain.into_owned(),
        metadata: inner.metadata.into_iter().map(|(key, value)| (key, cut(value))).collect(),
    };
    let mut details = vec![any(ERROR_INFO, &info)];
    if !inner.violations.is_empty() {
        details.push(any(BAD_REQUEST, &pb::BadRequest { field_violations: broken_fields(inner.violations) }));
    }
    if let Some(wait) = inner.retry_after {
        let retry_delay = Some(prost_types::Duration {
            seconds: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            nanos: i32::try_from(wait.subsec_nanos()).unwrap_or_default(),
        });
        details.push(any(RETRY_INFO, &pb::RetryInfo { retry_delay }));
    }
    details.extend(inner.others);
    details
}

/// As many violations as fit into the headers, and how many there are more.
fn broken_fields(violations: Vec<Violation>) -> Vec<pb::bad_request::FieldViolation> {
    let total = violations.len();
    let mut bytes = 0;
    let mut fields = Vec::with_capacity(total);
    for violation in violations {
        bytes += violation.field.len() + violation.description.len() + 8;
        if bytes > DETAIL_BYTES_MAX && !fields.is_empty() {
            let description = format!("and {} more", total - fields.len());
            fields.push(pb::bad_request::FieldViolation { description, ..Default::default() });
            break;
        }
        fields.push(pb::bad_request::FieldViolation {
            field: cut(violation.field),
            description: cut(violation.description),
            ..Default::default()
        });
    }
    fields
}

fn take(inner: &mut Inner, detail: Any) {
    match detail.type_url.as_str() {
        ERROR_INFO => {
            let Ok(info) = pb::ErrorInfo::decode(&*detail.value) else { return inner.others.push(detail) };
            inner.reason = Cow::Owned(info.reason);
            inner.domain = Cow::Owned(info.domain);
            inner.metadata = info.metadata.into_iter().collect();
        }
        BAD_REQUEST => {
            let Ok(request) = pb::BadRequest::decode(&*detail.value) else { return inner.others.push(detail) };
            let fields = request.field_violations.into_iter();
            inner
                .violations
                .extend(fields.map(|broken| Violation { field: broken.field, description: broken.description }));
        }
        RETRY_INFO => {
            let Ok(retry) = pb::RetryInfo::decode(&*detail.value) else { return inner.others.push(detail) };
            inner.retry_after = retry.retry_delay.and_then(|wait| Duration::try_from(wait).ok());
        }
        _ => inner.others.push(detail),
    }
}

fn any(type_url: &str, message: &impl prost::Message) -> Any {
    Any { type_url: type_url.to_owned(), value: message.encode_to_vec() }
}

fn cut(mut text: String) -> String {
    if text.len() > MESSAGE_BYTES_MAX {
        let end = text.floor_char_boundary(MESSAGE_BYTES_MAX - '…'.len_utf8());
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A code by its name on the wire: also the reason of a status that does not tell one.
pub fn name_of(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
