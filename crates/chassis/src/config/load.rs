//! Layers the sources over each other. The defaults are the schema: what is not in them is refused.

use super::layer::{self, Layer};
use super::{Address, Config, DEFAULTS};
use config::{Environment, File, FileFormat, Map, Source as _, Value, ValueKind};
use serde::Deserialize as _;
use std::fmt;
use std::path::{Path, PathBuf};

const PREFIX: &str = "NGKT";
const SEPARATOR: &str = "__";

/// Why the settings cannot be used. Names the key and the source.
#[derive(Debug)]
pub enum ConfigError {
    /// The file cannot be read, or is not TOML.
    Unreadable {
        /// Its path.
        file: PathBuf,
        /// Why.
        cause: Box<config::ConfigError>,
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
        /// The key, with dots.
        key: String,
        /// Where the value stands.
        origin: String,
        /// What it should be.
        why: String,
    },
    /// A value of the wrong kind; the cause names the key and the source.
    WrongKind(Box<config::ConfigError>),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, cause } => write!(f, "settings cannot be read from {}: {cause}", file.display()),
            Self::UnknownKey { key, origin } => write!(f, "there is no setting {key} (from {origin})"),
            Self::BadValue { key, origin, why } => write!(f, "setting {key} (from {origin}): {why}"),
            Self::WrongKind(cause) => write!(f, "setting of the wrong kind: {cause}"),
        }
    }
}

impl std::error::Error for ConfigError {}

impl From<config::ConfigError> for ConfigError {
    fn from(cause: config::ConfigError) -> Self {
        Self::WrongKind(Box::new(cause))
    }
}

/// The file, if there is one, then the environment (`variables` instead of the process's own, if given), then
/// `overrides`, each over what came before.
pub(super) fn load(
    file: Option<&Path>,
    variables: Option<Map<String, String>>,
    overrides: &[(&str, String)],
) -> Result<Config, ConfigError> {
    let defaults = File::from_str(DEFAULTS, FileFormat::Toml);
    let schema = Value::from(defaults.collect()?);
    let mut layers = config::Config::builder().add_source(defaults);
    if let Some(path) = file {
        let source = File::from(path).format(FileFormat::Toml).required(true);
        let unreadable = |cause| ConfigError::Unreadable { file: path.into(), cause: Box::new(cause) };
        let origin = format!("file {}", path.display());
        let mut settings = Value::from(source.collect().map_err(unreadable)?);
        layer::read_files(&schema, &mut settings, "", &origin)?;
        known(&schema, &settings, "", &origin)?;
        layers = layers.add_source(Layer(settings));
    }
    let environment = Environment::with_prefix(PREFIX).prefix_separator(SEPARATOR).separator(SEPARATOR);
    let environment = environment.source(variables);
    let mut variables = environment.collect()?;
    for key in variables.keys().cloned().collect::<Vec<_>>() {
        let variable = format!("{PREFIX}{SEPARATOR}{}", key.replace('.', SEPARATOR).to_uppercase());
        let origin = format!("environment variable {variable}");
        let key = layer::read_file(&schema, &mut variables, key, &origin)?;
        leaf(&schema, &key, &origin)?;
    }
    layers = layers.add_source(Layer(Value::from(variables)));
    for (key, text) in overrides {
        leaf(&schema, key, "the command line")?;
        layers = layers.set_override(*key, text.as_str())?;
    }
    let mut settings = Value::from(layers.build()?.collect()?);
    read_text(&schema, &mut settings);
    let mut config = Config::deserialize(settings)?;
    check(&config)?;
    put_passwords(&mut config)?;
    Ok(config)
}

/// A password that is given beside a database's url goes into it.
fn put_passwords(config: &mut Config) -> Result<(), ConfigError> {
    for name in super::SERVICES {
        let service = config.service_mut(name).expect("invariant: every name in SERVICES has its section");
        let database = &mut service.database;
        if database.password.is_empty() {
            continue;
        }
        let refused = |why: &str| bad(&format!("{name}.database.password"), "all sources", why);
        let url = reqwest::Url::parse(&database.url).ok().filter(|url| url.scheme().starts_with("postgres"));
        let mut url = url.ok_or_else(|| refused("is only for a url that begins with postgres://"))?;
        if url.password().is_some() {
            return Err(refused("stands in the url already"));
        }
        url.set_password(Some(&database.password)).map_err(|()| refused("the url names no host"))?;
        database.url = url.into();
    }
    Ok(())
}

