//! REST/JSON, as `google.api.http` says at each rpc: the request's parts become one message, the answer's message becomes JSON.

pub mod endpoint;
mod events;
mod query;
mod request;
pub mod table;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::connection::Arrival;
use bytes::Bytes;
use chassis::{Caller, Error, Host};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::body::{Body, NotTaken, Uploads};
use crate::grpc::{self, GRPC_TIMEOUT, Messages};
use crate::identity::Identity;
use crate::json::plan::Plans;
use crate::json::{wire, write};
use crate::pass::Services;
use crate::problem::{self, Circumstances};
use endpoint::{BodyPlan, Endpoint};
use request::{Refusal, Sent};
use table::{Found, Table};

/// The one header that REST hands on as it is.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// How many seconds the client gives.
const REQUEST_TIMEOUT: &str = "x-request-timeout";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// All endpoints of the contract.
pub fn table() -> &'static Table<Endpoint> {
    static TABLE: LazyLock<Table<Endpoint>> = LazyLock::new(|| {
        let routes =
            api::contract().methods().flat_map(|method| method.routes.iter().map(move |route| (method, route)));
        Table::new(routes.map(|(method, route)| {
            (route.http.clone(), route.template.clone(), Endpoint::new(Plans::contract(), method, route))
        }))
    });
    &TABLE
}

/// Answers REST requests.
pub struct Rest {
    services: Arc<Services>,
    uploads: Arc<Uploads>,
    time_default: Duration,
    time_max: Duration,
    shutdown: CancellationToken,
}

/// What one request is known by while it is answered.
pub struct Asked<'a> {
    /// The endpoint, once it is found: for logs.
    pub endpoint: Option<&'static Endpoint>,
    /// Who calls, once that is known: for logs.
    pub caller: Option<Arc<Caller>>,
    /// The trace.
    pub trace_id: &'a str,
}

impl Rest {
    /// By way of these services, within the host's limits.
    pub fn new(services: Arc<Services>, host: &Host, uploads: Arc<Uploads>) -> Rest {
        let (limits, shutdown) = (&host.config.limits, host.shutdown.clone());
        Rest { services, uploads, time_default: limits.timeout_default(), time_max: limits.timeout_max(), shutdown }
    }

