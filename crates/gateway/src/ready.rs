//! `/healthz`: this process lives. `/readyz`: it and every service behind it can do their work.

use std::collections::BTreeMap;

use chassis::config::SERVICES;
use chassis::{Host, Peer};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::body::{Body, whole};

/// Tells how the platform is.
pub struct Readiness {
    host: Host,
}

impl Readiness {
    /// Of this host and its peers. Services elsewhere are asked; those in this process say it themselves.
    pub fn new(host: &Host) -> Readiness {
        for service in SERVICES {
            let peer: Peer = host.peers.get(service);
            host.health().probe(service, move || {
                let peer = peer.clone();
                async move { if peer.is_local() { Ok(()) } else { peer.ready().await } }
            });
        }
        Readiness { host: host.clone() }
    }

    /// This process answers, so it lives.
    pub fn alive(&self) -> Response<Body> {
        fresh(whole("application/json", "{\"status\":\"ALIVE\"}"))
    }

    /// Each service with its state; 503 unless all are ready.
    pub async fn answer(&self) -> Response<Body> {
        let mut parts: BTreeMap<String, Result<(), String>> =
            SERVICES.iter().map(|service| (service.to_string(), Ok(()))).collect();
        parts.extend(self.host.health().report().await);
        let ready = parts.values().all(Result::is_ok);
        let told: BTreeMap<String, Value> = parts
            .into_iter()
            .map(|(name, state)| match state {
                Ok(()) => (name, json!({"status": "SERVING"})),
                Err(why) => (name, json!({"status": "NOT_SERVING", "detail": why})),
            })
            .collect();
        let text = json!({"status": if ready { "READY" } else { "NOT_READY" }, "parts": told}).to_string();
        let mut response = fresh(whole("application/json", text));
        if !ready {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        response
    }
}

fn fresh(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
