//! Systems of provinces that are told of changes by webhook.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::actor::Actor;

/// One system, and what it was told.
pub struct Sink {
    pub owner: Actor,
    told: Arc<Mutex<Vec<Told>>>,
}

#[derive(Clone, Debug)]
pub struct Told {
    /// By which the receiver tells repetitions.
    pub id: String,
    pub resource: String,
    pub version: i64,
}

impl Sink {
    /// Listens, registers its address, and subscribes to the engagements that concern its owner, also for the inbox.
    pub async fn start(host: IpAddr, owner: Actor) -> Sink {
        let told = Arc::new(Mutex::new(Vec::new()));
        let routes = axum::Router::new().fallback(take).with_state(told.clone());
        let listener = tokio::net::TcpListener::bind((host, 0)).await.expect("a free port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("a bound socket"));
        tokio::spawn(async move { axum::serve(listener, routes).await.expect("a sink listens") });
        let endpoint = owner.insist_on(Method::POST, "/v1/endpoints", Some(&json!({"url": url}))).await;
        let wanted = json!({"endpoint": endpoint["name"], "inbox": true, "changeTypes": ["engagement.*"]});
        owner.insist_on(Method::POST, "/v1/subscriptions", Some(&wanted)).await;
        Sink { owner, told }
    }

    pub fn told(&self) -> Vec<Told> {
        self.told.lock().expect("no holder panics").clone()
    }
}

async fn take(State(told): State<Arc<Mutex<Vec<Told>>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let resource = body["subject"].as_str().unwrap_or_default().to_owned();
    let version = body["resourceversion"].as_i64().unwrap_or(-1);
    told.lock().expect("no holder panics").push(Told { id, resource, version });
    StatusCode::OK
}
