//! Signed tokens (Ed25519): those of the local issuer, for clients outside, and those that services accept from each other.

mod internal;
mod issuer;
mod key;
mod verifier;

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Role};
use crate::clock::Clock;
use crate::error::{Error, Result};

pub use internal::InternalTokens;
pub use issuer::Issuer;
pub use key::{generations, secret};
pub use verifier::{Verifier, refusal};

/// One kind of tokens.
#[derive(Clone, Copy)]
struct Kind {
    /// Their issuer and audience.
    name: &'static str,
    /// What the key is called that signs them.
    key: &'static str,
    /// Whether a bearer may be a service of this platform.
    inside: bool,
}

/// For clients outside.
const OUTSIDE: Kind = Kind { name: "ngkt", key: "outside", inside: false };
/// Between services.
const INTERNAL: Kind = Kind { name: "ngkt-internal", key: "internal", inside: true };

/// Everything that one process needs to know who calls, and to say so. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    /// Issues tokens for clients outside.
    pub issuer: Arc<Issuer>,
    /// Verifies the tokens of `issuer`.
    pub outside: Arc<Verifier>,
    /// Tokens for calls between services.
    pub internal: Arc<InternalTokens>,
    /// Verifies the tokens of `internal`.
    pub inside: Arc<Verifier>,
}

impl Identity {
    /// Opens the keys in `dir`; creates those that are missing. Any number of processes may do so at the same time.
    pub fn open(dir: &Path, clock: &Clock) -> Result<Identity> {
        Ok(Identity {
            issuer: Arc::new(Issuer::open(dir, OUTSIDE, clock.clone())?),
            outside: Arc::new(Verifier::open(dir, OUTSIDE, clock.clone())?),
            internal: Arc::new(InternalTokens::new(Issuer::open(dir, INTERNAL, clock.clone())?)),
            inside: Arc::new(Verifier::open(dir, INTERNAL, clock.clone())?),
        })
    }
}

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    org: String,
    roles: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    rep: String,
    iat: i64,
    exp: i64,
}

impl Claims {
    fn caller(self) -> Result<Caller> {
        let role = |name: &String| match Role::from_str_name(name) {
            None | Some(Role::Unspecified) => {
                Err(Error::unauthenticated(format!("it names a role {name} that there is not")))
            }
            Some(role) => Ok(role),
        };
        let roles = self.roles.iter().map(role).collect::<Result<Vec<_>>>()?;
        if roles.is_empty() {
            return Err(Error::unauthenticated("it names no role"));
        }
        Ok(Caller { subject: self.sub, organization: self.org, roles, represented: self.rep })
    }
}
