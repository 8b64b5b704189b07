//! Checks tokens; each one once.

use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use moka::sync::Cache;

use super::key::Key;
use super::{Claims, INTERNAL};
use crate::caller::{Caller, Role};
use crate::clock::Clock;
use crate::error::{Error, Result};

/// Tokens that are remembered as verified.
const REMEMBERED_MAX: u64 = 20_000;

/// Verifies the tokens of one issuer: signature, issuer, audience and expiry.
pub struct Verifier {
    public: DecodingKey,
    validation: Validation,
    /// Whether a bearer may be a service of this platform.
    inside: bool,
    clock: Clock,
    verified: Cache<Box<str>, Verified>,
}

#[derive(Clone)]
struct Verified {
    caller: Arc<Caller>,
    expires: i64,
}

impl Verifier {
    pub(super) fn new(key: &Key, name: &'static str, clock: Clock) -> Verifier {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[name]);
        validation.set_audience(&[name]);
        validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        validation.validate_exp = false; // by our clock, below
        Verifier {
            public: key.public.clone(),
            validation,
            inside: name == INTERNAL,
            clock,
            verified: Cache::new(REMEMBERED_MAX),
        }
    }

    /// Who bears `token`. The first time costs the check of a signature, later a look-up, until it expires.
    pub fn verify(&self, token: &str) -> Result<Arc<Caller>> {
        let verified = match self.verified.get(token) {
            Some(verified) => verified,
            None => {
                let verified = self.check(token)?;
                self.verified.insert(token.into(), verified.clone());
                verified
            }
        };
        if verified.expires <= self.clock.now().timestamp() {
            self.verified.invalidate(token);
            return Err(Error::unauthenticated("it has expired"));
        }
        Ok(verified.caller)
    }

    fn check(&self, token: &str) -> Result<Verified> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.public, &self.validation).map_err(refusal)?.claims;
        let expires = claims.exp;
        let caller = claims.caller()?;
        if caller.is(Role::Service) && !self.inside {
            return Err(Error::unauthenticated("it names a role that nobody outside can have"));
        }
        Ok(Verified { caller: Arc::new(caller), expires })
    }
}

fn refusal(cause: jsonwebtoken::errors::Error) -> Error {
    Error::unauthenticated(match cause.kind() {
        ErrorKind::InvalidSignature => "its signature is not ours",
        ErrorKind::InvalidAudience => "it is meant for somebody else",
        ErrorKind::InvalidIssuer => "it is of another issuer",
        ErrorKind::InvalidAlgorithm => "it is signed in another way than ours",
        ErrorKind::MissingRequiredClaim(_) => "it lacks a claim",
        _ => "it is not a token of ours",
    })
}
