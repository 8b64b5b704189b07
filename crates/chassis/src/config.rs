//! What can be set, and to what: `deploy/ngkt.toml` is the documentation, the defaults and the list of keys at once.

mod address;
mod layer;
mod list;
mod load;
mod mask;

pub use address::Address;
pub use load::ConfigError;

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The defaults, as text. Every key that exists stands in it.
pub const DEFAULTS: &str = include_str!("../../../deploy/ngkt.toml");

/// The services that keep data, in the order in which they start.
pub const SERVICES: [&str; 4] = ["registry", "investment", "events", "notification"];

/// All settings of one process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder of everything that must survive a restart.
    pub data_dir: PathBuf,
    /// What is logged and how.
    pub log: Log,
    /// Where traces and metrics go.
    pub telemetry: Telemetry,
    /// The time.
    pub clock: Clock,
    /// The signing keys.
    pub identity: Identity,
    /// TLS between the roles.
    pub tls: Tls,
    /// The audit trail.
    pub audit: Audit,
    /// Bounds of requests, connections and waiting.
    pub limits: Limits,
    /// The face to the outside.
    pub gateway: Gateway,
    /// The registry.
    pub registry: Service,
    /// Investment.
    pub investment: Service,
    /// Events.
    pub events: Service,
    /// Notification.
    pub notification: Notification,
}

/// What is logged and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level, or directives of levels by module.
    pub level: String,
    /// For machines or for people.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Text for people.
    Text,
}

/// Where traces and metrics go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// URL of the collector; empty is off.
    pub otlp_endpoint: String,
    /// The share of new traces that is recorded, 0.0 to 1.0.
    pub sample_ratio: f64,
    /// Seconds between two sendings of metrics.
    pub metrics_seconds: u64,
}

/// The time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// For tests: the file with the offset in seconds; empty is the real time.
    pub offset_file: PathBuf,
}

/// The signing keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Their folder; empty is `keys` in the data folder.
    pub key_dir: PathBuf,
}

/// TLS between the roles: all of them, or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The file of the authorities that are trusted.
    pub ca: PathBuf,
    /// The file of this process's certificate.
    pub certificate: PathBuf,
    /// The file of its private key.
    pub key: PathBuf,
}

/// The audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Seconds between two signed checkpoints of a chain.
    pub checkpoint_seconds: u64,
    /// The file to which they are appended; empty is none.
    pub checkpoint_file: PathBuf,
}

/// Bounds of requests, connections and waiting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of one request message.
    pub request_bytes_max: usize,
    /// Requests at work at once in one service.
    pub concurrency_max: usize,
    /// Streams open at once in one service.
    pub streams_max: usize,
    /// Connections open at once in one process.
    pub connections_max: usize,
    /// Seconds for a request whose caller did not say.
    pub timeout_seconds_default: u64,
    /// Seconds for a request at most.
    pub timeout_seconds_max: u64,
    /// Seconds to the end of a request's head.
    pub header_seconds: u64,
    /// Seconds to the end of a request's body.
    pub body_seconds: u64,
    /// Seconds that a connection may lie idle.
    pub idle_seconds: u64,
    /// Seconds in which connections that are open are still listened to after a signal to stop.
    pub drain_seconds: u64,
    /// Seconds for requests at work after a signal to stop.
    pub shutdown_seconds: u64,
}

/// The face to the outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Web origins whose pages may call.
    #[serde(deserialize_with = "list::read")]
    pub cors_origins: Vec<String>,
    /// The folder of the issuers whose tokens are taken; empty is `issuers` in the data folder.
    pub issuer_dir: PathBuf,
    /// TLS for clients outside.
    pub tls: GatewayTls,
}

/// TLS for clients outside: both, or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayTls {
    /// The file of the certificate.
    pub certificate: PathBuf,
    /// The file of its private key.
    pub key: PathBuf,
}

/// One service that keeps data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Where it listens in a process of its own.
    pub listen: SocketAddr,
    /// Where the others find it (see [`Address`]); empty is in the same process.
    pub url: String,
    /// Its database.
    pub database: Database,
}

/// The database of one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://…`, with the password in it, or `sqlite://…`; empty is a file in the data folder.
    pub url: String,
    /// The password as it was given beside the url.
    pub password: String,
    /// Connections at once.
    pub connections_max: u32,
    /// Seconds to wait for a free connection.
    pub acquire_seconds: u64,
    /// Seconds for one statement.
    pub statement_seconds: u64,
}

/// The service notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// What it has like every service.
    #[serde(flatten)]
    pub service: Service,
    /// Sending to webhooks.
    pub webhook: Webhook,
}

/// Sending to webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Seconds for a receiver's answer.
    pub timeout_seconds: u64,
    /// Tries before a message is given up.
    pub attempts_max: u32,
    /// Days without success after which an endpoint is disabled.
    pub disable_after_days: u32,
    /// Deliveries under way at once.
    pub concurrency_max: usize,
    /// Networks (CIDR) that are allowed although they are not public.
    #[serde(deserialize_with = "list::read")]
    pub allow_networks: Vec<ipnet::IpNet>,
}

impl Config {
    /// Reads the defaults, then `file`, then the environment (`NGKT__…`), then `overrides` (dotted key and value, from
    /// the command line). Refuses a key that does not exist, a value of the wrong kind and one out of bounds, and
    /// names the key and where it came from.
    pub fn load(file: Option<&Path>, overrides: &[(&str, String)]) -> Result<Config, ConfigError> {
        load::load(file, None, overrides)
    }

    /// The service called `name`, if there is one that keeps data.
    pub fn service(&self, name: &str) -> Option<&Service> {
        match name {
            "registry" => Some(&self.registry),
            "investment" => Some(&self.investment),
            "events" => Some(&self.events),
            "notification" => Some(&self.notification.service),
            _ => None,
        }
    }

    fn service_mut(&mut self, name: &str) -> Option<&mut Service> {
        match name {
            "registry" => Some(&mut self.registry),
            "investment" => Some(&mut self.investment),
            "events" => Some(&mut self.events),
            "notification" => Some(&mut self.notification.service),
            _ => None,
        }
    }

    /// The folder of the signing keys.
    pub fn key_dir(&self) -> PathBuf {
        self.folder(&self.identity.key_dir, "keys")
    }

    /// The folder of the issuers whose tokens the gateway takes.
    pub fn issuer_dir(&self) -> PathBuf {
        self.folder(&self.gateway.issuer_dir, "issuers")
    }

    /// The folder that is set; otherwise the one of this name in the data folder.
    fn folder(&self, set: &Path, name: &str) -> PathBuf {
        match set.as_os_str().is_empty() {
            true => self.data_dir.join(name),
            false => set.to_owned(),
        }
    }

    /// All settings in force as TOML, with passwords and other secrets masked: fit for the log.
    pub fn printable(&self) -> String {
        mask::printable(self)
    }
}

impl Default for Config {
    /// The defaults and nothing else.
    fn default() -> Self {
        load::load(None, Some(Default::default()), &[]).expect("invariant: the defaults load, a test holds it")
    }
}

impl Tls {
    /// Whether the roles speak TLS with each other.
    pub fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }
}

impl GatewayTls {
    /// Whether clients outside speak TLS.
    pub fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }
}

impl Limits {
    /// The time for a request whose caller did not say.
    pub fn timeout_default(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds_default)
    }

    /// The time for a request at most.
    pub fn timeout_max(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds_max)
    }

    /// The time in which open connections are still listened to after a signal to stop.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// The time for requests at work after a signal to stop.
    pub fn shutdown(&self) -> Duration {
        Duration::from_secs(self.shutdown_seconds)
    }
}
