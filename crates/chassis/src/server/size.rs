//! No request message larger than the limit: it is refused by what its head announces, before it is read.

use std::pin::Pin;
use std::task::{Context as Poller, Poll};

use api::options::v1::Failure;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use crate::config::Limits;
use crate::error::Error;
use crate::server::{Call, Layer, Response, refuse};

/// One byte of flags and four of length stand before each message.
const PREFIX: usize = 5;

pub(super) struct Limit<L> {
    next: L,
    max: usize,
}

impl<L> Limit<L> {
    pub(super) fn new(next: L, limits: &Limits) -> Limit<L> {
        Limit { next, max: limits.request_bytes_max }
    }
}

impl<L: Layer> Layer for Limit<L> {
    async fn run(&self, mut call: Call) -> Response {
        if call.called.is_stream() {
            return self.next.run(call).await; // the codec bounds each message of a stream
        }
        if call.request.body().size_hint().lower() > (self.max + PREFIX) as u64 {
            return refuse(too_large(self.max));
        }
        call.request = call.request.map(|body| Body::new(Limited { body, max: self.max, seen: 0 }));
        self.next.run(call).await
    }
}

fn too_large(max: usize) -> Error {
    Error::of(Failure::RequestTooLarge).with("limit", max.to_string())
}

struct Limited {
    body: Body,
    max: usize,
    seen: usize,
}

impl Limited {
    /// Whether what came so far, or the length that it announces, is too large.
    fn exceeds(&mut self, data: &Bytes) -> bool {
        let announced = match (self.seen, data.get(1..PREFIX)) {
            (0, Some(length)) => length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            _ => 0,
        };
        self.seen += data.len();
        announced > self.max || self.seen > self.max + PREFIX
    }
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(poller));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && self.exceeds(data)
        {
            return Poll::Ready(Some(Err(too_large(self.max).into())));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
