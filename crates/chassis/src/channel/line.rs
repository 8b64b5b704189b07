//! The HTTP/2 connection to one address: made when it is first needed, and again whenever it is gone.
//!
//! Requests are handed to the connection by whoever makes them, without a task in between: of what a request costs on its
//! way, waking tasks was the largest part.

use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context as Poller, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use h2::client::{Connection, SendRequest};
use h2::{Ping, PingPong, Reason};
use http::Uri;
use http::uri::{Authority, Scheme};
use tokio::time::{Instant, sleep, timeout};
use tonic::body::Body;

use super::connect::Connect;
use super::transfer::{self, Incoming};
use crate::error::BoxError;
use crate::server::{Request, Response};
use crate::tls::Outgoing;

/// Without these a connection that broke silently would be used until the system gives it up, many minutes later.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);
/// Small windows make a slow reader of a stream of small messages lose its connection.
const STREAM_WINDOW: u32 = 1 << 20;
/// As large as can be: answers that somebody is slow to read must not keep all others waiting. What each may hold is its stream's.
const CONNECTION_WINDOW: u32 = (1 << 31) - 1;
/// A status with many broken fields travels in headers.
const HEADER_BYTES_MAX: u32 = 32 << 10;

/// How far a request came that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// There was no connection.
    Unconnected,
    /// There was one, but the other side did not take the request up.
    Untouched,
    /// Nobody knows.
    Unknown,
    /// It broke off itself, while it was being sent.
    Broken,
}

/// A request that got no answer.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) reach: Reach,
    pub(super) cause: BoxError,
}

impl Lost {
    pub(super) fn new(reach: Reach, cause: impl Into<BoxError>) -> Lost {
        Lost { reach, cause: cause.into() }
    }

    /// What a failure of the connection tells. Only what is certain is told as such.
    fn of(cause: h2::Error) -> Lost {
        let gone = cause.is_go_away() && cause.reason() == Some(Reason::NO_ERROR);
        let refused = cause.is_reset() && cause.reason() == Some(Reason::REFUSED_STREAM);
        let untouched = cause.is_remote() && (gone || refused);
        Lost::new(if untouched { Reach::Untouched } else { Reach::Unknown }, cause)
    }
}

/// The connection to one address. Cheap to clone.
#[derive(Clone)]
pub(super) struct Line(Arc<Inner>);

struct Inner {
    connect: Connect,
    authority: Authority,
    open: RwLock<Option<Open>>,
    opening: tokio::sync::Mutex<Opening>,
}

/// What came of opening so far.
#[derive(Default)]
struct Opening {
    /// How many connections there have been.
    number: u64,
    /// When and why it went wrong the last time.
    failed: Option<(Instant, Arc<str>)>,
}

/// A connection that is there.
#[derive(Clone)]
struct Open {
    sender: SendRequest<Bytes>,
    /// Which one it is.
    number: u64,
}

impl Line {
    pub(super) fn new(connect: Connect) -> Line {
        let authority = Authority::try_from(connect.at.to_string()).expect("invariant: an address is an authority");
        Line(Arc::new(Inner { connect, authority, open: RwLock::default(), opening: Default::default() }))
    }

    /// Sends a request, and gives its answer as soon as that begins.
    pub(super) async fn call(&self, request: Request) -> Result<Response, Lost> {
        let mut sender = self.0.ready().await?;
        let (request, body) = self.0.address(request)?;
        let empty = http_body::Body::is_end_stream(&body);
        let (answer, stream) =
            sender.send_request(request, empty).map_err(|cause| Lost::new(Reach::Untouched, cause))?;
        let response = match empty {
            true => answer.await.map_err(Lost::of)?,
            false => transfer::exchange(answer, stream, body, Lost::of).await?,
        };
        Ok(response.map(|stream| Body::new(Incoming::new(stream))))
    }
}

impl tower::Service<Request> for Line {
    type Response = Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Poller<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let line = self.clone();
        async move { Line::call(&line, request).await.map_err(|lost| lost.cause) }.boxed()
    }
}

impl Inner {
    /// The head as HTTP/2 has it, and the body.
    fn address(&self, request: Request) -> Result<(http::Request<()>, Body), Lost> {
        let (mut head, body) = request.into_parts();
        let mut parts = std::mem::take(&mut head.uri).into_parts();
        // The scheme is that of the requests, which know of no TLS: the connection does.
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        head.uri = Uri::from_parts(parts).map_err(|cause| Lost::new(Reach::Broken, cause))?;
        head.version = http::Version::HTTP_2;
        Ok((http::Request::from_parts(head, ()), body))
    }

    /// The connection, with room for one more request.
    async fn ready(&self) -> Result<SendRequest<Bytes>, Lost> {
        loop {
            let (open, new) = match self.known() {
                Some(open) => (open, false),
                None => (self.open().await?, true),
            };
            match open.sender.ready().await {
                Ok(sender) => return Ok(sender),
                Err(cause) => {
                    self.forget(open.number);
                    // One that broke while nobody used it is made again; of one that is going away others must know.
                    if new || cause.is_go_away() {
                        return Err(Lost::new(Reach::Untouched, cause));
                    }
                }
            }
        }
    }

    fn known(&self) -> Option<Open> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn forget(&self, number: u64) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        open.take_if(|open| open.number == number);
    }

    /// Connects, unless somebody else has just done so, or has found out that it does not go.
    async fn open(&self) -> Result<Open, Lost> {
        let begin = Instant::now();
        let mut opening = self.opening.lock().await;
        if let Some(open) = self.known() {
            return Ok(open);
        }
        if let Some((_, why)) = opening.failed.as_ref().filter(|(at, _)| *at >= begin) {
            return Err(Lost::new(Reach::Unconnected, why.to_string()));
        }
        match self.shake_hands().await {
            Ok(sender) => {
                opening.number += 1;
                let open = Open { sender, number: opening.number };
                *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(open.clone());
                Ok(open)
            }
            Err(cause) => {
                opening.failed = Some((Instant::now(), cause.to_string().into()));
                Err(Lost::new(Reach::Unconnected, cause))
            }
        }
    }

    async fn shake_hands(&self) -> Result<SendRequest<Bytes>, BoxError> {
        let socket = self.connect.clone().run().await?;
        let mut protocol = h2::client::Builder::new();
        protocol
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEADER_BYTES_MAX)
            .enable_push(false);
        let (sender, connection) = protocol.handshake(socket).await?;
        #[allow(clippy::disallowed_methods)] // it ends with its connection, which ends when nobody uses it
        tokio::spawn(drive(connection, self.connect.at));
        Ok(sender)
    }
}

/// Reads and writes until the connection ends, or the other side is silent for too long.
async fn drive(mut connection: Connection<Outgoing, Bytes>, at: std::net::SocketAddr) {
    let pings = connection.ping_pong();
    let ended = tokio::select! {
        biased;
        ended = &mut connection => ended.err().map(BoxError::from),
        () = keep_alive(pings) => Some("the other side is silent".into()),
    };
    if let Some(cause) = ended {
        tracing::debug!(%at, cause, "a connection to a service ended");
    }
}

/// Ends when the other side does not answer any more.
async fn keep_alive(pings: Option<PingPong>) {
    let Some(mut pings) = pings else { return std::future::pending().await };
    loop {
        sleep(KEEP_ALIVE_INTERVAL).await;
        if !matches!(timeout(KEEP_ALIVE_TIMEOUT, pings.ping(Ping::opaque())).await, Ok(Ok(_))) {
            return;
        }
    }
}
