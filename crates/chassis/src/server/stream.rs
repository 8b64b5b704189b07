//! Streams have no default deadline. They end when the caller's passes, and when the process shuts down: then the client
//! is told to come again, and finds another process.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Poller, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;
use tonic::body::Body;

use crate::config::Limits;
use crate::error::Error;
use crate::server::room::Bound;
use crate::server::{Call, Layer, Response, concurrency, deadline, refuse};

pub(super) struct Streams<L> {
    next: L,
    free: Arc<Semaphore>,
    service: Arc<str>,
    shutdown: CancellationToken,
}

impl<L> Streams<L> {
    pub(super) fn new(next: L, limits: &Limits, service: &Arc<str>, shutdown: CancellationToken) -> Streams<L> {
        let free = Arc::new(Semaphore::new(limits.streams_max));
        Bound::Streams.watch(service, &free, limits.streams_max);
        Streams { next, free, service: service.clone(), shutdown }
    }
}

impl<L: Layer> Layer for Streams<L> {
    async fn run(&self, mut call: Call) -> Response {
        if !call.called.is_stream() {
            return self.next.run(call).await;
        }
        let Ok(permit) = self.free.clone().try_acquire_owned() else {
            Bound::Streams.refused(&self.service);
            return refuse(concurrency::too_many());
        };
        let deadline = deadline::told(call.request.headers()).map(|time| Instant::now() + time);
        call.deadline = deadline;
        let response = tokio::select! {
            response = self.next.run(call) => response,
            () = self.shutdown.cancelled() => return refuse(stopping()),
            () = passed(deadline) => return refuse(deadline::exceeded()),
        };
        response.map(|body| {
            Body::new(Bounded {
                body,
                deadline: deadline.map(|at| Box::pin(sleep_until(at))),
                shutdown: Box::pin(self.shutdown.clone().cancelled_owned()),
                ended: false,
                _permit: permit,
            })
        })
    }
}

async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn stopping() -> Error {
    Error::unavailable("The service")
}

/// The body of a stream, which ends when it must.
struct Bounded {
    body: Body,
    deadline: Option<Pin<Box<Sleep>>>,
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    ended: bool,
    _permit: OwnedSemaphorePermit,
}

impl Bounded {
    /// Why the stream must end now, if it must.
    fn end(&mut self, poller: &mut Poller<'_>) -> Option<Error> {
        if self.shutdown.as_mut().poll(poller).is_ready() {
            return Some(stopping());
        }
        let deadline = self.deadline.as_mut()?;
        deadline.as_mut().poll(poller).is_ready().then(deadline::exceeded)
    }
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, poller: &mut Poller<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(error) = self.end(poller) {
            self.ended = true;
            self.body = Body::empty(); // stops the work behind it at once
            return Poll::Ready(Some(Ok(Frame::trailers(trailers(error)))));
        }
        Pin::new(&mut self.body).poll_frame(poller)
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn trailers(error: Error) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    let status = Status::from(error);
    if status.add_header(&mut trailers).is_err() {
        trailers.insert("grpc-status", http::HeaderValue::from(status.code() as i32));
    }
    trailers
}
