//! Whether this process can do its work: probes that its parts register, told over `grpc.health.v1` and to the gateway.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use crate::error::{Error, Result};

/// How often the probes are asked for what is told over gRPC.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a probe may take before it counts as failed.
const PROBE_TIME: Duration = Duration::from_secs(2);

type Probe = Arc<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// The health of one process. Cheap to clone.
#[derive(Clone)]
pub struct Health(Arc<State>);

struct State {
    probes: Mutex<Vec<(String, Probe)>>,
    told: Mutex<Vec<Told>>,
    stopping: CancellationToken,
}

/// One server's health service: which gRPC services depend on which probes.
#[derive(Clone)]
struct Told {
    reporter: HealthReporter,
    /// The role and its gRPC services.
    services: Vec<(String, Vec<&'static str>)>,
}

/// What the probes said: for each, nothing or what is wrong.
pub type Report = BTreeMap<String, Result<(), String>>;

impl Health {
    pub(crate) fn new() -> Health {
        let (probes, told) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        Health(Arc::new(State { probes, told, stopping: CancellationToken::new() }))
    }

    /// Registers a probe: while it fails (or takes longer than two seconds), this process is not ready. A probe that is
    /// named after a role (`registry`) is also that role's health over gRPC.
    pub fn probe<F, W>(&self, name: impl Into<String>, probe: F)
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: Future<Output = Result<()>> + Send + 'static,
    {
        let probe: Probe = Arc::new(move || probe().boxed());
        lock(&self.0.probes).push((name.into(), probe));
    }

    /// Asks all probes, at the same time. While the process stops there is one more, `shutdown`, which fails.
    pub async fn report(&self) -> Report {
        let probes = lock(&self.0.probes).clone();
        let asked = probes.into_iter().map(|(name, probe)| async move {
            let answer = match tokio::time::timeout(PROBE_TIME, probe()).await {
                Ok(answer) => answer.map_err(|error| describe(&error)),
                Err(_) => Err("no answer in time".to_owned()),
            };
            (name, answer)
        });
        let mut report: Report = BTreeMap::new();
        for (name, answer) in join_all(asked).await {
            let entry = report.entry(name).or_insert(Ok(()));
            if entry.is_ok() {
                *entry = answer;
            }
        }
        if self.0.stopping.is_cancelled() {
            report.insert("shutdown".to_owned(), Err("this process is stopping".to_owned()));
        }
        report
    }

    /// The health service of a server of `roles`.
    pub(crate) fn server(&self, roles: &[&str]) -> HealthServer<HealthService> {
        let of_role = |role: &&str| {
            let mut services: Vec<&'static str> = api::contract()
                .methods()
                .filter(|method| method.role == *role)
                .map(|method| &*method.service)
                .collect();
            services.sort_unstable();
            services.dedup();
            (role.to_string(), services)
        };
        let told = Told { reporter: HealthReporter::new(), services: roles.iter().map(of_role).collect() };
        // Nobody has asked the probes yet. The reporter is new, so that nobody else holds it.
        let _ = told.reporter.set_service_status("", ServingStatus::NotServing).now_or_never();
        lock(&self.0.told).push(told.clone());
        HealthServer::new(HealthService::from_health_reporter(told.reporter))
    }

    /// Tells from now on that the process stops.
    pub(crate) async fn stopping(&self) {
        self.0.stopping.cancel();
        self.tell().await;
    }

    /// Keeps what is told over gRPC up to date.
    pub(crate) async fn run(self, shutdown: CancellationToken) -> Result<()> {
        while !shutdown.is_cancelled() {
            self.tell().await;
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = shutdown.cancelled() => {}
            }
        }
        Ok(())
    }

    async fn tell(&self) {
        let report = self.report().await;
        let stopping = self.0.stopping.is_cancelled();
        let told = lock(&self.0.told).clone();
        for told in told {
            told.tell(&report, stopping).await;
        }
    }
}

impl Told {
    async fn tell(&self, report: &Report, stopping: bool) {
        let mut all_well = !stopping;
        for (role, services) in &self.services {
            let well = !stopping && report.get(role).is_none_or(|answer| answer.is_ok());
            all_well &= well;
            for service in services {
                self.reporter.set_service_status(service, status(well)).await;
            }
        }
        self.reporter.set_service_status("", status(all_well)).await;
    }
}

fn status(well: bool) -> ServingStatus {
    if well { ServingStatus::Serving } else { ServingStatus::NotServing }
}

/// What is wrong, for operators: never the cause, which may name hosts and users.
fn describe(error: &Error) -> String {
    error.message()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
