//! Somebody who calls the platform over REST, and goes to the other gateway when one does not listen.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::platform::Platform;
use crate::record::End;

/// How long a client waits for an answer: longer than the platform's own bound of 10 seconds.
const PATIENCE: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Actor {
    http: reqwest::Client,
    gateways: Arc<Vec<SocketAddr>>,
    at: Arc<AtomicUsize>,
    token: Arc<str>,
    /// The body that the actor acts for.
    pub organization: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    pub end: End,
    pub body: Value,
    /// What went wrong, in a line.
    pub said: String,
}

/// A client for whoever asks one thing.
pub fn plain_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT).timeout(PATIENCE);
    builder.build().expect("a client is built")
}

impl Actor {
    /// With connections of its own. `number` says which gateway it prefers, and every other two speak HTTP/2.
    pub fn new(platform: &Platform, organization: &str, role: &str, number: usize) -> Actor {
        let mut builder = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT).timeout(PATIENCE);
        if number / 2 % 2 == 1 {
            builder = builder.http2_prior_knowledge();
        }
        Actor {
            http: builder.build().expect("a client is built"),
            gateways: Arc::new(platform.gateways.clone()),
            at: Arc::new(AtomicUsize::new(number)),
            token: platform.token(organization, role).into(),
            organization: organization.to_owned(),
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, None).await
    }

    pub async fn send(&self, method: Method, path: &str, key: Option<&str>, body: Option<&Value>) -> Reply {
        for _ in 0..self.gateways.len() {
            let request = self.request(method.clone(), path, key, body);
            match request.send().await {
                Err(error) if error.is_connect() => {
                    self.at.fetch_add(1, Relaxed);
                }
                Err(error) => return Reply::broken(&error),
                Ok(response) => return Reply::read(response).await,
            }
        }
        Reply { end: End::Refused, body: Value::Null, said: "nobody listens".to_owned() }
    }

    fn request(&self, method: Method, path: &str, key: Option<&str>, body: Option<&Value>) -> reqwest::RequestBuilder {
        let gateway = self.gateways[self.at.load(Relaxed) % self.gateways.len()];
        let mut request = self.http.request(method, format!("http://{gateway}{path}")).bearer_auth(&self.token);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// Opens a stream of server-sent events; it has no end of its own, and nor has the client's patience.
    pub async fn open(&self, path: &str) -> Result<reqwest::Response, String> {
        let request = self.request(Method::GET, path, None, None).timeout(Duration::from_secs(24 * 3600));
        match request.send().await {
            Ok(response) if response.status() == 200 => Ok(response),
            Ok(response) => {
                let status = response.status();
                Err(format!("{status}: {}", response.text().await.unwrap_or_default()))
            }
            Err(error) => {
                self.at.fetch_add(1, Relaxed);
                Err(chain(&error))
            }
        }
    }

    /// All records of a list, asked again while the platform is away; `path` has a query already.
    pub async fn all(&self, path: &str, field: &str) -> Vec<Value> {
        let (mut records, mut token) = (Vec::new(), String::new());
        loop {
            let page = self.insist(&format!("{path}&pageToken={token}")).await;
            records.extend(crate::platform::items(&page, field));
            match page["nextPageToken"].as_str() {
                Some(next) if !next.is_empty() => token = next.to_owned(),
                _ => return records,
            }
        }
    }

    /// Asks until there is an answer, a minute at most.
    pub async fn insist(&self, path: &str) -> Value {
        self.insist_on(Method::GET, path, None).await
    }

    /// The same for a write, under a key of its own.
    pub async fn insist_on(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let key = format!("insist-{}", NUMBER.fetch_add(1, Relaxed));
        let key = body.is_some().then_some(key.as_str());
        let mut said = String::new();
        for _ in 0..300 {
            let reply = self.send(method.clone(), path, key, body).await;
            if reply.end == End::Success {
                return reply.body;
            }
            assert_ne!(reply.end, End::Wrong, "{path}: {}", reply.said);
            said = reply.said;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("{path}: no answer within a minute: {said}");
    }
}

impl Reply {
    fn broken(error: &reqwest::Error) -> Reply {
        let end = if error.is_timeout() { End::Silence } else { End::Broken };
        Reply { end, body: Value::Null, said: chain(error) }
    }

    async fn read(response: reqwest::Response) -> Reply {
        let status = response.status().as_u16();
        let patient = response.headers().contains_key("retry-after");
        let bytes = match response.bytes().await {
            Ok(bytes) => bytes,
            Err(error) => return Reply::broken(&error),
        };
        let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let end = match status {
            200 => End::Success,
            429 if patient => End::TooMuch,
            503 if patient => End::Unavailable,
            504 => End::Deadline,
            400..500 => End::Wrong,
            _ => End::Fault,
        };
        let said =
            if end == End::Success { String::new() } else { format!("{status} {}", String::from_utf8_lossy(&bytes)) };
        Reply { end, body, said: said.chars().take(400).collect() }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
