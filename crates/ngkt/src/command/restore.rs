//! `ngkt restore`: fills an empty installation from a backup.

use std::path::PathBuf;

use clap::Args;

use super::settings::Settings;
use crate::backup::restore::restore;
use crate::backup::secret::SecretArguments;
use crate::complaint::Complaint;

/// Fills empty databases from a backup, of either kind of database, and checks them; brings them to this version's form
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    secret: SecretArguments,
}

/// Restores what the file holds.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let config = arguments.settings.load(&[])?;
    let restored = restore(&config, &arguments.from, arguments.secret.read()?).await?;
    for line in &restored.databases {
        println!("{line}");
    }
    println!("keys: {} written to {}", restored.keys, config.key_dir().display());
    if !restored.has_personal_key {
        println!("personal.key is not there: restore it before the platform starts, or personal data stays sealed");
    }
    Ok(())
}
