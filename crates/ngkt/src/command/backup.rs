//! `ngkt backup`: writes a backup, makes a key for it, and looks whether one is whole.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::settings::Settings;
use crate::backup::keys::Keys;
use crate::backup::make::make;
use crate::backup::restore::check;
use crate::backup::secret::{SecretArguments, make_key};
use crate::complaint::Complaint;

/// Writes all databases, as they are at one instant, into one encrypted file; the platform may run meanwhile
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    settings: Settings,
    /// The file to make; there must be none of this name
    #[arg(long, value_name = "FILE", required = true)]
    to: Option<PathBuf>,
    #[command(flatten)]
    secret: SecretArguments,
    /// Which of the platform's keys go with it
    #[arg(long, value_enum, default_value_t = Keys::Signing)]
    keys: Keys,
    /// Takes the keys alone
    #[arg(long)]
    without_data: bool,
}

/// What is done with backups besides
#[derive(Subcommand)]
enum What {
    Verify(Verify),
    Key(Key),
}

/// Reads a backup to its end, and fails if anything in it is not as it was written
#[derive(Args)]
struct Verify {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    secret: SecretArguments,
}

/// Makes a key to encrypt backups with, in a new file
#[derive(Args)]
struct Key {
    /// The file to make
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// Does what is asked for.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    match &arguments.what {
        Some(What::Verify(verify)) => verified(verify).await,
        Some(What::Key(key)) => {
            make_key(&key.to)?;
            println!("{}: keep it where no backup is; without it none of them opens", key.to.display());
            Ok(())
        }
        None => written(&arguments).await,
    }
}

async fn written(arguments: &Arguments) -> Result<(), Complaint> {
    let config = arguments.settings.load(&[])?;
    let to = arguments.to.as_ref().ok_or_else(|| Complaint::new("say where to: --to FILE"))?;
    let secret = arguments.secret.read()?;
    let made = make(&config, to, secret, arguments.keys, !arguments.without_data).await?;
    let (file, last) = (to.display(), made.last);
    println!("{file}: {} tables, {} rows, {} keys, {} bytes", last.tables, last.rows, last.keys, made.bytes);
    Ok(())
}

async fn verified(arguments: &Verify) -> Result<(), Complaint> {
    let secret = Arc::new(arguments.secret.read()?);
    let checked = check(&arguments.file, &secret).await?;
    let time = chrono::DateTime::from_timestamp_micros(checked.head.time).unwrap_or_default();
    let (file, last) = (arguments.file.display(), checked.last);
    let services: Vec<&str> = checked.head.databases.iter().map(|described| &*described.service).collect();
    println!(
        "{file}: whole; written by ngkt {} at {}; {} tables and {} rows of {}; {} keys",
        checked.head.version,
        time.format("%Y-%m-%dT%H:%M:%SZ"),
        last.tables,
        last.rows,
        if services.is_empty() { "no service".to_owned() } else { services.join(", ") },
        last.keys
    );
    Ok(())
}