/// The environment and the command line give text: reads it where the schema has a number or a flag. A flattened section
/// would not do so by itself.
fn read_text(schema: &Value, value: &mut Value) {
    let read = match (&schema.kind, &mut value.kind) {
        (ValueKind::Table(schema), ValueKind::Table(values)) => {
            values
                .iter_mut()
                .for_each(|(name, value)| schema.get(name).into_iter().for_each(|of| read_text(of, value)));
            return;
        }
        (ValueKind::I64(_), ValueKind::String(text)) => text.trim().parse().map(ValueKind::I64).ok(),
        (ValueKind::Float(_), ValueKind::String(text)) => text.trim().parse().map(ValueKind::Float).ok(),
        (ValueKind::Boolean(_), ValueKind::String(text)) => text.trim().parse().map(ValueKind::Boolean).ok(),
        _ => None,
    };
    if let Some(kind) = read {
        value.kind = kind;
    }
}

/// Refuses what is not in the schema, and a section where a value belongs or the other way round.
fn known(schema: &Value, layer: &Value, key: &str, origin: &str) -> Result<(), ConfigError> {
    match (&schema.kind, &layer.kind) {
        (ValueKind::Table(schema), ValueKind::Table(layer)) => layer.iter().try_for_each(|(name, value)| {
            let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            match schema.get(name) {
                Some(schema) => known(schema, value, &key, origin),
                None => Err(ConfigError::UnknownKey { key, origin: origin.into() }),
            }
        }),
        (ValueKind::Table(_), _) => Err(bad(key, origin, "must be a section")),
        (_, ValueKind::Table(_)) => Err(bad(key, origin, "must be a value, not a section")),
        _ => Ok(()),
    }
}

/// Refuses a dotted key that names no value of the schema.
fn leaf(schema: &Value, key: &str, origin: &str) -> Result<(), ConfigError> {
    match layer::find(schema, key) {
        Some(found) if !matches!(found.kind, ValueKind::Table(_)) => Ok(()),
        _ => Err(ConfigError::UnknownKey { key: key.into(), origin: origin.into() }),
    }
}

