//! `ngkt migrate`: brings the databases to this version's form without serving, or tells what that would do.

use std::process::ExitCode;

use chassis::host::Host;
use clap::Args;
use store::{Plan, Store};

use super::settings::Settings;
use crate::complaint::{Complaint, While};
use crate::platform::SERVICES;

/// What `--plan` ends with if something would be run.
const PENDING: u8 = 3;

/// Brings every database to this version's form, and ends
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// Tells what would be run and runs nothing; ends with 3 if there is something, with 1 if a newer version's form
    /// stands in the way
    #[arg(long)]
    plan: bool,
}

/// Migrates one service after the other.
pub async fn run(arguments: Arguments) -> Result<ExitCode, Complaint> {
    let config = arguments.settings.load(&[])?;
    if arguments.plan {
        return plan(&config).await;
    }
    let host = Host::new(config)?;
    let mut result = Ok(ExitCode::SUCCESS);
    for service in SERVICES {
        let opened = Store::open(&host, service).await.while_doing(|| format!("migrating {}", service.name));
        if let Err(complaint) = opened {
            result = Err(complaint);
            break;
        }
        println!("{}: up to date", service.name);
    }
    host.stop().await;
    result
}

async fn plan(config: &chassis::config::Config) -> Result<ExitCode, Complaint> {
    let (mut pending, mut breaking) = (false, Vec::new());
    for service in SERVICES {
        let name = service.name;
        let plan = Plan::of_service(config, service).await.while_doing(|| format!("reading the database of {name}"))?;
        pending |= !plan.pending.is_empty();
        match plan.pending.as_slice() {
            [] => println!("{name}: up to date"),
            all => all.iter().for_each(|migration| println!("{name}: would run {migration}")),
        }
        for migration in &plan.unknown {
            println!("{name}: a newer version has run {migration}");
        }
        breaking.extend(plan.breaking().map(|migration| format!("{name}: this version cannot work after {migration}")));
    }
    match (breaking.is_empty(), pending) {
        (false, _) => Err(Complaint::new(breaking.join("\n"))),
        (true, true) => Ok(ExitCode::from(PENDING)),
        (true, false) => Ok(ExitCode::SUCCESS),
    }
}
