//! `ngkt migrate`: brings the databases to this version's form and loads the reference data, without serving.

use clap::Args;

use super::settings::Settings;
use crate::complaint::Complaint;
use crate::platform::{Platform, SERVICES};

/// Brings every database to this version's form, and ends
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
}

/// Migrates one service after the other.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let host = Platform::host(arguments.settings.load(&[])?)?;
    for service in SERVICES {
        store::Store::open(&host, service).await?;
        println!("{}: up to date", service.name);
    }
    Ok(())
}
