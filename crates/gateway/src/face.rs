//! One request, whatever it speaks: REST, gRPC, gRPC-Web or a browser that wants a page.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use chassis::telemetry::trace;
use chassis::{Caller, Error, Host, Result};
use futures::FutureExt;
use http::header::{CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, Request, Response, Version};
use tokio::time::Instant;
use tracing::Instrument;

use crate::activity::{Activity, AtWork};
use crate::answers::Answers;
use crate::body::{Body, NotTaken, Uploads};
use crate::connection::Arrival;
use crate::cors::Cors;
use crate::identity::Identity;
use crate::observe::{Kind, Observed, Record, span};
use crate::pages::Pages;
use crate::pass::{Pass, Services, refuse};
use crate::problem::{self, Circumstances};
use crate::ready::Readiness;
use crate::rest::{Asked, Rest};
use crate::web::{Form, GRPC_WEB};

const TRACE_ID: HeaderName = HeaderName::from_static("trace-id");
const GRPC: &str = "application/grpc";
/// What stands in logs for paths that lead nowhere; the paths themselves would be as many as anybody likes.
const NOWHERE: &str = "nowhere";

/// Everything that answers.
pub struct Face {
    rest: Rest,
    pass: Pass,
    pages: Pages,
    ready: Readiness,
    cors: Cors,
    identity: Identity,
    uploads: Arc<Uploads>,
    answers: Answers,
}

/// What is known of a request by the time it is answered.
struct Known {
    kind: Kind,
    route: &'static str,
    caller: Option<Arc<Caller>>,
    /// Nothing is done by it, so that it may be asked again.
    reads: bool,
}

/// Whom a request comes from, by its connection, and in which trace.
#[derive(Clone, Copy)]
struct Asker<'a> {
    client: &'a Arc<Activity>,
    trace_id: &'a str,
}

impl Face {
    /// The face of a host. Fails on what the settings name and is not as it should be.
    pub fn new(host: &Host) -> Result<Face> {
        let uploads = Arc::new(Uploads::new(&host.config.limits));
        let services = Arc::new(Services::new(&host.peers));
        Ok(Face {
            rest: Rest::new(services.clone(), host, uploads.clone()),
            pass: Pass::new(host, services),
            pages: Pages::new(),
            ready: Readiness::new(host),
            cors: Cors::new(&host.config.gateway.cors_origins),
            identity: Identity::open(host)?,
            uploads,
            answers: Answers::new(&host.config.limits),
        })
    }

    /// Answers one request. A panic is a problem like any other.
    pub async fn answer(&self, request: Request<Arrival>, at_work: AtWork) -> Response<Observed> {
        let (begin, method) = (Instant::now(), request.method().clone());
        let (trace, span) = trace::enter_as(request.headers(), || span(&method));
        let trace_id = trace.trace_id_text();
        let origin = self.cors.origin(request.headers());
        let mut known = Known { kind: Kind::Rest, route: NOWHERE, caller: None, reads: true };
        let asked = Asker { client: at_work.client(), trace_id: &trace_id };
        let work = trace::within(trace, self.safely(request, &mut known, asked));
        let mut response = match span.is_none() {
            true => work.await,
            false => work.instrument(span.clone()).await,
        };
        if known.kind == Kind::Rest {
            response = self.keep(response, asked, known.reads);
        }
        self.cors.allow(origin, response.headers_mut());
        let headers = response.headers_mut();
        headers.insert(TRACE_ID, HeaderValue::try_from(&*trace_id).expect("invariant: hexadecimal digits"));
        if matches!(known.kind, Kind::Rest | Kind::Page) {
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        }
        let Known { kind, route, caller, .. } = known;
        let status = response.status();
        let record = Record { begin, span, kind, method, route, status, caller, trace_id };
        let (head, body) = response.into_parts();
        let body = Observed::new(body, &head.headers, record, at_work);
        Response::from_parts(head, body)
    }

    /// Has an answer take room until it is taken.
    fn keep(&self, response: Response<Body>, asked: Asker<'_>, reads: bool) -> Response<Body> {
        let (head, body) = response.into_parts();
        let Body::Whole(Some(bytes)) = body else { return Response::from_parts(head, body) };
        match self.answers.keep(bytes, asked.client, reads) {
            Ok(bytes) => Response::from_parts(head, Body::from(bytes)),
            Err(error) => {
                problem::answer(error, &Circumstances { trace_id: asked.trace_id, ..Circumstances::default() })
            }
        }
    }

