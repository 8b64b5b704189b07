//! Layers the sources over each other. The defaults are the schema: what is not in them is refused.

use super::{Config, DEFAULTS};
use std::fmt;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

const PREFIX: &str = "NGKT__";

/// Why the settings cannot be used. Names the key and the source.
#[derive(Debug)]
pub enum ConfigError {
    /// The file cannot be read.
    Unreadable {
        /// Its path.
        file: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file is not TOML.
    Malformed {
        /// Its path.
        file: PathBuf,
        /// Where and why.
        cause: Box<toml::de::Error>,
    },
    /// A key that does not exist.
    UnknownKey {
        /// The key, with dots.
        key: String,
        /// Where it stands.
        origin: String,
    },
    /// A value that the key cannot have.
    BadValue {
        /// The key, with dots; empty if it is not known which.
        key: String,
        /// Where the value stands.
        origin: String,
        /// What it should be.
        why: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, cause } => write!(f, "{} cannot be read: {cause}", file.display()),
            Self::Malformed { file, cause } => write!(f, "{} is not valid TOML: {cause}", file.display()),
            Self::UnknownKey { key, origin } => write!(f, "there is no setting {key} (from {origin})"),
            Self::BadValue { key, origin, why } => write!(f, "setting {key} (from {origin}): {why}"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// The variables of the environment that are ours.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(super) fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.to_string_lossy().into_owned())))
        .filter(|(key, _)| key.starts_with(PREFIX))
        .collect()
}

pub(super) fn load(
    file: Option<&Path>,
    environment: Vec<(String, String)>,
    overrides: &[(&str, String)],
) -> Result<Config, ConfigError> {
    let mut table: Table = DEFAULTS.parse().expect("invariant: the defaults are TOML, a test holds it");
    if let Some(file) = file {
        let text =
            std::fs::read_to_string(file).map_err(|cause| ConfigError::Unreadable { file: file.into(), cause })?;
        let layer: Table =
            text.parse().map_err(|cause| ConfigError::Malformed { file: file.into(), cause: Box::new(cause) })?;
        merge(&mut table, layer, "", &format!("file {}", file.display()))?;
    }
    for (variable, text) in environment {
        let key = variable[PREFIX.len()..].to_ascii_lowercase().replace("__", ".");
        set(&mut table, &key, &text, &format!("environment variable {variable}"))?;
    }
    for (key, text) in overrides {
        set(&mut table, key, text, "the command line")?;
    }
    let config: Config = table.try_into().map_err(|cause| bad("", "all sources", cause))?;
    check(&config)?;
    Ok(config)
}

fn merge(base: &mut Table, layer: Table, prefix: &str, origin: &str) -> Result<(), ConfigError> {
    for (name, value) in layer {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let Some(old) = base.get_mut(&name) else {
            return Err(ConfigError::UnknownKey { key, origin: origin.into() });
        };
        match (old, value) {
            (Value::Table(old), Value::Table(layer)) => merge(old, layer, &key, origin)?,
            (Value::Float(old), Value::Integer(new)) => *old = new as f64,
            (old, new) if old.same_type(&new) => *old = new,
            (old, new) => {
                let why = format!("must be {}, not {}", old.type_str(), new.type_str());
                return Err(bad(&key, origin, why));
            }
        }
    }
    Ok(())
}

/// Sets one key from text, read as what the default is.
fn set(base: &mut Table, key: &str, text: &str, origin: &str) -> Result<(), ConfigError> {
    let unknown = || ConfigError::UnknownKey { key: key.into(), origin: origin.into() };
    let (parents, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut table = base;
    for part in parents.split('.').filter(|part| !part.is_empty()) {
        table = table.get_mut(part).and_then(Value::as_table_mut).ok_or_else(unknown)?;
    }
    let value = table.get_mut(name).ok_or_else(unknown)?;
    let kind = value.type_str();
    *value = match value {
        Value::String(_) => Some(Value::String(text.into())),
        Value::Integer(_) => text.trim().parse().ok().map(Value::Integer),
        Value::Float(_) => text.trim().parse().ok().map(Value::Float),
        Value::Boolean(_) => text.trim().parse().ok().map(Value::Boolean),
        Value::Array(_) => Some(list(text)),
        Value::Table(_) => return Err(unknown()),
        Value::Datetime(_) => None,
    }
    .ok_or_else(|| bad(key, origin, format!("must be {kind}, not {text:?}")))?;
    Ok(())
}

fn list(text: &str) -> Value {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Value::Array(items.map(|item| Value::String(item.into())).collect())
}

fn bad(key: &str, origin: &str, why: impl fmt::Display) -> ConfigError {
    ConfigError::BadValue { key: key.into(), origin: origin.into(), why: why.to_string() }
}

/// Bounds that the kind of a value does not tell.
fn check(config: &Config) -> Result<(), ConfigError> {
    let rule = |holds: bool, key: &str, why: &str| if holds { Ok(()) } else { Err(bad(key, "all sources", why)) };
    let limits = &config.limits;
    rule(
        (0.0..=1.0).contains(&config.telemetry.sample_ratio),
        "telemetry.sample_ratio",
        "must lie between 0.0 and 1.0",
    )?;
    rule(config.telemetry.metrics_seconds > 0, "telemetry.metrics_seconds", "must be at least 1")?;
    rule(limits.request_bytes_max <= 4 << 20, "limits.request_bytes_max", "must be at most 4194304")?;
    rule(limits.request_bytes_max >= 1 << 10, "limits.request_bytes_max", "must be at least 1024")?;
    rule(limits.concurrency_max > 0, "limits.concurrency_max", "must be at least 1")?;
    rule(limits.streams_max > 0, "limits.streams_max", "must be at least 1")?;
    rule(limits.connections_max > 0, "limits.connections_max", "must be at least 1")?;
    rule(limits.timeout_seconds_default > 0, "limits.timeout_seconds_default", "must be at least 1")?;
    let ordered = limits.timeout_seconds_default <= limits.timeout_seconds_max;
    rule(ordered, "limits.timeout_seconds_max", "must be at least limits.timeout_seconds_default")?;
    for name in super::SERVICES {
        let service = config.service(name).expect("invariant: every name in SERVICES has its section");
        let plain = service.url.is_empty() || service.url.starts_with("http://");
        rule(plain, &format!("{name}.url"), "must be empty or begin with http://")?;
        rule(service.database.connections_max > 0, &format!("{name}.database.connections_max"), "must be at least 1")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn from_file(text: &str) -> Result<Config, ConfigError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        load(Some(file.path()), Vec::new(), &[])
    }

    fn from_environment(key: &str, value: &str) -> Result<Config, ConfigError> {
        load(None, vec![(key.into(), value.into())], &[])
    }

    #[test]
    fn every_key_of_the_defaults_is_a_setting_and_the_other_way_round() {
        let defaults: Table = DEFAULTS.parse().unwrap();
        let config = load(None, Vec::new(), &[]).unwrap();
        assert_eq!(Table::try_from(&config).unwrap(), defaults);
    }

    #[test]
    fn the_command_line_wins_over_the_environment_over_the_file_over_the_defaults() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"[limits]\nconcurrency_max = 1\nstreams_max = 1\nidle_seconds = 1\n").unwrap();
        let environment = vec![
            ("NGKT__LIMITS__STREAMS_MAX".to_string(), "2".to_string()),
            ("NGKT__LIMITS__IDLE_SECONDS".to_string(), "2".to_string()),
        ];
        let config = load(Some(file.path()), environment, &[("limits.idle_seconds", "3".into())]).unwrap();
        let limits = &config.limits;
        assert_eq!((limits.concurrency_max, limits.streams_max, limits.idle_seconds), (1, 2, 3));
        assert_eq!(limits.body_seconds, Config::default().limits.body_seconds);
    }

    #[test]
    fn the_environment_reaches_nested_keys_of_every_kind() {
        let config = from_environment("NGKT__REGISTRY__DATABASE__URL", "postgres://x").unwrap();
        assert_eq!(config.registry.database.url, "postgres://x");
        let config = from_environment("NGKT__TELEMETRY__SAMPLE_RATIO", "0.5").unwrap();
        assert_eq!(config.telemetry.sample_ratio, 0.5);
        let config = from_environment("NGKT__NOTIFICATION__WEBHOOK__ALLOW_NETWORKS", "10.0.0.0/8, ::1/128").unwrap();
        assert_eq!(config.notification.webhook.allow_networks.len(), 2);
    }

    #[test]
    fn an_unknown_key_is_refused_by_its_name_and_source() {
        let told = |result: Result<Config, ConfigError>| result.unwrap_err().to_string();
        let file = told(from_file("[registry.database]\nulr = \"x\"\n"));
        assert!(file.contains("registry.database.ulr") && file.contains("file "), "{file}");
        let environment = told(from_environment("NGKT__REGISTRY_DATABASE_URL", "x"));
        assert!(environment.contains("registry_database_url"), "{environment}");
        assert!(environment.contains("NGKT__REGISTRY_DATABASE_URL"), "{environment}");
        let line = told(load(None, Vec::new(), &[("gateway.lisen", "x".into())]));
        assert!(line.contains("gateway.lisen") && line.contains("command line"), "{line}");
        assert!(told(from_environment("NGKT__REGISTRY__DATABASE", "x")).contains("registry.database"));
    }

    #[test]
    fn a_value_of_the_wrong_kind_or_out_of_bounds_names_its_key() {
        for (text, key) in [
            ("[limits]\nconcurrency_max = \"many\"\n", "limits.concurrency_max"),
            ("[limits]\nrequest_bytes_max = 5000000\n", "limits.request_bytes_max"),
            ("[telemetry]\nsample_ratio = 2.0\n", "telemetry.sample_ratio"),
            ("[registry]\nurl = \"registry:7101\"\n", "registry.url"),
            ("registry = 1\n", "registry"),
        ] {
            let told = from_file(text).unwrap_err().to_string();
            assert!(told.contains(key), "{text}: {told}");
        }
        assert!(from_environment("NGKT__LIMITS__IDLE_SECONDS", "soon").is_err());
    }
}
