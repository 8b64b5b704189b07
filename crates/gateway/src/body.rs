//! Bodies: those of answers, and those of requests within their bounds.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use api::options::v1::Failure;
use bytes::Bytes;
use chassis::Error;
use http::StatusCode;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

/// What may go wrong while an answer is sent; the connection ends with it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer.
pub enum Body {
    /// All of it at once.
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
            Body::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
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

/// Why a body was not taken, and how that is told over HTTP.
#[derive(Debug)]
pub struct NotTaken {
    /// The HTTP status.
    pub status: StatusCode,
    /// What went wrong.
    pub error: Error,
}

/// Reads a request's body whole, unless it is larger than `bytes_max` (then no more than that is read of it, and nothing
/// at all if it says so at once) or takes longer than `time`.
pub async fn whole<B>(body: B, bytes_max: usize, time: Duration) -> Result<Bytes, NotTaken>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large(bytes_max));
    }
    match tokio::time::timeout(time, gather(body, bytes_max)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let error = Error::of(Failure::DeadlineExceeded).because(format!("the body did not come within {time:?}"));
            Err(NotTaken { status: StatusCode::REQUEST_TIMEOUT, error })
        }
    }
}

async fn gather<B>(mut body: B, bytes_max: usize) -> Result<Bytes, NotTaken>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    let (mut first, mut all) = (Bytes::new(), Vec::new());
    while let Some(frame) = body.frame().await {
        let data = match frame.map_err(broken)?.into_data() {
            Ok(data) => data,
            Err(_) => continue,
        };
        if first.len().max(all.len()) + data.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
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
    Ok(if all.is_empty() { first } else { all.into() })
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

    #[tokio::test]
    async fn a_body_is_read_within_its_bounds() {
        let time = Duration::from_secs(1);
        assert_eq!(whole(Full::new(Bytes::from_static(b"abc")), 3, time).await.expect("fits"), "abc");
        assert_eq!(whole(chunks(&[1, 2, 3]), 6, time).await.expect("fits").len(), 6);
        assert_eq!(whole(chunks(&[]), 6, time).await.expect("fits").len(), 0);
        for too_large in
            [whole(chunks(&[4, 3]), 6, time).await, whole(Full::new(Bytes::from_static(b"abcd")), 3, time).await]
        {
            assert_eq!(too_large.expect_err("too large").status, StatusCode::PAYLOAD_TOO_LARGE);
        }
    }

    #[tokio::test]
    async fn a_slow_body_is_not_waited_for() {
        let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, std::io::Error>>());
        let refused = whole(body, 6, Duration::from_millis(20)).await.expect_err("slow");
        assert_eq!(refused.status, StatusCode::REQUEST_TIMEOUT);
    }
}
