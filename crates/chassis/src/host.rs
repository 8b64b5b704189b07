//! One running process: what it was told, what it has, and the tasks that end with it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use uuid::Uuid;

use crate::caller::Caller;
use crate::channel::Peers;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Result;
use crate::health::Health;
use crate::identity::Identity;
use crate::tls::Tls;

/// What every part of one process shares. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    /// The settings.
    pub config: Arc<Config>,
    /// The time.
    pub clock: Clock,
    /// Keys and tokens.
    pub identity: Identity,
    /// The certificates that it shows.
    pub tls: Tls,
    /// The services that can be called.
    pub peers: Peers,
    /// Cancelled when the process is to stop: take on nothing new, finish what is at work.
    pub shutdown: CancellationToken,
    /// Cancelled when no request is at work any more: what requests depend on may end now, not before.
    pub drained: CancellationToken,
    /// This run of this process, for leases.
    pub instance: Uuid,
    health: Health,
    servers: TaskTracker,
    tasks: TaskTracker,
    cut_off: CancellationToken,
}

impl Host {
    /// Prepares a process: installs the TLS provider, reads the certificates and opens (or creates) the signing keys. Serves nothing yet.
    /// Must be called within a tokio runtime.
    pub fn new(config: Config) -> Result<Host> {
        let clock = Clock::of(&config.clock);
        Host::with_clock(config, clock)
    }

    /// The same with a clock of the caller's choice.
    pub fn with_clock(config: Config, clock: Clock) -> Result<Host> {
        crate::egress::install_tls();
        let identity = Identity::open(&config.key_dir(), &clock)?;
        let tls = Tls::open(&config)?;
        let config = Arc::new(config);
        let host = Host {
            peers: Peers::new(&config, identity.internal.clone(), tls.roles().cloned())?,
            tls,
            clock,
            identity,
            config,
            shutdown: CancellationToken::new(),
            drained: CancellationToken::new(),
            instance: Uuid::new_v4(),
            health: Health::new(),
            servers: TaskTracker::new(),
            tasks: TaskTracker::new(),
            cut_off: CancellationToken::new(),
        };
        host.spawn("health", host.health.clone().run(host.shutdown.clone()));
        host.spawn("replicas", host.peers.clone().keep(host.shutdown.clone()));
        host.spawn("certificates", host.tls.clone().keep(host.clock.clone(), host.shutdown.clone()));
        Ok(host)
    }

    /// What this process says about its health.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The service `name` of this platform as a caller, for work that nobody asked for.
    pub fn system(&self, name: &str) -> Arc<Caller> {
        Arc::new(Caller::system(name))
    }

    /// Runs `task` beside everything else. It should end soon after `shutdown` is cancelled; if it does not, it is cut
    /// off at the end of the bound. That it failed or panicked is logged under `name`; it is not started again.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = Result<()>> + Send + 'static) {
        let cut_off = self.cut_off.clone();
        let watched = async move {
            let ended = tokio::select! {
                ended = AssertUnwindSafe(task).catch_unwind() => ended,
                () = cut_off.cancelled() => {
                    tracing::warn!(task = name, "cut off: it did not end in time");
                    return;
                }
            };
            match ended {
                Ok(Ok(())) => tracing::debug!(task = name, "ended"),
                Ok(Err(error)) => {
                    tracing::error!(task = name, %error, cause = error.cause().map(tracing::field::display), "failed")
                }
                Err(panic) => tracing::error!(task = name, panic = crate::server::panic_text(&*panic), "panicked"),
            }
        };
        self.tasks.spawn(watched);
    }

    /// Counts a server as running until the token is dropped; the process drains when all of them are.
    pub fn serving(&self) -> TaskTrackerToken {
        self.servers.token()
    }

    /// Stops: tells health and `shutdown`, waits for the servers to drain and then for the tasks to end, all within the
    /// bound that is configured (and a second more for what is cut off).
    pub async fn stop(&self) {
        let end = Instant::now() + self.config.limits.shutdown() + std::time::Duration::from_secs(1);
        self.health.stopping().await;
        self.shutdown.cancel();
        self.servers.close();
        if tokio::time::timeout_at(end, self.servers.wait()).await.is_err() {
            tracing::warn!("stopped before all servers had drained");
        }
        self.drained.cancel();
        self.tasks.close();
        if tokio::time::timeout_at(end, self.tasks.wait()).await.is_err() {
            self.cut_off.cancel();
            self.tasks.wait().await;
        }
    }
}
