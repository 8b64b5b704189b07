//! A ministry's own issuer of tokens: publishes its keys on a real socket as OpenID Connect says, and signs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::get;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::KeyPair;
use serde_json::{Value, json};

use super::World;
use super::actor::Actor;

/// What its tokens are meant for.
pub const AUDIENCE: &str = "ngkt-of-the-tests";

/// What stands before the secret of an Ed25519 key in PKCS #8.
const ED25519_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Listens on a port of its own until dropped.
pub struct Issuer {
    address: SocketAddr,
    inner: Arc<Inner>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Inner {
    url: Mutex<String>,
    published: Mutex<Vec<Value>>,
    /// What it calls itself, if that is not its url.
    called: Mutex<Option<String>>,
    asked: AtomicU32,
}

/// A key with which it signs.
pub struct Key {
    private: EncodingKey,
    algorithm: Algorithm,
    id: String,
}

impl Key {
    /// On the curve P-256.
    pub fn es256(id: &str) -> Key {
        let pair = KeyPair::generate().expect("a key is made");
        Key { private: EncodingKey::from_ec_der(&pair.serialize_der()), algorithm: Algorithm::ES256, id: id.into() }
    }

    pub fn ed25519(id: &str) -> Key {
        let private = EncodingKey::from_ed_der(&[&ED25519_HEAD[..], &rand::random::<[u8; 32]>()].concat());
        Key { private, algorithm: Algorithm::EdDSA, id: id.into() }
    }

    /// As it is published.
    pub fn public(&self) -> Value {
        let mut key = Jwk::from_encoding_key(&self.private, self.algorithm).expect("a key has a public half");
        key.common.key_id = Some(self.id.clone());
        serde_json::to_value(key).expect("a key is JSON")
    }

    /// The head of a token of this key.
    pub fn head(&self) -> Header {
        Header { kid: Some(self.id.clone()), ..Header::new(self.algorithm) }
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(&self.head(), claims)
    }

    pub fn sign_as(&self, head: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(head, claims, &self.private).expect("a token is signed")
    }
}

impl Issuer {
    pub async fn start() -> Issuer {
        Issuer::start_at("127.0.0.1:0").await
    }

    async fn start_at(address: &str) -> Issuer {
        let inner = Arc::new(Inner::default());
        let routes = axum::Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/keys", get(keys))
            .with_state(inner.clone());
        let listener = tokio::net::TcpListener::bind(address).await.expect("the port is free");
        let address = listener.local_addr().expect("a bound socket");
        *inner.url.lock().expect("no holder panics") = format!("http://{address}");
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.expect("the issuer runs") });
        Issuer { address, inner, server }
    }

    pub fn url(&self) -> String {
        self.inner.url.lock().expect("no holder panics").clone()
    }

    /// From now on these are its keys.
    pub fn publish(&self, keys: &[Value]) {
        *self.inner.published.lock().expect("no holder panics") = keys.to_vec();
    }

    /// From now on it says that it is another.
    pub fn call_itself(&self, url: &str) {
        *self.inner.called.lock().expect("no holder panics") = Some(url.to_owned());
    }

    /// How often its keys were read.
    pub fn asked(&self) -> u32 {
        self.inner.asked.load(Ordering::SeqCst)
    }

    /// What a good token of it says.
    pub fn claims(&self, subject: &str) -> Value {
        let now = chrono::Utc::now().timestamp();
        json!({
            "iss": self.url(), "aud": ["account", AUDIENCE], "sub": subject, "iat": now, "exp": now + 3600,
            "realm_access": {"roles": ["can-bo", "offline_access"]}, "organization": "IN",
        })
    }

    /// Tells a platform of it, under this name; its officers are of the embassy in India.
    pub fn add_to(&self, world: &World, name: &str) {
        let dir = world.running().config().issuer_dir();
        std::fs::create_dir_all(&dir).expect("the world's folder can be written");
        let text = format!(
            "url = \"{}\"\naudience = \"{AUDIENCE}\"\nnetworks = [\"127.0.0.0/8\"]\nroles_claim = \"realm_access.roles\"\n\
             organization_claim = \"organization\"\n[roles]\ncan-bo = \"mission-officer\"\n\
             [organizations]\nIN = \"missions/vn-in-emb\"\n",
            self.url()
        );
        put(&dir.join(format!("{name}.toml")), &text);
    }

    /// Answers nothing until `up`.
    pub async fn down(&mut self) {
        self.server.abort();
        let _ = (&mut self.server).await;
    }

    /// Answers again, with the keys of before.
    pub async fn up(&mut self) {
        let keys = self.inner.published.lock().expect("no holder panics").clone();
        let again = Issuer::start_at(&self.address.to_string()).await;
        again.publish(&keys);
        *self = again;
    }
}

/// Whole, so that nobody reads half of it.
pub fn put(file: &Path, text: &str) {
    let draft = file.with_extension("draft");
    std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, file)).expect("the folder can be written");
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Whoever bears `token`.
pub fn bearer(world: &World, token: String) -> Actor {
    Actor::bearing(world.address(), "missions/vn-in-emb", "a bearer".into(), token)
}

async fn configuration(State(inner): State<Arc<Inner>>) -> String {
    let url = inner.url.lock().expect("no holder panics").clone();
    let called = inner.called.lock().expect("no holder panics").clone();
    json!({"issuer": called.unwrap_or(url.clone()), "jwks_uri": format!("{url}/keys")}).to_string()
}

async fn keys(State(inner): State<Arc<Inner>>) -> String {
    inner.asked.fetch_add(1, Ordering::SeqCst);
    let keys = inner.published.lock().expect("no holder panics").clone();
    json!({"keys": keys}).to_string()
}
