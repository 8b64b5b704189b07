//! The platform under test: two processes of each role, a database cluster, and a balancer before each service.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::balance::Balancer;
use crate::bed::{Bed, PLACES, told};
use crate::postgres::Cluster;
use crate::role::Role;

pub const SERVICES: [&str; 4] = ["registry", "investment", "events", "notification"];
pub const ROLES: [&str; 5] = ["gateway", "registry", "investment", "events", "notification"];
pub const REPLICAS: usize = 2;

/// Requests at work at once in one service: few enough that an overload by some hundreds of clients meets the bound.
const CONCURRENCY_MAX: usize = 40;

/// How the others find the replicas of a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peers {
    /// Through a balancer of this suite's.
    Balancer,
    /// By a list of their addresses, separated by commas.
    List,
}

pub struct Platform {
    pub bed: Arc<Bed>,
    pub config_file: PathBuf,
    pub gateways: Vec<SocketAddr>,
    pub peers: Peers,
    pub balancers: Vec<Balancer>,
    roles: Mutex<Vec<Role>>,
    cluster: Mutex<Cluster>,
    clock: PathBuf,
    tokens: Mutex<HashMap<String, String>>,
}

impl Platform {
    pub async fn start(bed: Arc<Bed>, peers: Peers) -> Result<Platform, String> {
        let cluster = Cluster::start(&bed, &SERVICES)?;
        let roles: Vec<Role> = ROLES
            .iter()
            .flat_map(|name| (0..REPLICAS).map(move |replica| (*name, replica)))
            .map(|(name, replica)| Role::new(&bed, name, replica, bed.address(name, 7100 + replica as u16)))
            .collect();
        let at =
            |name: &str| roles.iter().filter(|role| role.name == name).map(|role| role.address).collect::<Vec<_>>();
        let gateways = at("gateway");
        let (mut balancers, mut urls) = (Vec::new(), Vec::new());
        for service in SERVICES {
            let balancer = Balancer::start(bed.here(), &at(service)).await;
            urls.push(match peers {
                Peers::Balancer => format!("http://{}", balancer.address),
                Peers::List => at(service).iter().map(|a| format!("http://{a}")).collect::<Vec<_>>().join(","),
            });
            balancers.push(balancer);
        }
        let (clock, config_file) = (bed.folder.join("clock-offset"), bed.folder.join("ngkt.toml"));
        let text = settings(&bed, &cluster, &urls, &clock);
        std::fs::write(&config_file, text).map_err(|e| e.to_string())?;
        let platform = Platform {
            roles: Mutex::new(roles),
            cluster: Mutex::new(cluster),
            bed,
            config_file,
            tokens: Mutex::default(),
            gateways,
            peers,
            balancers,
            clock,
        };
        platform.set_clock(0);
        platform.roles().iter_mut().for_each(|role| role.begin(&platform.bed, &platform.config_file));
        platform.until_ready(Duration::from_secs(120)).await?;
        Ok(platform)
    }

