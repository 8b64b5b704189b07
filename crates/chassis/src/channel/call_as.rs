//! Calls in somebody's name: with a token, in the trace, and no longer than there is time.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context as Poller, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use tokio::time::{Instant, timeout_at};
use tonic::Code;
use tracing::Instrument as _;

use crate::caller::Caller;
use crate::channel::Peer;
use crate::context;
use crate::error::{Error, Result};
use crate::identity::InternalTokens;
use crate::server::deadline::{self, GRPC_TIMEOUT};
use crate::server::{Request, Response, refuse};
use crate::target::Called;
use crate::telemetry::trace;

/// A service for calls in the name of one caller. Cheap to clone.
#[derive(Clone)]
pub struct CallAs {
    peer: Peer,
    caller: Arc<Caller>,
    tokens: Arc<InternalTokens>,
    timeout_default: Duration,
}

impl CallAs {
    pub(super) fn new(peer: Peer, caller: Arc<Caller>, tokens: Arc<InternalTokens>, timeout_default: Duration) -> Self {
        CallAs { peer, caller, tokens, timeout_default }
    }

    /// The same service for calls in the name of another caller: cheaper than to look the service up for each.
    pub fn in_name_of(&self, caller: Arc<Caller>) -> CallAs {
        CallAs { caller, ..self.clone() }
    }

    /// Passes a request on, with everything that it must carry. Whatever goes wrong is a status in the answer.
    pub async fn answer(self, mut request: Request) -> Response {
        let path = request.uri().path();
        let (called, span) = (Called::of(path), trace::client_span(path, self.peer.name()));
        let headers = request.headers_mut();
        if let Err(error) = self.identify(headers) {
            return refuse(error);
        }
        trace::inject(headers, &span);
        let end = self.deadline(headers, called);
        if let Some(end) = end {
            let left = deadline::tell(end.saturating_duration_since(Instant::now()));
            headers.insert(GRPC_TIMEOUT, HeaderValue::try_from(left).expect("invariant: digits and a letter"));
        }
        let answer = self.peer.answer(request);
        if span.is_none() {
            return self.vouch(in_time(end, answer).await);
        }
        let response = self.vouch(in_time(end, answer.instrument(span.clone())).await);
        let code = response.headers().get("grpc-status").map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()));
        trace::close(&span, code);
        response
    }

    /// Only the token says who calls; what the request itself claims is dropped.
    fn identify(&self, headers: &mut HeaderMap) -> Result<()> {
        match self.caller.is_anonymous() {
            true => drop(headers.remove(AUTHORIZATION)),
            false => drop(headers.insert(AUTHORIZATION, self.tokens.header(&self.caller)?)),
        }
        Ok(())
    }

    /// Whoever calls has shown who they are. That the service does not take the token which this process signed for them
    /// (the clock was set meanwhile, or the keys differ) is not theirs to mend.
    fn vouch(&self, response: Response) -> Response {
        let refused = response.headers().get("grpc-status").is_some_and(|code| code == "16");
        match refused && !self.caller.is_anonymous() {
            true => refuse(Error::unavailable(self.peer.name()).because("it does not take this process's token")),
            false => response,
        }
    }

    /// The earliest of what the request says, what is left for the request at work, and (unless it streams) the default.
    fn deadline(&self, headers: &HeaderMap, called: Called) -> Option<Instant> {
        let told = deadline::told(headers).map(|time| Instant::now() + time);
        if called.is_stream() {
            return told; // a stream outlives the request that opened it
        }
        let outer = told.into_iter().chain(context::deadline()).min();
        Some(outer.unwrap_or_else(|| Instant::now() + self.timeout_default))
    }
}

/// The answer, or that it did not come in time: also if the other side, or the way to it, is silent.
async fn in_time(end: Option<Instant>, answer: impl Future<Output = Response>) -> Response {
    match end {
        None => answer.await,
        Some(end) => timeout_at(end, answer).await.unwrap_or_else(|_| refuse(deadline::exceeded())),
    }
}

impl tower::Service<Request> for CallAs {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Poller<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.clone().answer(request).map(Ok).boxed()
    }
}

impl std::fmt::Debug for CallAs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CallAs({:?}, {})", self.peer, self.caller)
    }
}
