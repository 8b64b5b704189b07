//! `ngkt migrate`: brings the databases to this version's form without serving.

use chassis::host::Host;
use clap::Args;
use store::Store;

use super::settings::Settings;
use crate::complaint::{Complaint, While};
use crate::platform::SERVICES;

/// Brings every database to this version's form, and ends
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
}

/// Migrates one service after the other.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let host = Host::new(arguments.settings.load(&[])?)?;
    let mut result = Ok(());
    for service in SERVICES {
        result = Store::open(&host, service).await.map(drop).while_doing(|| format!("migrating {}", service.name));
        if result.is_err() {
            break;
        }
        println!("{}: up to date", service.name);
    }
    host.stop().await;
    result
}
