//! The keys of an issuer: read where it publishes them, again now and then, and when a token is signed with one that is new.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chassis::egress::{self, Client};
use http::Method;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::file::{self, Settings};

/// How long an issuer may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// What it says is no longer than this.
const ANSWER_MAX: usize = 256 << 10;
/// How many keys are taken.
const KEYS_MAX: usize = 64;
/// RSA is safe from this size on, in bytes.
const RSA_MIN: usize = 2048 / 8;
/// How old keys become before they are read again.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How long it is let alone after it did not answer, unless somebody comes with a token.
const RETRY: Duration = Duration::from_secs(30);
/// How old they may be at most, if the issuer does not answer: it cannot take back a key while nobody hears it.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);
/// An issuer is not asked more often than this, whatever tokens come.
const PAUSE: Duration = Duration::from_secs(5);

/// The keys of one issuer, as far as they are known.
pub struct Keys {
    client: Client,
    /// What the issuer is called here.
    name: String,
    /// What it calls itself.
    url: String,
    /// Where its keys are; empty if it says so itself.
    keys_url: String,
    known: RwLock<Option<Known>>,
    /// When it was last asked. Whoever asks holds it, and who comes meanwhile waits.
    asked: Mutex<Option<Instant>>,
    /// When somebody first wanted to know them.
    begin: Instant,
}

struct Known {
    keys: Arc<KeySet>,
    read: Instant,
}

/// What an issuer signs with at one time.
pub struct KeySet {
    keys: Vec<Key>,
    /// As it was told.
    told: Vec<Jwk>,
}

/// One key.
pub struct Key {
    pub key: DecodingKey,
    /// In which ways it may sign.
    pub ways: Vec<Algorithm>,
    id: Option<String>,
}

/// What is needed of an issuer's `openid-configuration`.
#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

impl Keys {
    pub fn new(settings: &Settings) -> Result<Keys, String> {
        let client = Client::trusting(PATIENCE, &settings.networks, &settings.authorities);
        Ok(Keys {
            client: client.map_err(|cause| format!("issuer {}: ca: {cause}", settings.name))?,
            name: settings.name.clone(),
            url: settings.url.clone(),
            keys_url: settings.keys_url.clone(),
            known: RwLock::default(),
            asked: Mutex::default(),
            begin: Instant::now(),
        })
    }

    /// Whether these are still the keys.
    pub fn are(&self, keys: &Arc<KeySet>) -> bool {
        self.current().is_some_and(|current| Arc::ptr_eq(&current, keys))
    }

    /// The keys that are known; they are asked for if none are.
    pub async fn known(&self) -> Result<Arc<KeySet>, String> {
        match self.current() {
            Some(keys) => Ok(keys),
            None => self.ask(|| self.current().is_none()).await,
        }
    }

    /// The keys after `known`, with which a token was not signed.
    pub async fn anew(&self, known: &Arc<KeySet>) -> Result<Arc<KeySet>, String> {
        self.ask(|| self.are(known)).await
    }

    /// Reads them again if it is time.
    pub async fn refresh(&self) {
        let due = || self.silence() >= FRESH || self.current().is_none();
        let lately = self.asked.try_lock().map_or(true, |asked| asked.is_some_and(|at| at.elapsed() < RETRY));
        if due() && !lately {
            // Why not is in the log.
            let _ = self.ask(due).await;
        }
    }

    /// How long ago they were read, or since when they have been wanted.
    pub fn silence(&self) -> Duration {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map_or(self.begin, |known| known.read).elapsed()
    }

    fn current(&self) -> Option<Arc<KeySet>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| known.read.elapsed() < OLD).map(|known| known.keys.clone())
    }

    /// Asks for the keys if they are `wanted` still when it is our turn, and it was not done a moment ago.
    async fn ask(&self, wanted: impl Fn() -> bool) -> Result<Arc<KeySet>, String> {
        let mut asked = self.asked.lock().await;
        let mut trouble = "it did not answer a moment ago".to_owned();
        if wanted() && asked.is_none_or(|at| at.elapsed() >= PAUSE) {
            let told = self.fetch().await;
            *asked = Some(Instant::now());
            match told {
                Ok(told) => return self.take(told),
                Err(why) => {
                    tracing::warn!(issuer = self.name, error = why, "its keys cannot be read");
                    trouble = why;
                }
            }
        }
        self.current().ok_or(trouble)
    }

    /// Takes what was told. The same as before leaves the keys, and what was checked with them, as they are.
    fn take(&self, told: Vec<Jwk>) -> Result<Arc<KeySet>, String> {
        let keys = match self.current() {
            Some(keys) if keys.told == told => keys,
            _ => Arc::new(KeySet::new(told)),
        };
        let known = Known { keys: keys.clone(), read: Instant::now() };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(keys)
    }

    /// What the issuer publishes; at least one key with which tokens may be signed.
    pub async fn fetch(&self) -> Result<Vec<Jwk>, String> {
        let url = match self.keys_url.is_empty() {
            true => self.find().await?,
            false => self.keys_url.clone(),
        };
        let published: Published = self.get(&url).await?;
        // Keys of kinds that are not known here are for others.
        let told = published.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let told: Vec<Jwk> = told.filter(|key| Key::new(key).is_some()).take(KEYS_MAX).collect();
        if told.is_empty() {
            return Err(format!("{url} has no key that signs (RSA of 2048 bits or more, P-256, P-384 or Ed25519)"));
        }
        Ok(told)
    }

    /// Where the issuer says that its keys are.
    async fn find(&self) -> Result<String, String> {
        let url = format!("{}/.well-known/openid-configuration", self.url.trim_end_matches('/'));
        let told: Configuration = self.get(&url).await?;
        if told.issuer != self.url {
            return Err(format!("{url} is of the issuer {:?}, not of {:?}", told.issuer, self.url));
        }
        file::check_url(&told.jwks_uri).map_err(|why| format!("{url}: jwks_uri {why}"))?;
        Ok(told.jwks_uri)
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, String> {
        let request = self.client.request(Method::GET, url).map_err(|refused| refused.to_string())?;
        let response = request.send().await.map_err(|cause| format!("{url} cannot be reached: {}", whole(&cause)))?;
        if !response.status().is_success() {
            return Err(format!("{url} answers {}", response.status()));
        }
        let body = egress::read(response, ANSWER_MAX).await.map_err(|refused| format!("{url}: {refused}"))?;
        serde_json::from_slice(&body).map_err(|cause| format!("{url} is not what it should be: {cause}"))
    }
}

