//! Processes to call: one that serves a registry of three rpcs, and one that calls it, which may be the same.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::registry::v1::agency_service_client::AgencyServiceClient;
use api::registry::v1::change_service_client::ChangeServiceClient;
use api::registry::v1::{Agency, GetAgencyRequest};
use chassis::channel::CallAs;
use chassis::{Caller, Clock, Config, Error, Host, Role, server};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::registry;

/// A process that calls and a process that serves.
pub struct World {
    /// The process that calls.
    pub host: Host,
    /// The process that serves; the same one if it is called locally.
    pub server: Host,
    /// Where it listens, if it does.
    pub url: Option<String>,
    _folder: TempDir,
}

/// How a peer is reached.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    Local,
    Remote,
}

/// Both ways to reach a peer: what holds for one must hold for the other.
pub const WAYS: [Way; 2] = [Way::Local, Way::Remote];

impl World {
    pub async fn start(way: Way) -> World {
        World::start_with(way, |_| {}).await
    }

    pub async fn start_with(way: Way, settings: impl Fn(&mut Config)) -> World {
        let folder = tempfile::tempdir().unwrap();
        let server = host(folder.path(), &settings, None);
        let stack = server::stack(registry::routes(&server), &server, &["registry"]);
        server.peers.register("registry", stack.clone());
        match way {
            Way::Local => World { host: server.clone(), server, url: None, _folder: folder },
            Way::Remote => {
                let address = serve(&server, stack).await;
                let scheme = if server.config.tls.is_on() { "https" } else { "http" };
                let url = format!("{scheme}://{address}");
                let host = host(folder.path(), &settings, Some(url.clone()));
                World { host, server, url: Some(url), _folder: folder }
            }
        }
    }

    pub fn agencies(&self, caller: &Caller) -> AgencyServiceClient<CallAs> {
        AgencyServiceClient::new(self.host.peers.client_as("registry", Arc::new(caller.clone())))
    }

    pub fn changes(&self, caller: &Caller) -> ChangeServiceClient<CallAs> {
        ChangeServiceClient::new(self.host.peers.client_as("registry", Arc::new(caller.clone())))
    }

    /// Gets an agency, whose name says what shall happen.
    pub async fn get(&self, caller: &Caller, name: &str) -> Result<Agency, Error> {
        let request = GetAgencyRequest { name: format!("agencies/{name}") };
        Ok(self.agencies(caller).get_agency(request).await?.into_inner())
    }
}

/// Serves a registry on a port of its own.
pub async fn serve(server: &Host, stack: server::Stack) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = server.clone();
    server.spawn("server", async move { server::serve(&served, listener, stack).await });
    address
}

pub fn host(folder: &Path, settings: &impl Fn(&mut Config), url: Option<String>) -> Host {
    let mut config = Config { data_dir: folder.into(), ..Config::default() };
    config.registry.url = url.unwrap_or_default();
    config.limits.shutdown_seconds = 2;
    settings(&mut config);
    Host::with_clock(config, Clock::manual()).unwrap()
}

pub fn officer(role: Role) -> Caller {
    Caller {
        subject: "lan".into(),
        organization: "missions/vn-in-emb".into(),
        roles: vec![role],
        represented: String::new(),
    }
}

/// Waits until `holds`, a few seconds at most.
pub async fn eventually<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) -> bool {
    for _ in 0..200 {
        if holds().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
