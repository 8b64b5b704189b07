//! Streams over REST: server-sent events, one for each message, with a sign of life in between.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use chassis::Error;
use futures::Stream;
use futures::stream::unfold;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio_util::sync::CancellationToken;

use super::endpoint::Endpoint;
use crate::body::{Body, BoxError};
use crate::grpc::Messages;
use crate::json::plan::Plans;
use crate::json::{wire, write};
use crate::problem::{self, Circumstances};

/// Proxies close what is silent for long; a comment keeps the connection and shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a client should wait before it comes again.
const RETRY: &[u8] = b"retry: 2000\n\n";

/// An answer of events, which are the messages to come until this process is to stop: clients then come again, to another.
pub fn answer(
    plans: &'static Plans,
    endpoint: &'static Endpoint,
    messages: Messages,
    trace_id: String,
    shutdown: CancellationToken,
) -> Response<Body> {
    let events = Events { plans, endpoint, messages, trace_id, shutdown, state: State::Begin };
    let mut response = Response::new(Body::stream(StreamBody::new(events.stream())));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would else hold events back until it has a buffer full of them.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct Events {
    plans: &'static Plans,
    endpoint: &'static Endpoint,
    messages: Messages,
    trace_id: String,
    shutdown: CancellationToken,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Begin,
    Open,
    End,
}

impl Events {
    fn stream(self) -> impl Stream<Item = Result<Frame<Bytes>, BoxError>> + Send {
        unfold(self, |mut events| async move {
            let next = events.next().await?;
            Some((Ok(Frame::data(next)), events))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        match self.state {
            State::End => return None,
            State::Begin => {
                self.state = State::Open;
                return Some(Bytes::from_static(RETRY));
            }
            State::Open => {}
        }
        let message = tokio::select! {
            biased;
            // A stream that simply ends is what clients come again after; no service's farewell comes before that.
            () = self.shutdown.cancelled() => return None,
            message = tokio::time::timeout(HEARTBEAT, self.messages.next()) => message,
        };
        let event = match message {
            Err(_) => return Some(Bytes::from_static(b":\n\n")),
            Ok(Ok(Some(message))) => self.event(&message),
            Ok(Ok(None)) => return None,
            Ok(Err(error)) => Err(error),
        };
        Some(event.unwrap_or_else(|error| {
            self.state = State::End;
            self.failure(error)
        }))
    }

    /// `id:` is what the client resumes with, `data:` the message.
    fn event(&self, message: &[u8]) -> Result<Bytes, Error> {
        let mut out = Vec::with_capacity(message.len() * 2 + 64);
        let resume = self.endpoint.resume.and_then(|number| wire::last_bytes(message, number));
        if let Some(id) = resume.filter(|id| !id.is_empty() && id.iter().all(|byte| !byte.is_ascii_control())) {
            out.extend_from_slice(b"id: ");
            out.extend_from_slice(id);
            out.push(b'\n');
        }
        out.extend_from_slice(b"data: ");
        write::answer(self.plans, self.endpoint.output, message, &mut out).map_err(Error::internal)?;
        out.extend_from_slice(b"\n\n");
        Ok(out.into())
    }

    /// A stream that has begun cannot change its status any more: the problem comes as its last event.
    fn failure(&self, mut error: Error) -> Bytes {
        error.log();
        let circumstances =
            Circumstances { input: Some(self.endpoint.input), trace_id: &self.trace_id, ..Circumstances::default() };
        let mut out = BytesMut::new();
        out.put_slice(b"event: problem\ndata: ");
        out.put_slice(&problem::document(problem::status(&error, false), &error, &circumstances));
        out.put_slice(b"\n\n");
        out.freeze()
    }
}
