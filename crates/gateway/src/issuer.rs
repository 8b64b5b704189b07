//! Tokens of issuers outside: who signed them, for whom they are meant, and who their bearer is here.

mod claims;
mod file;
mod folder;
mod keys;

use std::path::Path;
use std::sync::Arc;

use chassis::identity::refusal;
use chassis::telemetry::catalogue;
use chassis::{Caller, Clock, Error, Result};
use jsonwebtoken::errors::{Error as Refused, ErrorKind};
use jsonwebtoken::{Header, Validation};
use moka::sync::Cache;

use claims::Claims;
use file::Settings;
use keys::{Key, KeySet, Keys};

pub use folder::Issuers;

/// By how many seconds the clock of an issuer may differ from ours.
const LEEWAY: i64 = 60;
/// Tokens of one issuer that are remembered as verified.
const REMEMBERED_MAX: u64 = 20_000;
/// What a token may say that it is; some issuers say nothing. Others are no proof of who calls.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// One issuer.
struct Issuer {
    settings: Settings,
    keys: Keys,
    clock: Clock,
    verified: Cache<Box<str>, Verified>,
}

/// A token that was good when it was checked.
#[derive(Clone)]
struct Verified {
    caller: Arc<Caller>,
    /// From when to when it is good, in seconds since 1970.
    validity: [i64; 2],
    /// The keys of that time.
    keys: Arc<KeySet>,
}

/// What an issuer was found to be, for operators.
#[derive(Debug)]
pub struct Seen {
    /// Where it is.
    pub url: String,
    /// How many keys it signs with.
    pub keys: usize,
}

/// Asks each issuer with a file in `dir` for its keys: its name, and what it is or why its tokens are not taken.
pub async fn look(dir: &Path) -> std::result::Result<Vec<(String, std::result::Result<Seen, String>)>, String> {
    let mut seen = Vec::new();
    for path in folder::files(dir)? {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        seen.push((name, look_at(&path).await));
    }
    Ok(seen)
}

async fn look_at(path: &Path) -> std::result::Result<Seen, String> {
    let settings = file::read(path)?;
    let url = settings.url.clone();
    let keys = Keys::new(&settings)?.fetch().await?.len();
    Ok(Seen { url, keys })
}

impl Issuer {
    fn new(settings: Settings, clock: Clock) -> std::result::Result<Issuer, String> {
        let keys = Keys::new(&settings)?;
        Ok(Issuer { settings, keys, clock, verified: Cache::new(REMEMBERED_MAX) })
    }

    /// Who bears `token`. The first time costs the check of a signature, and the keys if it is of none that is known.
    async fn verify(&self, token: &str) -> Result<Arc<Caller>> {
        let outcome = match self.remembered(token) {
            Some(verified) => self.in_time(verified),
            None => self.check(token).await,
        };
        let told = match &outcome {
            Ok(_) => "taken",
            Err(error) if error.is_transient() => "unknown",
            Err(_) => "refused",
        };
        catalogue::ISSUER_TOKENS.record(1.0, [self.settings.name.clone().into(), told.into()]);
        outcome
    }

    /// What is known of a token, if its issuer has still the keys with which it was checked.
    fn remembered(&self, token: &str) -> Option<Verified> {
        let verified = self.verified.get(token)?;
        self.keys.are(&verified.keys).then_some(verified)
    }

    fn in_time(&self, verified: Verified) -> Result<Arc<Caller>> {
        let (now, [from, to]) = (self.clock.now().timestamp(), verified.validity);
        match () {
            () if to.saturating_add(LEEWAY) <= now => Err(Error::unauthenticated("it has expired")),
            () if from.saturating_sub(LEEWAY) > now => Err(Error::unauthenticated("it is not valid yet")),
            () => Ok(verified.caller),
        }
    }

    async fn check(&self, token: &str) -> Result<Arc<Caller>> {
        let header = jsonwebtoken::decode_header(token).map_err(refusal)?;
        check_header(&header)?;
        let known = self.keys.known().await.map_err(|why| self.unknown(why))?;
        let (keys, claims) = match self.decode(token, &header, &known) {
            Err(cause) if *cause.kind() == ErrorKind::InvalidSignature && !known.names(header.kid.as_deref()) => {
                let keys = self.keys.anew(&known).await.map_err(|why| self.unknown(why))?;
                let claims = self.decode(token, &header, &keys);
                (keys, claims)
            }
            decoded => (known, decoded),
        };
        let claims = claims.map_err(refusal)?;
        let (validity, caller) = (claims.validity()?, Arc::new(claims.caller(&self.settings)?));
        let verified = Verified { caller, validity, keys };
        self.verified.insert(token.into(), verified.clone());
        self.in_time(verified)
    }

    fn decode(&self, token: &str, header: &Header, keys: &KeySet) -> Result<Claims, Refused> {
        let mut decoded = Err(ErrorKind::InvalidSignature.into());
        for key in keys.of(header) {
            decoded = jsonwebtoken::decode(token, &key.key, &self.validation(key)).map(|token| token.claims);
            if !matches!(&decoded, Err(cause) if *cause.kind() == ErrorKind::InvalidSignature) {
                break;
            }
        }
        decoded
    }

    fn validation(&self, key: &Key) -> Validation {
        let mut validation = Validation::new_for_family(key.key.family());
        validation.algorithms.clone_from(&key.ways);
        validation.set_issuer(&[&self.settings.url]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        validation.validate_exp = false; // by our clock, with the rest of the time
        validation
    }

    /// The keys are not to be had: the token may be good.
    fn unknown(&self, why: String) -> Error {
        Error::unavailable(format!("issuer {}", self.settings.name)).because(why)
    }
}

/// Refuses what is no access token, and what asks for more than is understood here.
fn check_header(header: &Header) -> Result<()> {
    if header.crit.as_ref().is_some_and(|names| !names.is_empty()) {
        return Err(Error::unauthenticated("it asks for something that is not understood here"));
    }
    match &header.typ {
        Some(told) if !TYPES.iter().any(|known| told.eq_ignore_ascii_case(known)) => {
            Err(Error::unauthenticated("it is no access token"))
        }
        _ => Ok(()),
    }
}
