//! Makes tokens.

use std::path::Path;
use std::time::Duration;

use jsonwebtoken::{Algorithm, Header};

use super::key::Key;
use super::{Claims, Kind, OUTSIDE};
use crate::caller::{Caller, Role};
use crate::clock::Clock;
use crate::error::{Error, Result};

/// Issues signed tokens.
pub struct Issuer {
    key: Key,
    kind: Kind,
    clock: Clock,
}

impl Issuer {
    /// The local issuer of tokens for clients outside, with its key in `dir`, which is created if it is missing.
    pub fn local(dir: &Path, clock: Clock) -> Result<Issuer> {
        Issuer::open(dir, OUTSIDE, clock)
    }

    pub(super) fn open(dir: &Path, kind: Kind, clock: Clock) -> Result<Issuer> {
        Ok(Issuer { key: Key::open(dir, kind.key)?, kind, clock })
    }

    /// A token that says for `hours` hours that its bearer is `caller`. Refuses a caller without a role and the role
    /// SERVICE, which nobody outside can have.
    pub fn issue(&self, caller: &Caller, hours: u32) -> Result<String> {
        if caller.roles.is_empty() {
            return Err(Error::invalid("role", "at least one is needed"));
        }
        if caller.is(Role::Service) {
            return Err(Error::invalid("role", "SERVICE is never given to anybody outside"));
        }
        self.sign(caller, Duration::from_secs(u64::from(hours) * 3600)).map(|(token, _)| token)
    }

    /// A token and the second (Unix) at which it expires.
    pub(super) fn sign(&self, caller: &Caller, lifetime: Duration) -> Result<(String, i64)> {
        let iat = self.clock.now().timestamp();
        let exp = iat.saturating_add_unsigned(lifetime.as_secs());
        let claims = Claims {
            iss: self.kind.name.into(),
            aud: self.kind.name.into(),
            sub: caller.subject.clone(),
            org: caller.organization.clone(),
            roles: caller.roles.iter().map(|role| role.as_str_name().into()).collect(),
            rep: caller.represented.clone(),
            iat,
            exp,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.key.private);
        Ok((token.map_err(Error::internal)?, exp))
    }

    /// The time by which tokens are issued.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }
}
