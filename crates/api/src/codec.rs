//! The codec of every rpc: prost's wire format, and on arrival of a request the rules of the proto. A request that
//! breaks one never reaches its handler; all that is wrong is told at once.

use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::{DOMAIN, Failure, Validate, Violation, options};

/// How many violations are told in words; the details tell all.
const TOLD_MAX: usize = 5;
/// How many violations are kept; a hostile list must not make an answer larger than itself.
const KEPT_MAX: usize = 100;

/// The codec that the generated clients and servers use.
#[derive(Debug)]
pub struct Codec<E, D>(PhantomData<(E, D)>);

impl<E, D> Default for Codec<E, D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E, D> tonic::codec::Codec for Codec<E, D>
where
    E: Message + Send + 'static,
    D: Message + Default + Validate + Send + 'static,
{
    type Encode = E;
    type Decode = D;
    type Encoder = WireEncoder<E>;
    type Decoder = WireDecoder<D>;

    fn encoder(&mut self) -> Self::Encoder {
        WireEncoder(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        WireDecoder(PhantomData)
    }
}

/// Writes messages.
#[derive(Debug)]
pub struct WireEncoder<E>(PhantomData<E>);

impl<E: Message> Encoder for WireEncoder<E> {
    type Item = E;
    type Error = Status;

    fn encode(&mut self, item: E, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

/// Reads messages, and checks those that are requests.
#[derive(Debug)]
pub struct WireDecoder<D>(PhantomData<D>);

impl<D: Message + Default + Validate> Decoder for WireDecoder<D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        let mut message = match D::decode(buffer) {
            Ok(message) => message,
            Err(error) if D::IS_REQUEST => return Err(undecodable(&error)),
            Err(error) => return Err(Status::internal(format!("the answer cannot be read: {error}"))),
        };
        if D::IS_REQUEST {
            message.clear_output_only();
            let violations = message.violations();
            if !violations.is_empty() {
                return Err(invalid(violations));
            }
        }
        Ok(Some(message))
    }
}

/// prost names the message and the field, outermost first: `UpdateCountryRequest.country: Country.name: invalid …`.
fn undecodable(error: &prost::DecodeError) -> Status {
    let text = error.to_string();
    let text = text.strip_prefix("failed to decode Protobuf message: ").unwrap_or(&text);
    let mut field = Vec::new();
    let mut rest = text;
    while let Some((place, more)) = rest.split_once(": ") {
        match place.split_once('.') {
            Some((_, name)) if !place.contains(' ') => field.push(name),
            _ => break,
        }
        rest = more;
    }
    let description = match rest {
        "buffer underflow" => "the message ends too early",
        "recursion limit reached" => "is nested too deeply",
        "invalid string value: data is not UTF-8 encoded" => "must be valid UTF-8",
        other => other,
    };
    invalid(vec![Violation { field: field.join("."), description: description.to_owned() }])
}

/// The answer to a request that breaks rules: INVALID_ARGUMENT with all of them, by field.
pub fn invalid(mut violations: Vec<Violation>) -> Status {
    let rule = options::v1::Failure::InvalidArgument.rule();
    let count = violations.len();
    let mut summary: Vec<String> = violations.iter().take(TOLD_MAX).map(told).collect();
    if count > TOLD_MAX {
        summary.push(format!("and {} more", count - TOLD_MAX));
    }
    let summary = summary.join("; ");
    violations.truncate(KEPT_MAX);
    let fields: Vec<FieldViolation> =
        violations.into_iter().map(|violation| FieldViolation::new(violation.field, violation.description)).collect();
    let mut details = ErrorDetails::new();
    details.set_bad_request(fields);
    details.set_error_info(rule.reason, DOMAIN, [("summary".to_owned(), summary.clone())]);
    let message = rule.sentence(|word| (word == "summary").then_some(&summary));
    Status::with_error_details(rule.code, message, details)
}

fn told(violation: &Violation) -> String {
    match violation.field.as_str() {
        "" => violation.description.clone(),
        field => format!("{field} {}", violation.description),
    }
}
