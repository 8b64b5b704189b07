//! The one stack of layers that every request passes, whether it came over the network or from the same process.

mod access;
mod authenticate;
mod concurrency;
pub(crate) mod deadline;
mod dispatch;
mod listen;
mod observe;
mod panic;
mod platform;
mod rewound;
pub mod room;
mod size;
mod stream;

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context as Poller, Poll};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Map};
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tower::ServiceBuilder;
use tower::layer::layer_fn;

use crate::caller::Caller;
use crate::error::Error;
use crate::host::Host;
use crate::target::Called;
use crate::telemetry::rpc::Seen;

pub(crate) use dispatch::VERSION;
pub use listen::serve;
pub(crate) use panic::text as panic_text;

/// A request as it comes in.
pub type Request = http::Request<Body>;
/// The answer to a [`Request`].
pub type Response = http::Response<Body>;
/// A [`Response`] that is on its way.
pub type Answer = BoxFuture<'static, Response>;

/// Wraps `routes`, which serve `roles` (such as `["registry"]`), into everything that comes before a handler.
/// Health and reflection are added.
pub fn stack(routes: Routes, host: &Host, roles: &[&str]) -> Stack {
    let routes = platform::add(routes, host, roles);
    let limits = &host.config.limits;
    let service: Arc<str> = roles.first().copied().unwrap_or_default().into();
    let service = &service;
    let chain = ServiceBuilder::new()
        // Outermost, so that whatever is answered below is counted and belongs to a trace.
        .layer(layer_fn(observe::Observe::new))
        // Below observing, so that a panic is counted; above all else, so that none escapes.
        .layer(layer_fn(panic::CatchPanic::new))
        // What is too much is refused before any work goes into it.
        .layer(layer_fn(|next| concurrency::Limit::new(next, limits, service)))
        // Streams end with the process and by the caller's deadline; must be above the deadline, which is not for them.
        .layer(layer_fn(|next| stream::Streams::new(next, limits, service, host.shutdown.clone())))
        // The time for everything below, reading the request's body included.
        .layer(layer_fn(|next| deadline::Deadline::new(next, limits)))
        .layer(layer_fn(|next| size::Limit::new(next, limits)))
        // Who calls; must be above access.
        .layer(layer_fn(|next| authenticate::Authenticate::new(next, host.identity.inside.clone())))
        // What the contract allows; nothing below is reached by anybody else.
        .layer(layer_fn(|next| access::Access::new(next, roles)))
        .service(dispatch::Dispatch::new(routes));
    Stack { service: service.clone(), chain: Arc::new(chain) }
}

/// A request on its way down the stack, and what was found out about it so far.
pub(crate) struct Call {
    pub(crate) request: Request,
    pub(crate) called: Called,
    pub(crate) caller: Arc<Caller>,
    pub(crate) deadline: Option<Instant>,
    /// Who calls, for whoever counts.
    pub(crate) seen: Seen,
}

/// One layer of the stack: passes the call on, or answers itself.
pub(crate) trait Layer: Send + Sync + 'static {
    fn run(&self, call: Call) -> impl Future<Output = Response> + Send;
}

/// A failure as an answer. Only what failed in a layer comes here; handlers answer their own failures.
pub(crate) fn refuse(error: Error) -> Response {
    Status::from(error).into_http()
}

/// [`Layer`] without its types, so that the stack has a name that others can hold.
trait Chain: Send + Sync {
    fn start(self: Arc<Self>, request: Request) -> Answer;
}

impl<L: Layer> Chain for L {
    fn start(self: Arc<Self>, request: Request) -> Answer {
        let called = Called::of(request.uri().path());
        let call = Call { request, called, caller: Caller::anonymous(), deadline: None, seen: Seen::nobody() };
        Box::pin(async move { self.run(call).await })
    }
}

/// A whole server without its socket. Cheap to clone; all clones share their limits.
#[derive(Clone)]
pub struct Stack {
    service: Arc<str>,
    chain: Arc<dyn Chain>,
}

impl Stack {
    /// The role that it serves, of several the first.
    pub(crate) fn service(&self) -> Arc<str> {
        self.service.clone()
    }

    /// Answers one request. Whatever goes wrong is a status in the answer.
    pub fn answer(&self, request: Request) -> Answer {
        self.chain.clone().start(request)
    }
}

impl tower::Service<Request> for Stack {
    type Response = Response;
    type Error = Infallible;
    type Future = Map<Answer, fn(Response) -> Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Poller<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.answer(request).map(Ok)
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stack")
    }
}