    pub fn roles(&self) -> MutexGuard<'_, Vec<Role>> {
        self.roles.lock().expect("no holder panics")
    }

    pub fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().expect("no holder panics")
    }

    /// Does something to the processes of a role, or to one of them.
    pub fn with(&self, name: &str, replica: Option<usize>, mut what: impl FnMut(&mut Role)) {
        let mut roles = self.roles();
        let wanted = |role: &&mut Role| role.name == name && replica.is_none_or(|replica| replica == role.replica);
        roles.iter_mut().filter(wanted).for_each(&mut what);
    }

    pub fn begin(&self, name: &str, replica: Option<usize>) {
        self.with(name, replica, |role| role.begin(&self.bed, &self.config_file));
    }

    /// Asks one process to stop, and starts it again. Complains if it did not end in good order.
    pub async fn roll(&self, name: &'static str, replica: usize) -> Result<(), String> {
        let mut taken = {
            let mut roles = self.roles();
            let place = roles.iter().position(|role| role.name == name && role.replica == replica);
            roles.remove(place.ok_or("no such role")?)
        };
        let ended = taken.terminate(Duration::from_secs(20)).await;
        taken.begin(&self.bed, &self.config_file);
        self.roles().push(taken);
        match ended {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("{name} {replica} ended with {status}")),
            None => Err(format!("{name} {replica} did not stop within 20 s of SIGTERM")),
        }
    }

    /// Starts again whatever is not running, as a supervisor would; gives what that was.
    pub fn revive(&self) -> Vec<String> {
        let mut revived = Vec::new();
        for role in self.roles().iter_mut().filter_map(|role| (!role.is_running()).then_some(role)) {
            revived.push(format!("{} {}", role.name, role.replica));
            role.begin(&self.bed, &self.config_file);
        }
        revived
    }

    /// Renames a key that signs, so that the next process that starts makes a new one.
    pub fn retire_key(&self, name: &str, round: usize) -> Result<(), String> {
        let keys = self.bed.folder.join("data/keys");
        let renamed = std::fs::rename(keys.join(format!("{name}.key")), keys.join(format!("{name}-{round}.key")));
        renamed.map_err(|cause| format!("{name}.key is not renamed: {cause}"))
    }

    /// Puts the clocks of all processes ahead of the real time, or behind it.
    pub fn set_clock(&self, seconds: i64) {
        let next = self.clock.with_extension("next");
        std::fs::write(&next, seconds.to_string()).expect("the folder of the run can be written");
        std::fs::rename(&next, &self.clock).expect("the folder of the run can be written");
    }

    /// Waits until both gateways say that everything is ready.
    pub async fn until_ready(&self, time: Duration) -> Result<(), String> {
        let begin = Instant::now();
        let client = crate::actor::plain_client();
        let mut said = String::from("nothing");
        while begin.elapsed() < time {
            let mut ready = 0;
            for gateway in &self.gateways {
                if let Ok(answer) = client.get(format!("http://{gateway}/readyz")).send().await {
                    ready += usize::from(answer.status() == 200);
                    said = answer.text().await.unwrap_or_default();
                }
            }
            if ready == self.gateways.len() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("not ready within {time:?}: {said}"))
    }

    /// A bearer token of somebody of this organization.
    pub fn token(&self, organization: &str, role: &str) -> String {
        let mut tokens = self.tokens.lock().expect("no holder panics");
        let issue =
            || token(&self.bed.binary, &self.config_file, organization, role).expect("the platform issues tokens");
        tokens.entry(format!("{organization} {role}")).or_insert_with(issue).clone()
    }

    /// What `ngkt audit verify` says.
    pub fn verify(&self) -> Result<String, String> {
        let config = self.config_file.display().to_string();
        told(&self.bed.binary, &["audit", "verify", "--config", &config])
    }
}

/// A bearer token of the platform with these settings.
pub fn token(binary: &str, config: &Path, organization: &str, role: &str) -> Result<String, String> {
    let config = config.display().to_string();
    let who = ["--organization", organization, "--role", role, "--hours", "8784"];
    told(binary, &[&["token", "--config", &config][..], &who].concat()).map(|token| token.trim().to_owned())
}

fn settings(bed: &Bed, cluster: &Cluster, urls: &[String], clock: &Path) -> String {
    debug_assert!(ROLES.iter().all(|role| PLACES.contains(role)));
    let mut text = format!(
        "data_dir = {:?}\nlog.level = \"warn\"\nclock.offset_file = {:?}\nnotification.webhook.allow_networks = [{:?}]\n\
         limits.concurrency_max = {CONCURRENCY_MAX}\n",
        bed.folder.join("data").display().to_string(),
        clock.display().to_string(),
        bed.network(),
    );
    for (service, url) in SERVICES.iter().zip(urls) {
        text.push_str(&format!("{service}.url = {url:?}\n"));
        text.push_str(&format!("{service}.database.url = {:?}\n", cluster.url(service)));
        text.push_str(&format!("{service}.database.connections_max = 12\n"));
    }
    text
}

/// The pages of a list, by way of `get`, to their end.
pub fn items(page: &Value, field: &str) -> Vec<Value> {
    page[field].as_array().cloned().unwrap_or_default()
}
