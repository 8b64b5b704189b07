//! A province's own system: takes webhooks on a real socket and checks their signatures as the Standard Webhooks
//! rules say, with code of its own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, Mac};
use serde_json::Value;

/// One message that arrived, whatever was answered.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: String,
    pub timestamp: i64,
    /// Whether one of the signatures is right for the receiver's secret.
    pub signed: bool,
    pub body: Value,
    /// What the receiver answered.
    pub answered: u16,
}

/// Listens on a port of its own until dropped.
pub struct Receiver {
    address: SocketAddr,
    inner: Arc<Inner>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Inner {
    secret: Mutex<String>,
    arrived: Mutex<Vec<Message>>,
    refusals: AtomicU32,
    /// What it answers to everything from now on, if that is not 200; 0 is never to answer.
    always: Mutex<Option<u16>>,
}

impl Receiver {
    pub async fn start() -> Receiver {
        let inner = Arc::new(Inner::default());
        let routes = axum::Router::new().fallback(take).with_state(inner.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.expect("the receiver runs") });
        Receiver { address, inner, server }
    }

    /// Where messages are to be sent.
    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// The secret, `whsec_` and base64, that the platform gave out for this endpoint.
    pub fn trust(&self, secret: &str) {
        *self.inner.secret.lock().expect("no holder panics") = secret.to_owned();
    }

    /// Answers 503 to the next messages.
    pub fn refuse_next(&self, number: u32) {
        self.inner.refusals.store(number, Ordering::SeqCst);
    }

    /// Answers so to everything from now on.
    pub fn answer(&self, status: u16) {
        *self.inner.always.lock().expect("no holder panics") = Some(status);
    }

    /// Takes connections and never answers.
    pub fn hang(&self) {
        self.answer(0);
    }

    /// Everything that arrived so far, in order, also what was refused and what came twice.
    pub fn arrived(&self) -> Vec<Message> {
        self.inner.arrived.lock().expect("no holder panics").clone()
    }

    /// Waits until something arrived and was taken that `wanted` is true for.
    pub async fn wait_for(&self, what: &str, wanted: impl Fn(&Message) -> bool) -> Message {
        for _ in 0..600 {
            if let Some(message) = self.arrived().into_iter().find(|m| m.answered == 200 && wanted(m)) {
                return message;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no message within 30 s: {what}; arrived: {:#?}", self.arrived());
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let refused = inner.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    let always = *inner.always.lock().expect("no holder panics");
    let status = match always {
        _ if refused => StatusCode::SERVICE_UNAVAILABLE,
        Some(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::REQUEST_TIMEOUT),
        None => StatusCode::OK,
    };
    let id = header("webhook-id");
    let timestamp = header("webhook-timestamp");
    let secret = inner.secret.lock().expect("no holder panics").clone();
    let signed = is_signed(&secret, &id, &timestamp, &body, &header("webhook-signature"));
    let message = Message {
        id,
        timestamp: timestamp.parse().unwrap_or_default(),
        signed,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        answered: status.as_u16(),
    };
    inner.arrived.lock().expect("no holder panics").push(message);
    if always == Some(0) {
        std::future::pending::<()>().await;
    }
    status
}

/// `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`; several signatures are separated by blanks.
fn is_signed(secret: &str, id: &str, timestamp: &str, body: &[u8], signatures: &str) -> bool {
    let Some(key) = secret.strip_prefix("whsec_").and_then(|s| BASE64_STANDARD.decode(s).ok()) else { return false };
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("invariant: HMAC takes keys of any length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    let wanted = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    signatures.split(' ').any(|signature| signature == wanted)
}

#[test]
fn the_published_example_is_signed() {
    // From the Standard Webhooks specification's reference implementations.
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let (id, timestamp, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
    assert!(is_signed(secret, id, timestamp, body, signature));
    assert!(!is_signed(secret, id, "1614265331", body, signature));
}
