//! Where a command that runs the platform itself finds its settings.

use std::path::PathBuf;

use chassis::config::Config;
use clap::Args;

use crate::complaint::Complaint;

/// The settings' sources besides the environment.
#[derive(Args, Default)]
pub struct Settings {
    /// Folder of the databases and keys; made if it is not there [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Settings file, over the defaults of deploy/ngkt.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Settings {
    /// Loads the settings; `overrides`, by dotted key, win over every source.
    pub fn load(&self, overrides: &[(&str, String)]) -> Result<Config, Complaint> {
        let mut overrides = overrides.to_vec();
        if let Some(data) = &self.data {
            overrides.push(("data_dir", data.display().to_string()));
        }
        Ok(Config::load(self.config.as_deref(), &overrides)?)
    }
}
