//! gRPC through the gateway: the service that owns the package answers, and the bytes of messages are not looked at.

use std::collections::HashMap;
use std::sync::Arc;

use api::Method;
use api::options::v1::Failure;
use chassis::channel::CallAs;
use chassis::server::Stack;
use chassis::{Caller, Error, Host, Peers};
use http::header::{CONTENT_TYPE, TE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use tonic::Status;
use tonic::body::Body;

use crate::grpc::{GRPC, GRPC_TIMEOUT};

/// What a client may say besides its message. Who calls and in which trace is said by the gateway itself.
const HANDED_ON: [HeaderName; 5] = [
    CONTENT_TYPE,
    GRPC_TIMEOUT,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("idempotency-key"),
];

/// The services behind the gateway, looked up once.
pub struct Services(HashMap<&'static str, CallAs>);

impl Services {
    /// The services that serve some rpc of the contract.
    pub fn new(peers: &Peers) -> Services {
        let roles = api::contract().methods().map(|method| method.role.as_str());
        Services(roles.map(|role| (role, peers.client_as(role, Caller::anonymous()))).collect())
    }

    /// The service that serves `method`, for a call in the name of `caller`.
    pub fn of(&self, method: &'static Method, caller: Arc<Caller>) -> CallAs {
        self.0.get(method.role.as_str()).expect("invariant: each role of the contract was looked up").in_name_of(caller)
    }
}

/// Passes gRPC on.
pub struct Pass {
    services: Arc<Services>,
    /// Health and reflection, for all packages.
    platform: Stack,
}

impl Pass {
    /// To `services`.
    pub fn new(host: &Host, services: Arc<Services>) -> Pass {
        let faces: Vec<&str> = ["gateway"].into_iter().chain(chassis::config::SERVICES).collect();
        let platform = chassis::server::stack(tonic::service::Routes::default(), host, &faces);
        Pass { services, platform }
    }

    /// Answers one gRPC request in the name of `caller`; whatever goes wrong is a status.
    pub async fn answer(&self, request: Request<Body>, caller: Arc<Caller>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let (method, uri) = match api::contract().method(path) {
            Some(method) => (Some(method), Uri::from_static(&method.path)),
            None if is_platform(path) => match Uri::try_from(path) {
                Ok(uri) => (None, uri),
                Err(_) => return unknown(path),
            },
            None => return unknown(path),
        };
        let mut request = Request::new(body);
        *request.method_mut() = head.method;
        *request.version_mut() = http::Version::HTTP_2;
        *request.uri_mut() = uri;
        *request.headers_mut() = handed_on(&head.headers);
        match method {
            Some(method) => self.services.of(method, caller).answer(request).await,
            None => self.platform.answer(request).await,
        }
    }
}

/// Whether `path` is of health or reflection.
fn is_platform(path: &str) -> bool {
    path.starts_with("/grpc.health.v1.")
        || path.starts_with("/grpc.reflection.v1.")
        || path.starts_with("/grpc.reflection.v1alpha.")
}

fn unknown(path: &str) -> Response<Body> {
    refuse(Error::of(Failure::Unimplemented).with("path", path.chars().take(200).collect::<String>()))
}

/// A failure as a gRPC answer.
pub fn refuse(error: Error) -> Response<Body> {
    Status::from(error).into_http()
}

fn handed_on(headers: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(HANDED_ON.len() + 4);
    for name in HANDED_ON {
        if let Some(value) = headers.get(&name) {
            out.insert(name, value.clone());
        }
    }
    out.entry(CONTENT_TYPE).or_insert(GRPC);
    out.insert(TE, HeaderValue::from_static("trailers"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_claims_an_identity_is_handed_on() {
        let mut headers = HeaderMap::new();
        for name in [
            "authorization",
            "x-forwarded-user",
            "x-ngkt-caller",
            "cookie",
            "x-road-client",
            "traceparent",
            "grpc-timeout",
            "idempotency-key",
        ] {
            headers.insert(name, HeaderValue::from_static("1S"));
        }
        let out = handed_on(&headers);
        let mut names: Vec<&str> = out.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-type", "grpc-timeout", "idempotency-key", "te"]);
    }
}
