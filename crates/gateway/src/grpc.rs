//! gRPC's framing, as far as the gateway takes part in it: one request message out, answers in.

use bytes::{Bytes, BytesMut};
use chassis::Error;
use http::header::{CONTENT_TYPE, TE};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tonic::{Code, Status};

/// What stands before each message: one byte of flags, four of length.
pub const PREFIX: usize = 5;
/// No answer of one message is larger than this; a page of a thousand records is a few megabytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

pub const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
pub const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The beginning of a request's body: room for the prefix, which [`request`] fills.
pub fn room() -> Vec<u8> {
    let mut frame = Vec::with_capacity(256);
    frame.resize(PREFIX, 0);
    frame
}

/// A call of `uri` with one message, which stands in `frame` behind the room for its prefix.
pub fn request(uri: Uri, mut frame: Vec<u8>) -> http::Request<Body> {
    let length = u32::try_from(frame.len() - PREFIX).expect("invariant: requests are bounded far below 4 GiB");
    frame[1..PREFIX].copy_from_slice(&length.to_be_bytes());
    let mut request = http::Request::new(Body::new(Full::new(Bytes::from(frame))));
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = http::Version::HTTP_2;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, GRPC);
    headers.insert(TE, HeaderValue::from_static("trailers"));
    request
}

/// The status that an answer's head or trailers tell, if it is one of failure.
fn failure(headers: &HeaderMap) -> Option<Error> {
    match Status::from_header_map(headers) {
        Some(status) if status.code() != Code::Ok => Some(Error::from(status)),
        _ => None,
    }
}

/// The one message of an answer.
pub async fn answer(response: http::Response<Body>) -> Result<Bytes, Error> {
    let mut messages = Messages::of(response)?;
    let first = messages.next().await?;
    // The status comes after the message; an answer is only one if that is good.
    while messages.next().await?.is_some() {}
    first.ok_or_else(|| Error::internal("the service answered without a message"))
}

/// The messages of an answer, one after the other.
pub struct Messages {
    body: Body,
    buffer: Buffer,
    told: bool,
}

impl Messages {
    /// The messages of this answer, unless its head tells that it failed.
    pub fn of(response: http::Response<Body>) -> Result<Self, Error> {
        let (head, body) = response.into_parts();
        if head.status != http::StatusCode::OK {
            return Err(Error::internal(format!("the service answered with HTTP status {}", head.status)));
        }
        let told = head.headers.contains_key(GRPC_STATUS);
        match failure(&head.headers) {
            Some(error) => Err(error),
            None => Ok(Messages { body, buffer: Buffer::default(), told }),
        }
    }

    /// The next message; `None` after the last, if all went well.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(message) = self.buffer.take()? {
                return Ok(Some(message));
            }
            let Some(frame) = self.body.frame().await else { break };
            match frame.map_err(Error::from)?.into_data() {
                Ok(data) => self.buffer.push(data),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    self.told = true;
                    if let Some(error) = failure(&trailers) {
                        return Err(error);
                    }
                }
            }
        }
        match self.told && self.buffer.is_empty() {
            true => Ok(None),
            false => Err(Error::unavailable("The service").because("an answer broke off before its status")),
        }
    }
}

/// Bytes that have come in. Mostly each chunk is one whole message, which is passed on as it is.
#[derive(Default)]
struct Buffer {
    whole: Bytes,
    pieces: BytesMut,
}

impl Buffer {
    fn push(&mut self, data: Bytes) {
        if self.is_empty() {
            self.whole = data;
            return;
        }
        if self.pieces.is_empty() {
            self.pieces.extend_from_slice(&std::mem::take(&mut self.whole));
        }
        self.pieces.extend_from_slice(&data);
    }

    fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.pieces.is_empty()
    }

    fn take(&mut self) -> Result<Option<Bytes>, Error> {
        let seen: &[u8] = if self.pieces.is_empty() { &self.whole } else { &self.pieces };
        let Some((prefix, rest)) = seen.split_first_chunk::<PREFIX>() else { return Ok(None) };
        let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
        if prefix[0] != 0 || length > ANSWER_BYTES_MAX {
            return Err(Error::internal("the service answered compressed, or with too much"));
        }
        if rest.len() < length {
            return Ok(None);
        }
        let mut frame = match self.pieces.is_empty() {
            true => self.whole.split_to(PREFIX + length),
            false => self.pieces.split_to(PREFIX + length).freeze(),
        };
        Ok(Some(frame.split_off(PREFIX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_whole_however_they_are_cut() {
        let stream: Vec<u8> = [b"one".as_slice(), b"", b"three"]
            .iter()
            .flat_map(|m| [&[0, 0, 0, 0, m.len() as u8], *m].concat())
            .collect();
        for cut in 1..=stream.len() {
            let (mut buffer, mut messages) = (Buffer::default(), Vec::new());
            for chunk in stream.chunks(cut) {
                buffer.push(Bytes::copy_from_slice(chunk));
                while let Some(message) = buffer.take().expect("sound") {
                    messages.push(message);
                }
            }
            assert_eq!(messages, ["one", "", "three"], "cut at {cut}");
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn what_is_compressed_or_too_large_is_refused() {
        for prefix in [[1, 0, 0, 0, 0], [0, 255, 0, 0, 0]] {
            let mut buffer = Buffer::default();
            buffer.push(Bytes::copy_from_slice(&prefix));
            assert!(buffer.take().is_err());
        }
    }
}
