//! Which web pages of elsewhere may call. Nothing here lets a caller do more: there are no cookies, only tokens.

use std::collections::HashSet;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::body::Body;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, accept, grpc-timeout, x-grpc-web, x-user-agent, x-request-timeout, idempotency-key, if-match, \
     last-event-id, traceparent, tracestate",
);
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "grpc-status, grpc-message, grpc-status-details-bin, trace-id, etag, retry-after, allow, www-authenticate",
);
/// Two hours, which is the longest that browsers take.
const SECONDS: HeaderValue = HeaderValue::from_static("7200");

/// The pages that may call, by origin.
#[derive(Debug, Default)]
pub struct Cors {
    any: bool,
    origins: HashSet<String>,
}

impl Cors {
    /// Pages of these origins; `*` is all of them.
    pub fn new(origins: &[String]) -> Cors {
        let normal = |origin: &String| origin.trim_end_matches('/').to_ascii_lowercase();
        Cors { any: origins.iter().any(|origin| origin == "*"), origins: origins.iter().map(normal).collect() }
    }

    /// The origin of a request, if its pages may call.
    pub fn origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        let known = || origin.to_str().is_ok_and(|origin| self.origins.contains(&origin.to_ascii_lowercase()));
        (self.any || known()).then(|| origin.clone())
    }

    /// The answer to a browser that asks beforehand.
    pub fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response<Body>> {
        if method != Method::OPTIONS
            || !headers.contains_key(ORIGIN)
            || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if self.origin(headers).is_some() {
            let answer = response.headers_mut();
            answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
            answer.insert(ACCESS_CONTROL_MAX_AGE, SECONDS);
        }
        Some(response)
    }

    /// Lets pages of `origin` read the answer, and caches know that it depends on the origin.
    pub fn allow(&self, origin: Option<HeaderValue>, answer: &mut HeaderMap) {
        if self.any || !self.origins.is_empty() {
            answer.append(VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = origin {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_static(origin));
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("POST"));
        headers
    }

    #[test]
    fn only_pages_that_are_named_may_call() {
        let cors = Cors::new(&["https://portal.example.vn/".into()]);
        assert!(cors.origin(&headers("https://portal.example.vn")).is_some());
        assert!(cors.origin(&headers("https://PORTAL.example.vn")).is_some());
        for origin in ["http://portal.example.vn", "https://portal.example.vn.evil.example", "null"] {
            assert!(cors.origin(&headers(origin)).is_none(), "{origin}");
        }
        assert!(Cors::default().origin(&headers("https://portal.example.vn")).is_none());
        assert!(Cors::new(&["*".into()]).origin(&headers("https://anybody.example")).is_some());
    }

    #[test]
    fn a_question_beforehand_is_answered_and_nothing_else() {
        let cors = Cors::new(&["https://portal.example.vn".into()]);
        let told = cors.preflight(&Method::OPTIONS, &headers("https://portal.example.vn")).expect("an answer");
        assert_eq!(told.status(), StatusCode::NO_CONTENT);
        assert!(told.headers().contains_key(ACCESS_CONTROL_ALLOW_HEADERS));
        let refused = cors.preflight(&Method::OPTIONS, &headers("https://evil.example")).expect("an answer");
        assert!(!refused.headers().contains_key(ACCESS_CONTROL_ALLOW_HEADERS));
        assert!(cors.preflight(&Method::POST, &headers("https://portal.example.vn")).is_none());
        assert!(cors.preflight(&Method::OPTIONS, &HeaderMap::new()).is_none());
    }
}
