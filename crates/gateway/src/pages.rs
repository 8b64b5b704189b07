//! What a browser finds: the reference at `/docs`, which needs nothing from elsewhere, and the document that it shows.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH, LOCATION, REFERRER_POLICY};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::body::{Body, whole};

use crate::openapi;

/// Only what this server sends runs, is shown and is called.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// The pages.
pub struct Pages {
    openapi: &'static Bytes,
}

/// A part of the reference: its path, type and content.
const PARTS: [(&str, &str, &str); 7] = [
    ("/docs", "text/html; charset=utf-8", include_str!("pages/docs.html")),
    ("/docs/docs.css", "text/css; charset=utf-8", include_str!("pages/docs.css")),
    ("/docs/docs.js", "text/javascript; charset=utf-8", include_str!("pages/docs.js")),
    ("/docs/dom.js", "text/javascript; charset=utf-8", include_str!("pages/dom.js")),
    ("/docs/schema.js", "text/javascript; charset=utf-8", include_str!("pages/schema.js")),
    ("/docs/try.js", "text/javascript; charset=utf-8", include_str!("pages/try.js")),
    ("/docs/icon.svg", "image/svg+xml", include_str!("pages/icon.svg")),
];

impl Pages {
    /// Works out the document, once a process.
    pub fn new() -> Pages {
        static OPENAPI: LazyLock<Bytes> = LazyLock::new(|| openapi::document().into());
        Pages { openapi: &OPENAPI }
    }

    /// The page at `path`, if there is one, and what it is called in logs.
    pub fn find(&self, path: &str, headers: &HeaderMap) -> Option<(&'static str, Response<Body>)> {
        match path {
            "/" => return Some(("/", index(headers))),
            "/openapi.json" => {
                return Some((
                    "/openapi.json",
                    cached(headers, whole("application/json", self.openapi.clone()), self.openapi),
                ));
            }
            _ => {}
        }
        let path = if path == "/docs/" { "/docs" } else { path };
        let (name, content_type, content) = PARTS.iter().find(|(name, ..)| *name == path)?;
        let mut response =
            cached(headers, whole(content_type, Bytes::from_static(content.as_bytes())), content.as_bytes());
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
        response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        Some((name, response))
    }
}

/// People are shown the reference, programs where everything is.
fn index(headers: &HeaderMap) -> Response<Body> {
    let browser =
        headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    if browser {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::FOUND;
        response.headers_mut().insert(LOCATION, HeaderValue::from_static("/docs"));
        return response;
    }
    let places = json!({
        "name": "NGKT",
        "version": env!("CARGO_PKG_VERSION"),
        "reference": "/docs",
        "openapi": "/openapi.json",
        "health": "/healthz",
        "readiness": "/readyz",
    });
    whole("application/json", places.to_string())
}

/// The answer, or that it is still the same.
fn cached(headers: &HeaderMap, mut response: Response<Body>, content: &[u8]) -> Response<Body> {
    let etag = format!("\"{:016x}\"", fingerprint(content));
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let answer = response.headers_mut();
    answer.insert(ETAG, HeaderValue::try_from(etag).expect("invariant: hexadecimal digits in quotes"));
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// FNV-1a: tells two versions of a page apart.
fn fingerprint(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
