//! `ngkt audit verify`: walks the change logs of all services and names the first entry that was tampered with.

use clap::{Args, Subcommand};

use super::settings::Settings;
use crate::complaint::Complaint;
use crate::platform::{Platform, SERVICES};

/// Looks at the audit trail
#[derive(Subcommand)]
pub enum What {
    Verify(Arguments),
}

/// Walks the change logs of all services; names the first broken entry and fails if there is one
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
}

/// Walks one log after the other.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let config = arguments.settings.load(&[])?;
    let mut broken = Vec::new();
    for service in SERVICES {
        let report = store::audit::verify(&config, service.name).await?;
    }
}
