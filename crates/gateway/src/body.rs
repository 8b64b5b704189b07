//! Bodies: those of answers, and those of requests within their bounds.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use api::options::v1::Failure;
use bytes::Bytes;
use chassis::Error;
use chassis::config::Limits;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answers;

/// What may go wrong while an answer is sent; the connection ends with it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer.
pub enum Body {
    /// All of it is there.
    Whole(Option<Bytes>),
    /// gRPC, as the service sends it.
    Grpc(tonic::body::Body),
    /// Anything else that comes bit by bit.
    Stream(Pin<Box<dyn http_body::Body<Data = Bytes, Error = BoxError> + Send>>),
}

impl Body {
    /// Nothing.
    pub fn empty() -> Self {
        Body::Whole(None)
    }

    /// What comes bit by bit.
    pub fn stream(body: impl http_body::Body<Data = Bytes, Error = BoxError> + Send + 'static) -> Self {
        Body::Stream(Box::pin(body))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Body::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            Body::Whole(rest) => {
                let piece = rest.as_mut().and_then(answers::piece);
                rest.take_if(|rest| rest.is_empty());
                Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
            }
            Body::Grpc(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
            Body::Stream(body) => body.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Whole(bytes) => bytes.is_none(),
            Body::Grpc(body) => body.is_end_stream(),
            Body::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Body::Grpc(body) => body.size_hint(),
            Body::Stream(body) => body.size_hint(),
        }
    }
}

/// A whole answer of this type.
pub fn whole(content_type: &'static str, content: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::from(content.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Why a body was not taken, and how that is told over HTTP.
#[derive(Debug)]
pub struct NotTaken {
    /// The HTTP status.
    pub status: StatusCode,
    /// What went wrong.
    pub error: Error,
}

/// Reads the bodies of requests, within bounds of each and of all.
pub struct Uploads {
    bytes_max: usize,
    time: Duration,
    /// Room in KiB for what has come of all bodies that are being read or worked on.
    room: Arc<Semaphore>,
}

/// A body that was read, and the room that it takes until it is dropped.
#[derive(Debug)]
pub struct Upload {
    /// All of it.
    pub bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

/// What clients can make this process keep in memory by sending bodies slowly. A body takes room only as it comes in, so
/// that announcing large ones costs others nothing.
const ROOM_KIB: usize = 256 << 10;

impl Uploads {
    /// As configured.
    pub fn new(limits: &Limits) -> Uploads {
        Uploads {
            bytes_max: limits.request_bytes_max,
            time: Duration::from_secs(limits.body_seconds),
            room: Arc::new(Semaphore::new(ROOM_KIB)),
        }
    }

    /// Reads a body whole, unless it is larger than a request may be, times `factor` for what makes it longer on the way
    /// (then no more than that is read of it, and nothing at all if it says so at once), or takes too long.
    pub async fn whole<B>(&self, body: B, factor: usize) -> Result<Upload, NotTaken>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
        B::Error: Into<BoxError>,
    {
        let bytes_max = self.bytes_max * factor;
        if body.is_end_stream() {
            return Ok(Upload { bytes: Bytes::new(), _room: None });
        }
        if body.size_hint().lower() > bytes_max as u64 {
            return Err(too_large(bytes_max));
        }
        match tokio::time::timeout(self.time, self.gather(body, bytes_max)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let error = Error::of(Failure::DeadlineExceeded)
                    .because(format!("the body did not come within {:?}", self.time));
                Err(NotTaken { status: StatusCode::REQUEST_TIMEOUT, error })
            }
        }
    }

    async fn gather<B>(&self, mut body: B, bytes_max: usize) -> Result<Upload, NotTaken>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
        B::Error: Into<BoxError>,
    {
        let (mut first, mut all, mut room) = (Bytes::new(), Vec::new(), None);
        while let Some(frame) = body.frame().await {
            let data = match frame.map_err(broken)?.into_data() {
                Ok(data) => data,
                Err(_) => continue,
            };
            if first.len().max(all.len()) + data.len() > bytes_max {
                return Err(too_large(bytes_max));
            }
            self.take(data.len(), &mut room)?;
            // Mostly a body comes in one piece, which needs no copy.
            if first.is_empty() && all.is_empty() {
                first = data;
                continue;
            }
            if all.is_empty() {
                all = std::mem::take(&mut first).into();
            }
            all.extend_from_slice(&data);
        }
        Ok(Upload { bytes: if all.is_empty() { first } else { all.into() }, _room: room })
    }

    fn take(&self, bytes: usize, room: &mut Option<OwnedSemaphorePermit>) -> Result<(), NotTaken> {
        let more =
            u32::try_from(bytes.div_ceil(1024)).ok().and_then(|kib| self.room.clone().try_acquire_many_owned(kib).ok());
        let more = more.ok_or_else(|| NotTaken {
            status: StatusCode::TOO_MANY_REQUESTS,
            error: Error::of(Failure::ResourceExhausted).retry_in(Duration::from_secs(1)),
        })?;
        match room {
            Some(room) => room.merge(more),
            None => *room = Some(more),
        }
        Ok(())
    }
}

fn too_large(bytes_max: usize) -> NotTaken {
    let error = Error::of(Failure::RequestTooLarge).with("limit", bytes_max.to_string());
    NotTaken { status: StatusCode::PAYLOAD_TOO_LARGE, error }
}

fn broken(cause: impl Into<BoxError>) -> NotTaken {
    let error = Error::invalid("body", "broke off before its end").because(cause);
    NotTaken { status: StatusCode::BAD_REQUEST, error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;
    use http_body_util::{Full, StreamBody};

    fn chunks(sizes: &'static [usize]) -> impl http_body::Body<Data = Bytes, Error = std::io::Error> + Unpin {
        StreamBody::new(stream::iter(sizes.iter().map(|size| Ok(Frame::data(Bytes::from(vec![7; *size]))))))
    }

    fn uploads(bytes_max: usize) -> Uploads {
        Uploads { bytes_max, time: Duration::from_millis(50), room: Arc::new(Semaphore::new(ROOM_KIB)) }
    }

    #[tokio::test]
    async fn a_body_is_read_within_its_bounds() {
        assert_eq!(uploads(3).whole(Full::new(Bytes::from_static(b"abc")), 1).await.expect("fits").bytes, "abc");
        assert_eq!(uploads(3).whole(chunks(&[1, 2, 3]), 2).await.expect("fits").bytes.len(), 6);
        assert_eq!(uploads(3).whole(chunks(&[]), 1).await.expect("fits").bytes.len(), 0);
        let chunked = uploads(6).whole(chunks(&[4, 3]), 1).await.err();
        let announced = uploads(3).whole(Full::new(Bytes::from_static(b"abcd")), 1).await.err();
        for refused in [chunked, announced] {
            assert_eq!(refused.expect("too large").status, StatusCode::PAYLOAD_TOO_LARGE);
        }
    }

    #[tokio::test]
    async fn a_slow_body_is_not_waited_for() {
        let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
        assert_eq!(uploads(6).whole(body, 1).await.expect_err("slow").status, StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn all_bodies_together_have_a_bound() {
        let uploads = Uploads { room: Arc::new(Semaphore::new(4)), ..uploads(4096) };
        let first = uploads.whole(chunks(&[1024, 1024]), 1).await.expect("fits");
        let second = uploads.whole(chunks(&[1024, 1024, 1]), 1).await;
        assert_eq!(second.expect_err("no room").status, StatusCode::TOO_MANY_REQUESTS);
        drop(first);
        assert!(uploads.whole(chunks(&[1024, 1024, 1]), 1).await.is_ok());
    }
}
