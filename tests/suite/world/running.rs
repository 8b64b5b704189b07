//! The processes of a world: one for everything, or one for each role.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::clock::Clock;
use super::{Backend, keeper, postgres, template};

/// The roles that keep data.
pub const SERVICES: [&str; 4] = ["registry", "investment", "events", "notification"];

/// The settings of their databases.
const DATABASE_KEYS: [(&str, &str); 4] = [
    ("registry.database.url", "registry.database.connections_max"),
    ("investment.database.url", "investment.database.connections_max"),
    ("events.database.url", "events.database.connections_max"),
    ("notification.database.url", "notification.database.connections_max"),
];

/// A platform that runs.
pub struct Running {
    folder: PathBuf,
    config_text: String,
    config: ngkt::Config,
    address: SocketAddr,
    /// Databases that go away with it.
    databases: Vec<String>,
    processes: Mutex<Processes>,
}

enum Processes {
    Together(Option<ngkt::Platform>),
    Apart(Vec<Role>),
}

struct Role {
    name: &'static str,
    child: Option<Child>,
}

impl Running {
    /// Starts everything on ports of its own, on a copy of the reference data.
    pub async fn start(backend: Backend, folder: PathBuf, clock: &Clock, others: &[(&'static str, String)]) -> Running {
        let template = template::of(backend).await;
        template.lay_into(&folder);
        let databases = if backend.is_postgres() { names() } else { Vec::new() };
        let urls =
            SERVICES.iter().zip(&databases).map(|(service, name)| template.database_for(service, name)).collect();
        let mut running = Running::begin(backend, folder, clock, urls, others).await;
        running.databases = databases;
        running
    }

    /// The same on the databases of these URLs, or on the files in the folder if there are none.
    pub async fn begin(
        backend: Backend,
        folder: PathBuf,
        clock: &Clock,
        urls: Vec<String>,
        others: &[(&'static str, String)],
    ) -> Running {
        let mut settings = vec![
            ("data_dir", folder.display().to_string()),
            ("log.level", "warn".to_owned()),
            ("clock.offset_file", clock.file().display().to_string()),
            ("limits.drain_seconds", "0".to_owned()),
            ("notification.webhook.allow_networks", "127.0.0.0/8".to_owned()),
            ("audit.checkpoint_file", folder.join("checkpoints").display().to_string()),
        ];
        for ((url_key, connections_key), url) in DATABASE_KEYS.into_iter().zip(urls) {
            settings.extend([(url_key, url), (connections_key, "6".to_owned())]);
        }
        settings.retain(|(key, _)| others.iter().all(|(other, _)| other != key));
        settings.extend_from_slice(others);
        settings.push(("gateway.listen", "127.0.0.1:0".to_owned()));
        let config = ngkt::Config::load(None, &settings).expect("the settings of a world are right");
        settings.pop();
        let config_text: String =
            settings.iter().map(|(key, value)| format!("{key} = {}\n", toml_value(key, value))).collect();
        if backend.is_split() {
            let with_tls = backend == Backend::SplitTls;
            return Running::start_apart(folder, config, config_text, with_tls);
        }
        let platform = ngkt::Platform::start(config.clone(), ngkt::Roles::All).await.expect("the platform starts");
        let address = platform.gateway_address().expect("invariant: all roles include the gateway");
        Running {
            folder,
            config_text,
            config,
            address,
            databases: Vec::new(),
            processes: Mutex::new(Processes::Together(Some(platform))),
        }
    }

    fn start_apart(folder: PathBuf, config: ngkt::Config, config_text: String, with_tls: bool) -> Running {
        let scheme = if with_tls { "https" } else { "http" };
        if with_tls {
            let made = Command::new(env!("CARGO_BIN_EXE_platform"))
                .arg("certificates")
                .arg("--out")
                .arg(certificates(&folder))
                .output();
            assert!(made.is_ok_and(|made| made.status.success()), "certificates are made");
        }
        // Held until all are known, so that no two are the same.
        let listeners: Vec<TcpListener> =
            (0..5).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
        let mut addresses = listeners.iter().map(|listener| listener.local_addr().expect("a bound socket"));
        let address = addresses.next().expect("invariant: five of them");
        let mut file = config_text.clone();
        file.push_str(&format!("gateway.listen = \"{address}\"\n"));
        for (service, address) in SERVICES.iter().zip(addresses) {
            file.push_str(&format!("{service}.listen = \"{address}\"\n{service}.url = \"{scheme}://{address}\"\n"));
        }
        std::fs::write(folder.join("ngkt.toml"), file).expect("the world's folder can be written");
        drop(listeners);
        // The gateway first: every process may start before those that it needs.
        let names = ["gateway"].into_iter().chain(SERVICES);
        let roles = names.map(|name| Role { name, child: Some(spawn(name, &folder)) }).collect();
        let (databases, processes) = (Vec::new(), Mutex::new(Processes::Apart(roles)));
        Running { folder, config_text, config, address, databases, processes }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Settings that all its roles share.
    pub fn config(&self) -> &ngkt::Config {
        &self.config
    }

    /// Where a role listens. Only where each role has a process of its own.
    pub fn address_of(&self, role: &str) -> SocketAddr {
        let text = std::fs::read_to_string(self.folder.join("ngkt.toml")).expect("each role has its own process");
        let key = format!("{role}.listen = ");
        let line = text.lines().find_map(|line| line.strip_prefix(&key)).unwrap_or_else(|| panic!("{role} is no role"));
        line.trim_matches('"').parse().expect("an address")
    }

    /// Where a service keeps its data, for whoever goes behind its back.
    pub fn database_url(&self, service: &str) -> String {
        let url = &self.config.service(service).expect("a service").database.url;
        let file = self.folder.join(format!("{service}.db"));
        if url.is_empty() { format!("sqlite://{}", file.display()) } else { url.clone() }
    }

    /// The same as a settings file, but for ports.
    pub fn config_text(&self) -> &str {
        &self.config_text
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends a role's process without warning. Only where each role has its own.
    pub fn kill(&self, name: &str) {
        let mut processes = self.processes.lock().expect("no holder panics");
        let child = role(&mut processes, name).child.take().unwrap_or_else(|| panic!("{name} does not run"));
        end(child);
    }

    /// Starts a killed role again.
    pub fn restart(&self, name: &str) {
        let mut processes = self.processes.lock().expect("no holder panics");
        let role = role(&mut processes, name);
        assert!(role.child.is_none(), "{name} runs");
        role.child = Some(spawn(role.name, &self.folder));
    }

    /// Stops a platform of one process in good order and starts it again on the same data and address.
    pub async fn stop_and_start(&self) {
        let platform = self.take_platform().expect("all roles are one process here");
        platform.shutdown().await;
        let mut config = self.config.clone();
        config.gateway.listen = self.address;
        let platform = ngkt::Platform::start(config, ngkt::Roles::All).await.expect("the platform starts again");
        *self.processes.lock().expect("no holder panics") = Processes::Together(Some(platform));
    }

    /// Stops everything, in good order where it is one process.
    pub async fn stop(self) {
        self.halt().await;
    }

    /// Stops a platform of one process in good order, and leaves its data where it is.
    pub async fn halt(&self) {
        let platform = self.take_platform();
        if let Some(platform) = platform {
            platform.shutdown().await;
        }
    }

    fn take_platform(&self) -> Option<ngkt::Platform> {
        match &mut *self.processes.lock().expect("no holder panics") {
            Processes::Together(platform) => platform.take(),
            Processes::Apart(_) => None,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(Processes::Apart(roles)) = self.processes.get_mut() {
            roles.iter_mut().filter_map(|role| role.child.take()).for_each(end);
        }
        for database in &self.databases {
            postgres::cluster().expect("invariant: it made the database").drop_database(database);
        }
    }
}

fn role<'a>(processes: &'a mut Processes, name: &str) -> &'a mut Role {
    let Processes::Apart(roles) = processes else { panic!("all roles are one process here") };
    roles.iter_mut().find(|role| role.name == name).unwrap_or_else(|| panic!("{name} is no role"))
}

/// Names for the databases of a world, which no other world has.
fn names() -> Vec<String> {
    static WORLDS: AtomicU32 = AtomicU32::new(0);
    let number = WORLDS.fetch_add(1, Ordering::Relaxed);
    SERVICES.iter().map(|service| format!("world_{number}_{service}")).collect()
}

fn toml_value(key: &str, value: &str) -> String {
    match key {
        "notification.webhook.allow_networks" => format!("[{value:?}]"),
        _ if key.ends_with("_max") || key.ends_with("_seconds") => value.to_owned(),
        _ => format!("{value:?}"),
    }
}

fn certificates(folder: &Path) -> PathBuf {
    folder.join("certificates")
}

/// The settings by which a role finds its certificate, if the platform has certificates.
pub fn tls(role: &str, folder: &Path) -> Vec<(String, PathBuf)> {
    let own = certificates(folder).join(role);
    let setting = |name: &str| (format!("NGKT__TLS__{}", name.to_uppercase()), own.join(format!("{name}.pem")));
    if own.is_dir() { ["ca", "certificate", "key"].map(setting).to_vec() } else { Vec::new() }
}

fn spawn(role: &str, folder: &Path) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(folder.join(format!("{role}.log")));
    let child = Command::new(env!("CARGO_BIN_EXE_platform"))
        .args(["serve", role, "--config"])
        .arg(folder.join("ngkt.toml"))
        .envs(tls(role, folder))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.expect("the world's folder can be written"))
        .spawn()
        .expect("a role starts");
    keeper::kill_at_end(child.id());
    child
}

fn end(mut child: Child) {
    child.kill().expect("a process of ours can be killed");
    child.wait().expect("a killed process ends");
    keeper::gone(child.id());
}
