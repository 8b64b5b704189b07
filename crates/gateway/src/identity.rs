//! Who calls from outside. Only a bearer token says so; every other header that claims an identity stays behind here,
//! because nothing but what is named in this crate is passed on.

use std::sync::Arc;

use chassis::identity::Verifier;
use chassis::{Caller, Error, Host, Result};
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::issuer::Issuers;

/// Those who may say who calls: the platform's own issuer, and issuers outside.
pub struct Identity {
    own: Arc<Verifier>,
    others: Arc<Issuers>,
}

impl Identity {
    /// Of this host. Fails on the file of an issuer that is not as it should be.
    pub fn open(host: &Host) -> Result<Identity> {
        Ok(Identity { own: host.identity.outside.clone(), others: Issuers::open(host)? })
    }

    /// The caller that a request's head proves; nobody without a token. A bad token is refused, even where none is needed.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Arc<Caller>> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(Caller::anonymous()) };
        if values.next().is_some() {
            return Err(Error::unauthenticated("only one may be sent"));
        }
        let token = value.to_str().ok().and_then(bearer);
        let token = token.ok_or_else(|| Error::unauthenticated("authorization must be Bearer and a token"))?;
        match self.others.verify(token).await {
            Some(outcome) => outcome,
            None => self.own.verify(token),
        }
    }
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