    /// Answers one request; whatever goes wrong is a problem document. `identity` tells who calls.
    pub async fn answer(
        &self,
        request: Request<Arrival>,
        identity: &Identity,
        asked: &mut Asked<'_>,
    ) -> Response<Body> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let mut circumstances = Circumstances {
            instance: path,
            input: None,
            if_match: head.headers.contains_key(IF_MATCH),
            trace_id: asked.trace_id,
        };
        let method = if head.method == Method::HEAD { &Method::GET } else { &head.method };
        let (endpoint, values) = match table().find(method, path) {
            Found::Target(endpoint, values) => (endpoint, values),
            Found::Methods(methods) => return not_allowed(methods, &circumstances),
            Found::Malformed => {
                return problem::answer(Error::invalid("path", "is not UTF-8 in percent signs"), &circumstances);
            }
            Found::Nothing => return problem::answer(Error::not_found(cut(path)), &circumstances),
        };
        circumstances.input = Some(endpoint.input);
        asked.endpoint = Some(endpoint);
        let caller = match identity.caller(&head.headers).await {
            Ok(caller) => caller,
            Err(error) => return problem::answer(error, &circumstances),
        };
        asked.caller = Some(caller.clone());
        // The service refuses strangers anyway; here it saves reading what they send.
        if caller.is_anonymous() && !endpoint.method.access.public {
            return problem::answer(Error::unauthenticated("none was sent"), &circumstances);
        }
        let upload = match endpoint.body {
            BodyPlan::None => None,
            _ => match self.uploads.whole(body, 1).await {
                Ok(upload) => Some(upload),
                Err(NotTaken { status, error }) => return problem::answer_as(status, error, &circumstances),
            },
        };
        let body: &[u8] = upload.as_ref().map_or(&[], |upload| &upload.bytes);
        let sent = Sent { values, query: head.uri.query().unwrap_or_default(), headers: &head.headers, body };
        let outcome = match self.call(endpoint, sent, &head.headers) {
            Err(refusal) => return problem::answer_as(refusal.status(), refusal.into(), &circumstances),
            Ok((request, time)) => self.pass(endpoint, request, time, caller, asked.trace_id).await,
        };
        outcome.unwrap_or_else(|error| problem::answer(error, &circumstances))
    }

    /// The call that a request means, and the time for it.
    fn call(
        &self,
        endpoint: &Endpoint,
        sent: Sent,
        headers: &HeaderMap,
    ) -> Result<(http::Request<tonic::body::Body>, Option<Duration>), Refusal> {
        let time = time(headers)?;
        let message = request::message(Plans::contract(), endpoint, sent)?;
        let mut call = grpc::request(endpoint.uri.clone(), message);
        if let Some(key) = headers.get(IDEMPOTENCY_KEY) {
            call.headers_mut().insert(IDEMPOTENCY_KEY, key.clone());
        }
        if let Some(time) = time {
            let text = format!("{}m", time.as_millis().clamp(1, 99_999_999));
            call.headers_mut()
                .insert(GRPC_TIMEOUT, HeaderValue::try_from(text).expect("invariant: digits and a letter"));
        }
        Ok((call, time))
    }

    async fn pass(
        &self,
        endpoint: &'static Endpoint,
        request: http::Request<tonic::body::Body>,
        time: Option<Duration>,
        caller: Arc<Caller>,
        trace_id: &str,
    ) -> Result<Response<Body>, Error> {
        let end = Instant::now() + time.unwrap_or(self.time_default).min(self.time_max);
        let response = self.services.of(endpoint.method, caller).answer(request).await;
        if endpoint.method.server_streaming {
            let messages = Messages::of(response)?;
            let shutdown = self.shutdown.clone();
            return Ok(events::answer(Plans::contract(), endpoint, messages, trace_id.to_owned(), shutdown));
        }
        // The call itself is bounded by its channel; this bounds an answer that stops half-way.
        let message = tokio::time::timeout_at(end, grpc::answer(response))
            .await
            .unwrap_or_else(|_| Err(Error::of(api::options::v1::Failure::DeadlineExceeded)))?;
        json(endpoint, &message).map_err(Error::internal)
    }
}

/// The answer's message as JSON.
fn json(endpoint: &Endpoint, message: &[u8]) -> Result<Response<Body>, wire::Malformed> {
    let plans = Plans::contract();
    let mut out = Vec::with_capacity(message.len() + message.len() / 2 + 128);
    match endpoint.response {
        None => write::answer(plans, endpoint.output, message, &mut out)?,
        Some(field) => write::answer_field(plans, field, message, &mut out)?,
    }
    let mut response = Response::new(Body::from(Bytes::from(out)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(etag) =
        endpoint.version.and_then(|number| wire::last_bytes(message, number)).filter(|etag| !etag.is_empty())
        && let Ok(value) = HeaderValue::from_bytes(&[b"\"", etag, b"\""].concat())
    {
        headers.insert(ETAG, value);
    }
    Ok(response)
}

/// The time that the client gives, in seconds.
fn time(headers: &HeaderMap) -> Result<Option<Duration>, Refusal> {
    let refused = |field: &str| {
        let description = "must be a number of seconds greater than 0, such as 2.5".into();
        Refusal::Faults(vec![crate::json::read::Fault { field: field.into(), description }])
    };
    if let Some(value) = headers.get(REQUEST_TIMEOUT) {
        let seconds = value.to_str().ok().and_then(|text| text.trim_end_matches('s').parse::<f64>().ok());
        let time =
            seconds.filter(|seconds| *seconds > 0.0).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        return time.map(Some).ok_or_else(|| refused("X-Request-Timeout"));
    }
    Ok(None)
}

fn not_allowed(mut methods: Vec<Method>, circumstances: &Circumstances) -> Response<Body> {
    if methods.contains(&Method::GET) {
        methods.push(Method::HEAD);
    }
    methods.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    methods.dedup();
    let allowed = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let error = Error::invalid("method", format!("must be one of {allowed} for this path"));
    let mut response = problem::answer_as(StatusCode::METHOD_NOT_ALLOWED, error, circumstances);
    response.headers_mut().insert(ALLOW, HeaderValue::try_from(allowed).expect("invariant: methods are ASCII"));
    response
}

/// Long paths are not told back whole.
fn cut(path: &str) -> String {
    path.chars().take(200).collect()
}
