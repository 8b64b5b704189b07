//! A running platform: all roles in one process, or one of them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chassis::config::Config;
use chassis::host::Host;
use chassis::server;
use chassis::telemetry::{self, Telemetry};
use store::{Service, Start, Store};

use crate::build::BUILD;
use crate::complaint::{Complaint, While};
use crate::door::Door;

/// The services that keep data, in the order in which they start.
pub(crate) const SERVICES: [&Service; 4] =
    [&registry::SERVICE, &investment::SERVICE, &events::SERVICE, &notification::SERVICE];

/// How long the door stays closed at most while something is not ready.
const READY_TIME: Duration = Duration::from_secs(30);

/// The role that keeps none.
const GATEWAY: &str = "gateway";

/// Everything that a process can be.
pub const ROLES: [&str; 5] = [SERVICES[0].name, SERVICES[1].name, SERVICES[2].name, SERVICES[3].name, GATEWAY];

/// Which roles a process takes.
#[derive(Debug, Clone)]
pub enum Roles {
    /// All of them.
    All,
    /// The one of this name, one of [`ROLES`].
    One(String),
}

impl Roles {
    fn include(&self, role: &str) -> bool {
        match self {
            Roles::All => true,
            Roles::One(name) => name == role,
        }
    }

    /// What the process is called in logs and traces.
    fn name(&self) -> &str {
        match self {
            Roles::All => "ngkt",
            Roles::One(name) => name,
        }
    }
}

/// A platform, or one role of it, that runs until it is shut down. Dropping it does not stop it.
pub struct Platform {
    host: Host,
    telemetry: Telemetry,
    address: SocketAddr,
    has_gateway: bool,
}

impl Platform {
    /// Starts the roles: takes the address, opens the databases and brings them up to date, loads the reference data,
    /// starts what runs in the background, and serves. Must be called within a tokio runtime. Fails if an address is in
    /// use, a database cannot be opened, or a service is needed that the settings do not say where to find.
    pub async fn start(config: Config, roles: Roles) -> Result<Platform, Complaint> {
        chassis::build::declare(BUILD);
        let telemetry = telemetry::init(&config, roles.name())?;
        let host = Host::new(config)?;
        match serve(&host, &roles).await {
            Ok(address) => Ok(Platform { host, telemetry, address, has_gateway: roles.include(GATEWAY) }),
            Err(complaint) => {
                host.stop().await;
                telemetry.stop().await;
                Err(complaint)
            }
        }
    }

    /// Where the gateway listens, if this process is one.
    pub fn gateway_address(&self) -> Option<SocketAddr> {
        self.has_gateway.then_some(self.address)
    }

    /// Takes on nothing new, finishes what is at work and ends, within the bound that is configured.
    pub async fn shutdown(self) {
        self.host.stop().await;
        self.telemetry.stop().await;
    }

    /// Waits for the signal to stop, and shuts down.
    pub(crate) async fn run_until_stopped(self) -> Result<(), Complaint> {
        chassis::shutdown::signal().await;
        tracing::info!("stopping: what is at work is finished first");
        self.shutdown().await;
        Ok(())
    }
}

/// Starts the services, then opens the door.
async fn serve(host: &Host, roles: &Roles) -> Result<SocketAddr, Complaint> {
    let config = &host.config;
    let listen = match roles {
        Roles::One(role) if role != GATEWAY => config.service(role).expect("invariant: a role is a service").listen,
        _ => config.gateway.listen,
    };
    // Taken before the databases are opened: an address in use should not be found out after the loading.
    let door = Door::take(listen, matches!(roles, Roles::All)).while_doing(|| format!("listening on {listen}"))?;
    let address = door.address()?;
    let mut last = None;
    for service in SERVICES.into_iter().filter(|service| roles.include(service.name)) {
        last = Some(start(host, service).await.while_doing(|| format!("starting {}", service.name))?);
    }
    host.peers.check()?;
    if matches!(roles, Roles::All) {
        until_ready(host).await;
    }
    let listener = door.open()?;
    let serving = host.clone();
    match last.filter(|_| !roles.include(GATEWAY)) {
        Some(stack) => host.spawn("server", async move { server::serve(&serving, listener, stack).await }),
        None => host.spawn("gateway", async move { gateway::serve(serving, listener).await }),
    }
    Ok(address)
}

/// Waits, a while, until everything in this process says that it is ready. Whoever calls meanwhile is not refused: the
/// socket takes the call, and the first answer has all the reference data behind it.
async fn until_ready(host: &Host) {
    let begin = Instant::now();
    loop {
        let missing: Vec<String> = host.health().report().await.into_values().filter_map(Result::err).collect();
        if missing.is_empty() {
            return;
        }
        if begin.elapsed() > READY_TIME {
            tracing::warn!(missing = missing.join("; "), "serving, though not everything is ready");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Opens the service's database, starts it, and makes it known to the others in this process.
async fn start(host: &Host, service: &'static Service) -> Result<server::Stack, Complaint> {
    let store = Store::open(host, service).await?;
    let routes = (service.start)(Start { host: host.clone(), store }).await?;
    let stack = server::stack(routes, host, &[service.name]);
    host.peers.register(service.name, stack.clone());
    Ok(stack)
}
