//! Who calls from outside. Only a bearer token says so; every other header that claims an identity stays behind here,
//! because nothing but what is named in this crate is passed on.

use std::sync::Arc;

use chassis::identity::Verifier;
use chassis::{Caller, Error, Result};
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The caller that a request's head proves; nobody without a token. A bad token is refused, even where none is needed.
pub fn caller(verifier: &Verifier, headers: &HeaderMap) -> Result<Arc<Caller>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(Caller::anonymous()) };
    if values.next().is_some() {
        return Err(Error::unauthenticated("only one may be sent"));
    }
    let token = value.to_str().ok().and_then(bearer);
    verifier.verify(token.ok_or_else(|| Error::unauthenticated("authorization must be Bearer and a token"))?)
}

/// The token of `Bearer token`; the scheme's name may be in capitals.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bearer_tokens_are_taken() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        for value in ["Basic abc", "abc", "", "Bearerabc"] {
            assert_eq!(bearer(value), None, "{value}");
        }
    }
}
