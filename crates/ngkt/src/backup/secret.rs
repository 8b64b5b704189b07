//! What a backup is encrypted with.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use rand::TryRngCore as _;
use rand::rngs::OsRng;

use crate::complaint::{Complaint, While};

/// Letters of a passphrase at least.
const LETTERS_MIN: usize = 12;

/// A passphrase, or 32 bytes of chance.
pub enum Secret {
    /// Words that somebody knows.
    Passphrase(String),
    /// What stands in a file of a key.
    Key([u8; 32]),
}

/// Where the secret is.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct SecretArguments {
    /// File whose first line is the passphrase
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// File with a key that `ngkt backup key` made
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl SecretArguments {
    /// Reads it.
    pub fn read(&self) -> Result<Secret, Complaint> {
        let text = |file: &Path| std::fs::read_to_string(file).while_doing(|| format!("reading {}", file.display()));
        match (&self.passphrase_file, &self.key_file) {
            (Some(file), _) => {
                let words = text(file)?.lines().next().unwrap_or_default().to_owned();
                if words.chars().count() < LETTERS_MIN {
                    let file = file.display();
                    let text = format!("the passphrase in {file} must have at least {LETTERS_MIN} letters");
                    return Err(Complaint::new(text));
                }
                Ok(Secret::Passphrase(words))
            }
            (None, Some(file)) => {
                let key = URL_SAFE_NO_PAD.decode(text(file)?.trim()).ok().and_then(|key| key.try_into().ok());
                key.map(Secret::Key).ok_or_else(|| Complaint::new(format!("{} holds no key", file.display())))
            }
            (None, None) => Err(Complaint::new("say with what it is encrypted: --passphrase-file or --key-file")),
        }
    }
}

impl Secret {
    /// Its number in a file's head.
    pub fn form(&self) -> u8 {
        match self {
            Secret::Passphrase(_) => 1,
            Secret::Key(_) => 2,
        }
    }

    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Secret::Passphrase(_) => "passphrase",
            Secret::Key(_) => "key",
        }
    }
}

/// Makes a key in a new file that only its owner reads.
pub fn make_key(file: &Path) -> Result<(), Complaint> {
    let mut key = [0; 32];
    OsRng.try_fill_bytes(&mut key)?;
    let mut made = super::file::private(file)?;
    made.write_all(format!("{}\n", URL_SAFE_NO_PAD.encode(key)).as_bytes())?;
    made.sync_all().while_doing(|| format!("writing {}", file.display()))
}
