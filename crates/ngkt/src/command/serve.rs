//! `ngkt serve`: one role of the platform.

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::settings::Settings;
use crate::complaint::Complaint;
use crate::platform::{Platform, ROLES, Roles};

/// Runs one role of the platform in this process; the others are reached at their urls in the settings
#[derive(Args)]
pub struct Arguments {
    /// The role
    #[arg(value_parser = PossibleValuesParser::new(ROLES))]
    role: String,
    #[command(flatten)]
    settings: Settings,
    /// Address and port to serve on, instead of the role's own in the settings
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

/// Runs until the process is told to stop.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let key = format!("{}.listen", arguments.role);
    let listen = arguments.listen.map(|listen| (key.as_str(), listen));
    let config = arguments.settings.load(listen.as_slice())?;
    let platform = Platform::start(config, Roles::One(arguments.role)).await?;
    platform.run_until_stopped().await
}
