//! `ngkt transfer`: moves an installation from SQLite to PostgreSQL.

use std::path::PathBuf;

use chassis::config::Config;
use clap::Args;

use super::settings::Settings;
use crate::backup::transfer::transfer;
use crate::complaint::Complaint;

/// Moves an installation that is stopped from SQLite into the empty databases that other settings name
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// Settings file of the installation to come
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// Moves all of it.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let from = arguments.settings.load(&[])?;
    let to = Config::load(Some(&arguments.to), &[])?;
    let moved = transfer(&from, &to).await?;
    for line in &moved.databases {
        println!("{line}");
    }
    println!("{} rows are there as they were; {} keys written to {}", moved.rows, moved.keys, to.key_dir().display());
    println!("what was there before is as it was: keep it until the new installation has proved itself");
    Ok(())
}
