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
