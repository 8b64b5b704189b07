//! Who calls: only a signed internal token says so. A header that claims an identity in any other way is not even read.

use std::sync::Arc;

use http::header::AUTHORIZATION;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::identity::Verifier;
use crate::server::{Call, Layer, Response, refuse};

pub(super) struct Authenticate<L> {
    next: L,
    tokens: Arc<Verifier>,
}

impl<L> Authenticate<L> {
    pub(super) fn new(next: L, tokens: Arc<Verifier>) -> Authenticate<L> {
        Authenticate { next, tokens }
    }

    /// The caller; anonymous without a token, refused with a bad one.
    fn caller(&self, call: &Call) -> Result<Arc<Caller>> {
        let Some(header) = call.request.headers().get(AUTHORIZATION) else { return Ok(Caller::anonymous()) };
        let token = header.to_str().ok().and_then(bearer);
        self.tokens.verify(token.ok_or_else(|| Error::unauthenticated("authorization must be Bearer and a token"))?)
    }
}

impl<L: Layer> Layer for Authenticate<L> {
    async fn run(&self, mut call: Call) -> Response {
        call.caller = match self.caller(&call) {
            Ok(caller) => caller,
            Err(error) => return refuse(error),
        };
        call.seen.note(&call.caller);
        self.next.run(call).await
    }
}

/// The token of `Bearer token`; the scheme is not case-sensitive.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}
