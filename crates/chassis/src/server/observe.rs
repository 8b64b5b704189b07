//! Each request in its trace, as a span, and counted: rate, errors and duration.

use std::pin::Pin;
use std::task::{Context as Poller, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tracing::Instrument as _;

use crate::server::{Call, Layer, Response};
use crate::target::Called;
use crate::telemetry::rpc::{self, Seen};
use crate::telemetry::trace;

pub(super) struct Observe<L> {
    next: L,
}

impl<L> Observe<L> {
    pub(super) fn new(next: L) -> Observe<L> {
        Observe { next }
    }
}

impl<L: Layer> Layer for Observe<L> {
    async fn run(&self, call: Call) -> Response {
        let begin = Instant::now();
        let (called, stream) = (call.called, call.called.is_stream());
        let (trace, span) = trace::enter(call.request.headers(), call.request.uri().path());
        let (recorded, seen) = (span.clone(), call.seen.clone());
        let response = trace::within(trace, self.next.run(call).instrument(span)).await;
        if recorded.is_none() && !rpc::on() && !tracing::enabled!(tracing::Level::DEBUG) {
            return response;
        }
        let end = End { called, seen, begin, span: recorded };
        match stream && !response.headers().contains_key("grpc-status") {
            true => response.map(|body| Body::new(Observed { body, end: Some(end) })),
            false => {
                end.record(response.headers());
                response
            }
        }
    }
}

/// What is recorded when a request ends.
struct End {
    called: Called,
    seen: Seen,
    begin: Instant,
    span: tracing::Span,
}

impl End {
    /// Records with the status in `headers` (or trailers); without one the answer went well so far.
    fn record(self, headers: &HeaderMap) {
        let code = headers.get("grpc-status").map_or(tonic::Code::Ok, |code| tonic::Code::from_bytes(code.as_bytes()));
        self.finish(code);
    }

    fn finish(self, code: tonic::Code) {
        let time = self.begin.elapsed();
        rpc::record(&self.called, &self.seen, code, time);
        trace::close(&self.span, code);
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(rpc = self.called.name(), code = crate::error::name_of(code), micros, "answered");
    }
}

/// The body of a stream, recorded when it ends.
struct Observed {
    body: Body,
    end: Option<End>,
}

impl http_body::Body for Observed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(poller));
        if let Some(Ok(frame)) = &frame
            && let Some(trailers) = frame.trailers_ref()
            && let Some(end) = self.end.take()
        {
            end.record(trailers);
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

impl Drop for Observed {
    /// A stream that is dropped before its end was left by its client.
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end.finish(tonic::Code::Cancelled);
        }
    }
}
