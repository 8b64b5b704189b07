//! `ngkt health`: whether a role can do its work, for whoever watches over its process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chassis::config::{Address, Config};
use chassis::tls::{Certificate, Tls};
use clap::Args;
use clap::builder::PossibleValuesParser;

use super::settings::Settings;
use crate::complaint::{Complaint, While};
use crate::platform::ROLES;

/// Asks a role whether it can do its work; ends with 0 if it can
#[derive(Args)]
pub struct Arguments {
    /// The role, where the settings say that it listens on this machine
    #[arg(long, default_value = "gateway", value_parser = PossibleValuesParser::new(ROLES))]
    role: String,
    /// Ask there instead, such as https://registry:7101
    #[arg(long, value_name = "URL", conflicts_with = "role")]
    url: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

/// Prints one line: that it is well, or what is not.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let config = arguments.settings.load(&[])?;
    let tls = Tls::open(&config)?;
    let place = arguments.url.as_deref().unwrap_or(&arguments.role);
    let (address, certificate) = match &arguments.url {
        Some(url) => (elsewhere(url)?, tls.roles().cloned()),
        None => here(&config, &tls, &arguments.role),
    };
    chassis::channel::ask(&address, certificate.filter(|_| address.tls)).await.while_doing(|| place.to_owned())?;
    println!("{place}: SERVING");
    Ok(())
}

/// The role of this name on this machine, which shows the certificate that the settings name.
fn here(config: &Config, tls: &Tls, role: &str) -> (Address, Option<Certificate>) {
    let (listen, certificate) = match config.service(role) {
        Some(service) => (service.listen, tls.roles()),
        None => (config.gateway.listen, tls.gateway()),
    };
    let host = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = Address { tls: certificate.is_some(), host: host.to_string(), port: listen.port() };
    (address, certificate.map(Certificate::itself))
}

fn elsewhere(url: &str) -> Result<Address, Complaint> {
    match Address::list(url).map_err(|why| Complaint::new(format!("--url: {why}")))?.as_slice() {
        [address] => Ok(address.clone()),
        _ => Err(Complaint::new("--url must be one URL")),
    }
}
