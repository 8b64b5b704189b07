//! gRPC-Web, binary and text: gRPC for browsers, with the trailers as a last frame of the body.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use chassis::Error;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::Full;
use tonic::body::Body as GrpcBody;

use crate::body::{Body, BoxError};
use crate::grpc::{GRPC, PREFIX};

/// What all types of gRPC-Web begin with.
pub const GRPC_WEB: &str = "application/grpc-web";
const TEXT: &str = "application/grpc-web-text";
/// The flag of a frame of trailers.
const TRAILERS: u8 = 0x80;

/// How the two directions of one call are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    text_in: bool,
    text_out: bool,
}

impl Form {
    /// The form that the head of a request says.
    pub fn of(headers: &HeaderMap) -> Form {
        let says = |name, what: &str| {
            headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).is_some_and(|v| v.contains(what))
        };
        let text_in = says(CONTENT_TYPE, TEXT);
        Form { text_in, text_out: says(ACCEPT, TEXT) || (text_in && !says(ACCEPT, GRPC_WEB)) }
    }

    /// The request as gRPC. Its body has been read whole: gRPC-Web has one message in a request.
    pub fn request(self, request: Request<()>, body: Bytes) -> Result<Request<GrpcBody>, Error> {
        let body = if self.text_in { Bytes::from(decode(&body).ok_or_else(malformed)?) } else { body };
        let prefix = body.first_chunk::<PREFIX>().ok_or_else(malformed)?;
        let announced = prefix[1..].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        if announced != body.len() - PREFIX || prefix[0] > 1 {
            return Err(malformed());
        }
        let (mut head, ()) = request.into_parts();
        head.headers.insert(CONTENT_TYPE, GRPC);
        head.headers.remove(CONTENT_LENGTH);
        Ok(Request::from_parts(head, GrpcBody::new(Full::new(body))))
    }

    /// The answer as gRPC-Web.
    pub fn response(self, response: Response<GrpcBody>) -> Response<Body> {
        let kind = if self.text_out { "application/grpc-web-text+proto" } else { "application/grpc-web+proto" };
        let mut response = response.map(|body| Body::stream(Answer { body, text: self.text_out, ended: false }));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }
}

fn malformed() -> Error {
    Error::invalid("body", "must be one gRPC message with its length before it, in base64 if the type is text")
}

/// Base64 in one piece or many, each padded by itself.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len() / 4 * 3), text);
    while !rest.is_empty() {
        let end = match rest.iter().position(|byte| *byte == b'=') {
            Some(padding) => (padding / 4 + 1) * 4,
            None => rest.len(),
        };
        let (piece, more) = rest.split_at_checked(end)?;
        BASE64_STANDARD.decode_vec(piece, &mut out).ok()?;
        rest = more;
    }
    Some(out)
}

/// The body of an answer: the service's frames, then its trailers as a frame.
struct Answer {
    body: GrpcBody,
    text: bool,
    ended: bool,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(status)) => {
                self.ended = true;
                let mut trailers = HeaderMap::new();
                // A status that does not fit into headers is told by its code at least.
                if status.add_header(&mut trailers).is_err() {
                    trailers.insert("grpc-status", HeaderValue::from(status.code() as i32));
                }
                trailers_frame(&trailers)
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => data,
                Err(frame) => trailers_frame(&frame.into_trailers().unwrap_or_default()),
            },
        };
        let frame = if self.text { BASE64_STANDARD.encode(frame).into() } else { frame };
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }
}

fn trailers_frame(trailers: &HeaderMap) -> Bytes {
    let mut lines = BytesMut::new();
    for (name, value) in trailers {
        lines.put_slice(name.as_str().as_bytes());
        lines.put_slice(b": ");
        lines.put_slice(value.as_bytes());
        lines.put_slice(b"\r\n");
    }
    let mut frame = BytesMut::with_capacity(PREFIX + lines.len());
    frame.put_u8(TRAILERS);
    frame.put_u32(lines.len() as u32);
    frame.put(lines);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use http_body_util::{BodyExt, StreamBody};

    fn form(content_type: &'static str, accept: Option<&'static str>) -> Form {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        accept.map(|accept| headers.insert(ACCEPT, HeaderValue::from_static(accept)));
        Form::of(&headers)
    }

    #[test]
    fn the_answer_is_text_where_the_client_reads_text() {
        for (content_type, accept, text_in, text_out) in [
            ("application/grpc-web+proto", None, false, false),
            ("application/grpc-web-text", None, true, true),
            ("application/grpc-web-text+proto", Some("*/*"), true, true),
            ("application/grpc-web-text", Some("application/grpc-web+proto"), true, false),
            ("application/grpc-web; charset=x", Some("application/grpc-web-text"), false, true),
        ] {
            assert_eq!(form(content_type, accept), Form { text_in, text_out }, "{content_type} {accept:?}");
        }
    }

    #[test]
    fn base64_may_come_in_padded_pieces() {
        assert_eq!(decode(b"AAECAw==BAU=Bgc="), Some(vec![0, 1, 2, 3, 4, 5, 6, 7]));
        assert_eq!(decode(b""), Some(vec![]));
        for broken in ["AAE", "A===", "====", "AA=A", "A*==", "AAECAw==B"] {
            assert_eq!(decode(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn a_body_that_is_not_one_message_is_refused() {
        let form = form("application/grpc-web", None);
        for body in [&b""[..], &[0, 0, 0], &[0, 0, 0, 0, 2, 1], &[0, 0, 0, 0, 0, 9], &[0x80, 0, 0, 0, 0]] {
            assert!(form.request(Request::new(()), Bytes::copy_from_slice(body)).is_err(), "{body:?}");
        }
        assert!(form.request(Request::new(()), Bytes::from_static(&[0, 0, 0, 0, 1, 7])).is_ok());
    }

    #[tokio::test]
    async fn trailers_become_the_last_frame() {
        let trailers =
            HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"))]);
        let frames =
            [Ok::<_, tonic::Status>(Frame::data(Bytes::from_static(b"\0\0\0\0\x01x"))), Ok(Frame::trailers(trailers))];
        let answer = GrpcBody::new(StreamBody::new(stream::iter(frames)));
        let response = form("application/grpc-web-text", None).response(Response::new(answer));
        assert_eq!(response.headers()[CONTENT_TYPE], "application/grpc-web-text+proto");
        let text = response.into_body().collect().await.expect("it comes").to_bytes();
        assert_eq!(decode(&text), Some(b"\0\0\0\0\x01x\x80\0\0\0\x10grpc-status: 0\r\n".to_vec()));
    }
}
