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
pub use verifier::Verifier;

/// The issuer and audience of tokens for clients outside.
const OUTSIDE: &str = "ngkt";
/// The issuer and audience of tokens between services.
const INTERNAL: &str = "ngkt-internal";

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
        let outside = key::Key::open(dir, "outside")?;
        let internal = key::Key::open(dir, "internal")?;
        Ok(Identity {
            outside: Arc::new(Verifier::open(dir, "outside", OUTSIDE, clock.clone())?),
            issuer: Arc::new(Issuer::new(outside, OUTSIDE, clock.clone())),
            inside: Arc::new(Verifier::open(dir, "internal", INTERNAL, clock.clone())?),
            internal: Arc::new(InternalTokens::new(Issuer::new(internal, INTERNAL, clock.clone()))),
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
