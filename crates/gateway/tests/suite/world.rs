//! A platform of a gateway and a registry, in one process or in two.

use std::net::SocketAddr;
use std::time::Duration;

use chassis::{Caller, Clock, Config, Host, Role, server};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::registry;

pub struct World {
    pub address: SocketAddr,
    pub host: Host,
    http: reqwest::Client,
    _registry: Host,
    _folder: TempDir,
}

/// An answer, read.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The fields that a problem names.
    pub fn fields(&self) -> Vec<String> {
        let violations = self.json()["violations"].as_array().cloned().unwrap_or_default();
        violations.iter().map(|violation| violation["field"].as_str().unwrap().to_owned()).collect()
    }
}

impl World {
    pub async fn start() -> World {
        World::start_with(|_| {}).await
    }

    pub async fn start_with(settings: impl Fn(&mut Config)) -> World {
        World::new(settings, false).await
    }

    /// The registry in a process of its own, so to speak.
    pub async fn start_apart() -> World {
        World::new(|_| {}, true).await
    }

    async fn new(settings: impl Fn(&mut Config), apart: bool) -> World {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: folder.path().into(), ..Config::default() };
        config.limits.shutdown_seconds = 2;
        settings(&mut config);
        let owner = Host::with_clock(config.clone(), Clock::manual()).unwrap();
        let stack = server::stack(registry::routes(), &owner, &["registry"]);
        let host = match apart {
            false => owner.clone(),
            true => {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                config.registry.url = format!("http://{}", listener.local_addr().unwrap());
                let (served, at) = (owner.clone(), stack.clone());
                owner.spawn("registry", async move { server::serve(&served, listener, at).await });
                Host::with_clock(config, Clock::manual()).unwrap()
            }
        };
        if !apart {
            host.peers.register("registry", stack);
        }
        for silent in ["investment", "events", "notification"] {
            host.peers.register(silent, server::stack(tonic::service::Routes::default(), &host, &[silent]));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        host.spawn("gateway", gateway::serve(host.clone(), listener));
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        World { address, host, http, _registry: owner, _folder: folder }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A token of an officer of the ministry.
    pub fn token(&self) -> String {
        self.token_of("agencies/g08", Role::MinistryOfficer)
    }

    pub fn token_of(&self, organization: &str, role: Role) -> String {
        let caller =
            Caller { subject: "lan".into(), organization: organization.into(), roles: vec![role], ..Caller::default() };
        self.host.identity.issuer.issue(&caller, 1).unwrap()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends JSON as an officer of the ministry.
    pub async fn write(&self, method: Method, path: &str, json: &str) -> Answer {
        self.send(self.request(method, path).bearer_auth(self.token()).body(json.to_owned())).await
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.timeout(Duration::from_secs(10)).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }
}
