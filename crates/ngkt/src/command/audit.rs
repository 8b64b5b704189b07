//! `ngkt audit verify`: walks the change logs of all services and names the first entry that was tampered with.

use clap::{Args, Subcommand};

use store::audit::{self, Broken, Report};

use super::settings::Settings;
use crate::complaint::{Complaint, While};
use crate::platform::SERVICES;

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

/// Walks one log after the other, to the end of all of them.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let config = arguments.settings.load(&[])?;
    let mut broken = Vec::new();
    for service in SERVICES {
        let name = service.name;
        let report = audit::verify_service(&config, name).await.while_doing(|| format!("reading the log of {name}"))?;
        match &report.broken {
            None => println!("{name}: {}", whole(&report)),
            Some(entry) => broken.push(format!("{name}: entry {}{}: {}", entry.sequence, about(entry), entry.what)),
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(Complaint::new(broken.join("\n"))) }
}

/// What was walked, and the end of the chain: written down elsewhere, it shows later that nothing was cut off.
fn whole(report: &Report) -> String {
    let waiting = match report.unsealed() {
        0 => String::new(),
        number => format!(", {number} not yet sealed"),
    };
    format!(
        "{} entries are as they were written{waiting}; {} seals, the last one {}",
        report.entries, report.seals, report.head
    )
}

fn about(entry: &Broken) -> String {
    if entry.resource.is_empty() { String::new() } else { format!(", {}", entry.resource) }
}