impl KeySet {
    fn new(told: Vec<Jwk>) -> KeySet {
        KeySet { keys: told.iter().filter_map(Key::new).collect(), told }
    }

    /// Whether there is a key of this name. Tokens that name none may be of any.
    pub fn names(&self, id: Option<&str>) -> bool {
        id.is_some() && self.keys.iter().any(|key| key.id.as_deref() == id)
    }

    /// The keys with which a token may be signed that begins so.
    pub fn of<'a>(&'a self, header: &'a Header) -> impl Iterator<Item = &'a Key> {
        let named = move |key: &Key| header.kid.is_none() || key.id.is_none() || key.id == header.kid;
        self.keys.iter().filter(move |key| named(key) && key.ways.contains(&header.alg))
    }
}

impl Key {
    /// A key that signs; none if it is of another kind, or too weak.
    fn new(told: &Jwk) -> Option<Key> {
        let signs = told.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
        let ways = ways(told);
        if !signs || ways.is_empty() {
            return None;
        }
        let key = DecodingKey::from_jwk(told).ok()?;
        let strong = match key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, .. } => n.iter().skip_while(|byte| **byte == 0).count() >= RSA_MIN,
            DecodingKeyKind::SecretOrDer(_) => true,
        };
        strong.then(|| Key { key, ways, id: told.common.key_id.clone() })
    }
}

/// In which ways a key may sign: those of its kind, or the one that its issuer says. Secrets have none.
fn ways(told: &Jwk) -> Vec<Algorithm> {
    use jsonwebtoken::Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let mut ways = match &told.algorithm {
        AlgorithmParameters::RSA(_) => vec![RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => vec![ES256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => vec![ES384],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => vec![EdDSA],
        _ => Vec::new(),
    };
    if let Some(told) = told.common.key_algorithm {
        ways.retain(|way| told.to_string() == format!("{way:?}"));
    }
    ways
}

/// An error with all that it is because of.
fn whole(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::Validation;
    use serde_json::json;

    use super::*;

    /// The key and the token of RFC 7515, A.2.
    const MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn told(key: Value) -> Jwk {
        serde_json::from_value(key).expect("a key")
    }

    #[test]
    fn a_token_of_an_rsa_key_is_verified() {
        let keys = KeySet::new(vec![told(json!({"kty": "RSA", "n": MODULUS, "e": "AQAB"}))]);
        let header = jsonwebtoken::decode_header(TOKEN).expect("a head");
        let key = keys.of(&header).next().expect("its key");
        let mut validation = Validation::new_for_family(key.key.family());
        (validation.validate_exp, validation.validate_aud) = (false, false);
        jsonwebtoken::decode::<Value>(TOKEN, &key.key, &validation).expect("the published token");
        let touched = TOKEN.replace("eyJpc3MiOiJqb2Ui", "eyJpc3MiOiJKb2Ui");
        jsonwebtoken::decode::<Value>(touched, &key.key, &validation).expect_err("another token");
    }

    #[test]
    fn a_key_is_taken_only_for_what_it_is() {
        let rsa = |more: Value| {
            let mut key = json!({"kty": "RSA", "n": MODULUS, "e": "AQAB", "kid": "a"});
            key.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            told(key)
        };
        let header = |algorithm, kid: Option<&str>| Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
        use jsonwebtoken::Algorithm::{ES256, HS256, PS256, RS256};
        let keys = KeySet::new(vec![rsa(json!({}))]);
        for (head, fits) in [
            (header(RS256, Some("a")), true),
            (header(PS256, None), true),
            (header(RS256, Some("b")), false),
            (header(ES256, Some("a")), false),
            (header(HS256, Some("a")), false),
        ] {
            assert_eq!(keys.of(&head).count() == 1, fits, "{head:?}");
        }
        let one_way = KeySet::new(vec![rsa(json!({"alg": "RS256"}))]);
        assert_eq!(one_way.of(&header(PS256, Some("a"))).count(), 0);
        let weak = json!({"n": &MODULUS[..170]});
        for none in [json!({"use": "enc"}), json!({"alg": "RSA-OAEP"}), weak] {
            assert!(Key::new(&rsa(none.clone())).is_none(), "{none}");
        }
        let x = &MODULUS[..43];
        for none in [
            json!({"kty": "oct", "k": "AAAA"}),
            json!({"kty": "EC", "crv": "P-521", "x": x, "y": x}),
            json!({"kty": "EC", "crv": "P-256", "alg": "ES384", "x": x, "y": x}),
            json!({"kty": "OKP", "crv": "X25519", "x": x}),
        ] {
            assert!(serde_json::from_value(none.clone()).ok().as_ref().and_then(Key::new).is_none(), "{none}");
        }
    }
}
