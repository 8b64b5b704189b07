//! The codec of every rpc: prost's wire format, and on arrival of a request the rules of the proto. A request that
//! breaks one never reaches its handler; all that is wrong is told at once.

use std::marker::PhantomData;

use prost::Message;
use prost::bytes::Buf;
use tonic::Status;
use tonic::codec::{DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::{DOMAIN, Failure, Validate, Violation, options};

/// How many violations are told in words; the details tell more.
const TOLD_MAX: usize = 5;
/// Bytes of a field's path and of a description in those words.
const TOLD_BYTES_MAX: usize = 80;
/// Bytes of a field's path and of a description in the details.
const DETAIL_BYTES_MAX: usize = 300;
/// Bytes of all violations in the details. They travel in a header, in base64, beside the words (three times over):
/// clients in common use refuse more than 8 KiB of headers.
const DETAILS_BYTES_MAX: usize = 2_500;
/// Bytes that each violation takes besides its texts.
const OVERHEAD_BYTES: usize = 8;
/// How many steps of a path are told where a message does not end.
const PATH_STEPS_MAX: usize = 8;

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
        read(buffer).map(Some)
    }
}

/// Reads one message; a request comes out without what only the server sets, and without fault.
pub(crate) fn read<D: Message + Default + Validate>(buffer: impl Buf) -> Result<D, Status> {
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
    Ok(message)
}

/// prost names message and field, the innermost first: `Country.name: UpdateCountryRequest.country: invalid …`.
fn undecodable(error: &prost::DecodeError) -> Status {
    let text = error.to_string();
    let mut rest = text.strip_prefix("failed to decode Protobuf message: ").unwrap_or(&text);
    let mut steps = Vec::new();
    while let Some((place, more)) = rest.split_once(": ") {
        match place.split_once('.') {
            Some((_, name)) if !place.contains(' ') => steps.push(name),
            _ => break,
        }
        rest = more;
    }
    steps.reverse();
    steps.truncate(PATH_STEPS_MAX);
    let description = match rest {
        "buffer underflow" => "ends too early",
        "recursion limit reached" => "is nested too deeply",
        "invalid string value: data is not UTF-8 encoded" => "must be valid UTF-8",
        other => other,
    };
    let description = match steps.is_empty() {
        true => format!("the request cannot be read: {rest}"),
        false => description.to_owned(),
    };
    invalid(vec![Violation { field: steps.join("."), description }])
}

/// The answer to a request that breaks rules: INVALID_ARGUMENT with all of them, by field.
pub fn invalid(violations: Vec<Violation>) -> Status {
    let rule = options::v1::Failure::InvalidArgument.rule();
    let mut summary: Vec<String> = violations.iter().take(TOLD_MAX).map(told).collect();
    if violations.len() > TOLD_MAX {
        summary.push(format!("and {} more", violations.len() - TOLD_MAX));
    }
    let summary = summary.join("; ");
    let mut details = ErrorDetails::new();
    details.set_bad_request(fields(violations));
    details.set_error_info(rule.reason, DOMAIN, [("summary".to_owned(), summary.clone())]);
    let message = rule.sentence(|word| (word == "summary").then_some(&summary));
    Status::with_error_details(rule.code, message, details)
}

fn told(violation: &Violation) -> String {
    let description = cut(&violation.description, TOLD_BYTES_MAX);
    match cut(&violation.field, TOLD_BYTES_MAX) {
        "" => description.to_owned(),
        field => format!("{field} {description}"),
    }
}

/// The violations as details, as many as a response header holds.
fn fields(violations: Vec<Violation>) -> Vec<FieldViolation> {
    let (count, mut size, mut fields) = (violations.len(), 0, Vec::new());
    for violation in violations {
        let (field, description) =
            (cut(&violation.field, DETAIL_BYTES_MAX), cut(&violation.description, DETAIL_BYTES_MAX));
        size += field.len() + description.len() + OVERHEAD_BYTES;
        if size > DETAILS_BYTES_MAX {
            fields.push(FieldViolation::new("", format!("and {} more like these", count - fields.len())));
            break;
        }
        fields.push(FieldViolation::new(field, description));
    }
    fields
}

/// The beginning of a text, whole characters only.
fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