    async fn safely(&self, request: Request<Arrival>, known: &mut Known, asked: Asker<'_>) -> Response<Body> {
        let trace_id = asked.trace_id;
        // Unwind safety: what is left behind of the request is only its log entry, whose parts are each whole.
        match AssertUnwindSafe(self.speak(request, known, asked)).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
                let error = Error::internal(format!("panic: {}", text.unwrap_or("without a message")));
                problem::answer(error, &Circumstances { trace_id, ..Circumstances::default() })
            }
        }
    }

    /// Finds out what a request speaks.
    async fn speak(&self, request: Request<Arrival>, known: &mut Known, asker: Asker<'_>) -> Response<Body> {
        let content_type = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        if content_type.starts_with(GRPC_WEB.as_bytes()) {
            known.kind = Kind::Web;
            return self.web(request, known, asker).await;
        }
        if content_type.starts_with(GRPC.as_bytes()) {
            known.kind = Kind::Grpc;
            return self.grpc(request, known, asker).await;
        }
        if let Some(response) = self.cors.preflight(request.method(), request.headers()) {
            known.kind = Kind::Page;
            return response;
        }
        if let Some(response) = self.page(&request, known).await {
            return response;
        }
        let mut asked = Asked { endpoint: None, caller: None, trace_id: asker.trace_id };
        let response = self.rest.answer(request, &self.identity, &mut asked).await;
        known.route = asked.endpoint.map_or(NOWHERE, |endpoint| &endpoint.name);
        known.reads = asked.endpoint.is_none_or(|endpoint| endpoint.method.change.is_none());
        known.caller = asked.caller;
        response
    }

    async fn page(&self, request: &Request<Arrival>, known: &mut Known) -> Option<Response<Body>> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return None;
        }
        let (route, response) = match request.uri().path() {
            "/healthz" => ("/healthz", self.ready.alive()),
            "/readyz" => ("/readyz", self.ready.answer().await),
            path => self.pages.find(path, request.headers())?,
        };
        (known.kind, known.route) = (Kind::Page, route);
        Some(response)
    }

    async fn grpc(&self, request: Request<Arrival>, known: &mut Known, asker: Asker<'_>) -> Response<Body> {
        if request.version() != Version::HTTP_2 {
            let error =
                Error::invalid("Content-Type", "of gRPC needs HTTP/2; over HTTP/1.1 there is gRPC-Web and REST");
            return problem::answer(
                error,
                &Circumstances { instance: request.uri().path(), trace_id: asker.trace_id, ..Circumstances::default() },
            );
        }
        self.pass_on(request.map(tonic::body::Body::new), known, asker).await.map(Body::Grpc)
    }

    async fn web(&self, request: Request<Arrival>, known: &mut Known, asker: Asker<'_>) -> Response<Body> {
        let form = Form::of(request.headers());
        let (head, body) = request.into_parts();
        // Base64 is a third longer than what it says.
        let outcome = match self.uploads.whole(body, 2).await {
            Ok(upload) => form.request(Request::from_parts(head, ()), upload.bytes),
            Err(NotTaken { error, .. }) => Err(error),
        };
        form.response(match outcome {
            Ok(request) => self.pass_on(request, known, asker).await,
            Err(error) => refuse(error),
        })
    }

    async fn pass_on(
        &self,
        request: Request<tonic::body::Body>,
        known: &mut Known,
        asker: Asker<'_>,
    ) -> Response<tonic::body::Body> {
        let method = api::contract().method(request.uri().path());
        known.route = method.map_or(NOWHERE, |method| &method.path);
        let caller = match self.identity.caller(request.headers()).await {
            Ok(caller) => caller,
            Err(error) => return refuse(error),
        };
        known.caller = Some(caller.clone());
        let response = self.pass.answer(request, caller).await;
        match method {
            Some(method) if !method.server_streaming => {
                self.answers.gather(response, asker.client, method.change.is_none()).await
            }
            _ => response,
        }
    }
}
