//! Somebody who calls the platform: over REST, and over gRPC with generated or dynamic messages.

use std::net::SocketAddr;
use std::sync::LazyLock;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use super::answer::Answer;

/// A connection for generated clients that sends the actor's token along.
pub type Wire = InterceptedService<Channel, Bearer>;

/// A caller with the token that says who it is.
#[derive(Clone)]
pub struct Actor {
    address: SocketAddr,
    /// The body that the actor acts for.
    pub organization: String,
    /// The name under which the actor stands in the change log.
    pub subject: String,
    token: Option<String>,
}

static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(8).build().expect("a client is built")
});

impl Actor {
    pub fn anonymous(address: SocketAddr) -> Actor {
        Actor { address, organization: String::new(), subject: String::new(), token: None }
    }

    pub fn bearing(address: SocketAddr, organization: &str, subject: String, token: String) -> Actor {
        Actor { address, organization: organization.to_owned(), subject, token: Some(token) }
    }

    /// The bearer token.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// As `get`, and None while nobody listens.
    pub async fn try_get(&self, path: &str) -> Option<Answer> {
        let response = self.request(Method::GET, path).send().await.ok()?;
        Answer::read(format!("GET {path}"), response).await.ok()
    }

    /// As `post`, and None if the connection broke before an answer.
    pub async fn try_post(&self, path: &str, key: &str, body: Value) -> Option<Answer> {
        let response = self.request(Method::POST, path).header("idempotency-key", key).json(&body).send().await.ok()?;
        Answer::read(format!("POST {path}"), response).await.ok()
    }

    /// A request to finish by hand; the path may carry a query.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = HTTP.request(method, format!("http://{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().expect("a well-formed request");
        let asked = format!("{} {} as {}", request.method(), request.url().path(), self.subject);
        let response = HTTP.execute(request).await.unwrap_or_else(|e| panic!("{asked}: {e:?}"));
        Answer::read(asked.clone(), response).await.unwrap_or_else(|e| panic!("{asked}: {e:?}"))
    }

    /// All records of a collection that the actor sees; `query` narrows, such as `asOf=2025-06-30`.
    pub async fn all(&self, collection: &str, query: &str) -> Vec<Value> {
        let mut records = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = self.get(&format!("/v1/{collection}?pageSize=1000&pageToken={page_token}&{query}")).await.ok();
            let field = collection.rsplit('/').next().expect("invariant: a split has a last part");
            records.extend(page[field].as_array().unwrap_or_else(|| panic!("no {field}: {page}")).iter().cloned());
            match page["nextPageToken"].as_str() {
                Some(next) if !next.is_empty() => page_token = next.to_owned(),
                _ => return records,
            }
        }
    }

    /// A connection for a generated client: `CountryServiceClient::new(actor.wire())`.
    pub fn wire(&self) -> Wire {
        let endpoint =
            Endpoint::from_shared(format!("http://{}", self.address)).expect("invariant: an address is a URL");
        let bearer =
            self.token.as_ref().map(|token| format!("Bearer {token}").parse().expect("invariant: a token is ASCII"));
        InterceptedService::new(endpoint.connect_lazy(), Bearer(bearer))
    }
}

/// Puts the token into each request.
#[derive(Clone)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        Ok(request)
    }
}
