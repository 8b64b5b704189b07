//! Checks tokens; each one once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use moka::sync::Cache;

use super::key::{self, Key};
use super::{Claims, Kind};
use crate::caller::{Caller, Role};
use crate::clock::Clock;
use crate::error::{Error, Result};

/// Tokens that are remembered as verified.
const REMEMBERED_MAX: u64 = 20_000;

/// A folder that was changed so lately may be changed again without its time telling it.
const UNSETTLED: Duration = Duration::from_secs(2);

/// Verifies the tokens of one issuer: signature, issuer, audience and expiry. Takes what any of its keys has signed; a
/// signature that is of none of them may be of one that was made meanwhile.
pub struct Verifier {
    dir: PathBuf,
    kind: Kind,
    public: RwLock<Arc<[DecodingKey]>>,
    /// When the folder was last changed, as of the last time that the keys were read.
    changed: Mutex<Option<SystemTime>>,
    validation: Validation,
    clock: Clock,
    verified: Cache<Box<str>, Verified>,
}

#[derive(Clone)]
struct Verified {
    caller: Arc<Caller>,
    expires: i64,
}

impl Verifier {
    /// For tokens of this kind, whose keys are in `dir`.
    pub(super) fn open(dir: &Path, kind: Kind, clock: Clock) -> Result<Verifier> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[kind.name]);
        validation.set_audience(&[kind.name]);
        validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        validation.validate_exp = false; // by our clock, below
        Ok(Verifier {
            dir: dir.to_owned(),
            kind,
            public: RwLock::new(keys(dir, kind.key)?),
            changed: Mutex::default(),
            validation,
            clock,
            verified: Cache::new(REMEMBERED_MAX),
        })
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
        let known = self.keys();
        let mut claims = self.decode(token, &known);
        if matches!(&claims, Err(cause) if *cause.kind() == ErrorKind::InvalidSignature) {
            let keys = self.keys_anew();
            if !Arc::ptr_eq(&keys, &known) {
                claims = self.decode(token, &keys);
            }
        }
        let claims = claims.map_err(refusal)?;
        let expires = claims.exp;
        let caller = claims.caller()?;
        if caller.is(Role::Service) && !self.kind.inside {
            return Err(Error::unauthenticated("it names a role that nobody outside can have"));
        }
        Ok(Verified { caller: Arc::new(caller), expires })
    }

    fn decode(&self, token: &str, keys: &[DecodingKey]) -> Result<Claims, jsonwebtoken::errors::Error> {
        let mut decoded = Err(ErrorKind::InvalidSignature.into());
        for key in keys {
            decoded = jsonwebtoken::decode::<Claims>(token, key, &self.validation).map(|token| token.claims);
            if !matches!(&decoded, Err(cause) if *cause.kind() == ErrorKind::InvalidSignature) {
                break;
            }
        }
        decoded
    }

    fn keys(&self) -> Arc<[DecodingKey]> {
        self.public.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The keys that are in the folder now. Whoever comes meanwhile waits for them.
    fn keys_anew(&self) -> Arc<[DecodingKey]> {
        let mut known = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = std::fs::metadata(&self.dir).and_then(|dir| dir.modified()).ok();
        let settled = changed.is_some_and(|at| at.elapsed().is_ok_and(|ago| ago > UNSETTLED));
        if !settled || *known != changed {
            match keys(&self.dir, self.kind.key) {
                Ok(keys) => *self.public.write().unwrap_or_else(PoisonError::into_inner) = keys,
                Err(error) => tracing::warn!(%error, "the keys cannot be read again; those of before stay"),
            }
            *known = changed;
        }
        self.keys()
    }
}

fn keys(dir: &Path, key: &str) -> Result<Arc<[DecodingKey]>> {
    key::generations(dir, key)?.iter().map(|name| Key::open(dir, name).map(|key| key.public)).collect()
}

/// Why a token is not taken, as its bearer is told.
pub fn refusal(cause: jsonwebtoken::errors::Error) -> Error {
    Error::unauthenticated(match cause.kind() {
        ErrorKind::InvalidSignature => "its signature is not its issuer's",
        ErrorKind::InvalidAudience => "it is meant for somebody else",
        ErrorKind::InvalidIssuer => "it is of another issuer",
        ErrorKind::InvalidAlgorithm => "it is signed in another way than its issuer's",
        ErrorKind::MissingRequiredClaim(_) => "it lacks a claim",
        _ => "it is not a token that is taken here",
    })
}