pub(super) fn bad(key: &str, origin: &str, why: impl fmt::Display) -> ConfigError {
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
    rule(config.audit.checkpoint_seconds > 0, "audit.checkpoint_seconds", "must be at least 1")?;
    rule(limits.request_bytes_max <= 4 << 20, "limits.request_bytes_max", "must be at most 4194304")?;
    rule(limits.request_bytes_max >= 1 << 10, "limits.request_bytes_max", "must be at least 1024")?;
    rule(limits.concurrency_max > 0, "limits.concurrency_max", "must be at least 1")?;
    rule(limits.streams_max > 0, "limits.streams_max", "must be at least 1")?;
    rule(limits.connections_max > 0, "limits.connections_max", "must be at least 1")?;
    rule(limits.timeout_seconds_default > 0, "limits.timeout_seconds_default", "must be at least 1")?;
    let ordered = limits.timeout_seconds_default <= limits.timeout_seconds_max;
    rule(ordered, "limits.timeout_seconds_max", "must be at least limits.timeout_seconds_default")?;
    let (roles, gateway) = (&config.tls, &config.gateway.tls);
    let all = |paths: &[&Path]| {
        paths.iter().all(|path| path.as_os_str().is_empty()) || !paths.iter().any(|path| path.as_os_str().is_empty())
    };
    rule(all(&[&roles.ca, &roles.certificate, &roles.key]), "tls", "ca, certificate and key go together")?;
    rule(all(&[&gateway.certificate, &gateway.key]), "gateway.tls", "certificate and key go together")?;
    for name in super::SERVICES {
        let service = config.service(name).expect("invariant: every name in SERVICES has its section");
        let key = format!("{name}.url");
        let addresses = Address::list(&service.url).map_err(|why| bad(&key, "all sources", why))?;
        let consistent = addresses.iter().all(|address| address.tls == roles.is_on());
        let why = match roles.is_on() {
            true => "must begin with https://, because tls.certificate is set",
            false => "https:// needs tls.ca, tls.certificate and tls.key",
        };
        rule(consistent, &key, why)?;
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
        load(Some(file.path()), Some(Map::new()), &[])
    }

    fn from_environment(key: &str, value: &str) -> Result<Config, ConfigError> {
        load(None, Some(Map::from_iter([(key.into(), value.into())])), &[])
    }

    #[test]
    fn every_key_of_the_defaults_is_a_setting_and_the_other_way_round() {
        let defaults: toml::Table = DEFAULTS.parse().unwrap();
        let config = load(None, Some(Map::new()), &[]).unwrap();
        assert_eq!(toml::Table::try_from(&config).unwrap(), defaults);
    }

    #[test]
    fn the_command_line_wins_over_the_environment_over_the_file_over_the_defaults() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"[limits]\nconcurrency_max = 1\nstreams_max = 1\nidle_seconds = 1\n").unwrap();
        let environment = Map::from_iter([
            ("NGKT__LIMITS__STREAMS_MAX".to_string(), "2".to_string()),
            ("NGKT__LIMITS__IDLE_SECONDS".to_string(), "2".to_string()),
        ]);
        let config = load(Some(file.path()), Some(environment), &[("limits.idle_seconds", "3".into())]).unwrap();
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
        let config = from_environment("NGKT__NOTIFICATION__DATABASE__CONNECTIONS_MAX", "7").unwrap();
        assert_eq!(config.notification.service.database.connections_max, 7);
        let config = from_environment("NGKT__NOTIFICATION__WEBHOOK__ALLOW_NETWORKS", "10.0.0.0/8, ::1/128").unwrap();
        assert_eq!(config.notification.webhook.allow_networks.len(), 2);
    }

    #[test]
    fn a_secret_comes_from_a_file_of_its_own() {
        let mut secret = tempfile::NamedTempFile::new().unwrap();
        secret.write_all("đ/@:1\n".as_bytes()).unwrap();
        let path = secret.path().display();
        let text = format!("[registry.database]\nurl = \"postgres://ngkt@db/registry\"\npassword_file = \"{path}\"\n");
        let config = from_file(&text).unwrap();
        assert_eq!(config.registry.database.password, "đ/@:1");
        assert_eq!(config.registry.database.url, "postgres://ngkt:%C4%91%2F%40%3A1@db/registry");
        assert!(!config.printable().contains("%3A1") && !config.printable().contains("@:1"));
        let config = from_environment("NGKT__LOG__LEVEL_FILE", &path.to_string()).unwrap();
        assert_eq!(config.log.level, "đ/@:1");
        for (refused, key) in [
            (from_environment("NGKT__LOG__LEVEL_FILE", "/nowhere"), "log.level_file"),
            (from_environment("NGKT__LIMITS__IDLE_SECONDS_FILE", "/nowhere"), "limits.idle_seconds_file"),
            (from_file("[log]\nlevel_file = \"/nowhere\"\n"), "log.level_file"),
            (from_file(&format!("[log]\nlevel_file = \"{path}\"\nlevel = \"info\"\n")), "log.level_file"),
            (from_file(&format!("[registry.database]\npassword_file = \"{path}\"\n")), "registry.database.password"),
        ] {
            let told = refused.unwrap_err().to_string();
            assert!(told.contains(key), "{key}: {told}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_by_its_name_and_source() {
        let told = |result: Result<Config, ConfigError>| result.unwrap_err().to_string();
        let file = told(from_file("[registry.database]\nulr = \"x\"\n"));
        assert!(file.contains("registry.database.ulr") && file.contains("file "), "{file}");
        let environment = told(from_environment("NGKT__REGISTRY_DATABASE_URL", "x"));
        assert!(environment.contains("registry_database_url"), "{environment}");
        assert!(environment.contains("NGKT__REGISTRY_DATABASE_URL"), "{environment}");
        let line = told(load(None, Some(Map::new()), &[("gateway.lisen", "x".into())]));
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
            ("[registry]\nurl = \"https://registry:7101\"\n", "registry.url"),
            ("[tls]\nca = \"ca.pem\"\n", "tls"),
            ("registry = 1\n", "registry"),
        ] {
            let told = from_file(text).unwrap_err().to_string();
            assert!(told.contains(key), "{text}: {told}");
        }
        let told = from_environment("NGKT__LIMITS__IDLE_SECONDS", "soon").unwrap_err().to_string();
        assert!(told.contains("limits.idle_seconds") && told.contains("soon"), "{told}");
    }
}
