//! `ngkt audit`: what was done, by whom; whether the log is as it was written; and the log for somebody who does not take our
//! word for it.

mod export;
mod show;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use store::audit::{self, Broken, Report};
use store::checkpoint;

use super::settings::Settings;
use crate::complaint::{Complaint, While};
use crate::platform::SERVICES;

/// Looks at the audit trail
#[derive(Subcommand)]
pub enum What {
    Verify(Arguments),
    Show(show::Arguments),
    Export(export::Arguments),
}

/// Walks the change logs of all services; names the first broken entry and fails if there is one
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// File with checkpoints that was kept elsewhere (audit.checkpoint_file): a history that was written anew, with all of its
    /// hashes, is found by it
    #[arg(long, value_name = "FILE")]
    checkpoints: Option<PathBuf>,
}

/// The service whose log it is about.
#[derive(Args)]
struct Of {
    /// The service
    #[arg(long, value_name = "SERVICE", value_parser = PossibleValuesParser::new(SERVICES.map(|service| service.name)))]
    service: Option<String>,
}

impl Of {
    fn services(&self) -> impl Iterator<Item = &'static str> {
        let wanted = self.service.clone();
        let names = SERVICES.into_iter().map(|service| service.name);
        names.filter(move |name| wanted.as_deref().is_none_or(|wanted| wanted == *name))
    }
}

/// Does what is asked for.
pub async fn run(what: What) -> Result<(), Complaint> {
    match what {
        What::Verify(arguments) => verify(arguments).await,
        What::Show(arguments) => show::run(arguments).await,
        What::Export(arguments) => export::run(arguments).await,
    }
}

/// Walks one log after the other, to the end of all of them.
async fn verify(arguments: Arguments) -> Result<(), Complaint> {
    let config = arguments.settings.load(&[])?;
    let kept = match &arguments.checkpoints {
        None => Vec::new(),
        Some(file) => {
            let text = std::fs::read_to_string(file).while_doing(|| format!("reading {}", file.display()))?;
            checkpoint::lines(&text).while_doing(|| file.display().to_string())?
        }
    };
    let mut broken = Vec::new();
    for service in SERVICES {
        let name = service.name;
        let report = audit::verify_service(&config, name, &kept).await;
        let report = report.while_doing(|| format!("reading the log of {name}"))?;
        let elsewhere = kept.iter().filter(|checkpoint| checkpoint.service == name).count();
        match &report.broken {
            None => println!("{name}: {}", whole(&report, elsewhere)),
            Some(entry) => broken.push(format!("{name}: entry {}{}: {}", entry.sequence, about(entry), entry.what)),
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(Complaint::new(broken.join("\n"))) }
}

/// What was walked, and the end of the chain: written down elsewhere, it shows later that nothing was cut off.
fn whole(report: &Report, elsewhere: usize) -> String {
    let waiting = match report.unsealed() {
        0 => String::new(),
        number => format!(", {number} not yet sealed"),
    };
    let elsewhere = match elsewhere {
        0 => String::new(),
        number => format!(" and {number} kept elsewhere"),
    };
    format!(
        "{} entries are as they were written{waiting}; {} checkpoints{elsewhere}; {} seals, the last one {}",
        report.entries, report.checkpoints, report.seals, report.head
    )
}

fn about(entry: &Broken) -> String {
    if entry.resource.is_empty() { String::new() } else { format!(", {}", entry.resource) }
}
