//! `ngkt doctor`: looks at everything that an installation stands on, and says what is wrong and what to do.

mod certificate;
mod database;
mod finding;
mod folder;
mod issuer;
mod key;
mod peer;

use chassis::config::Config;
use clap::Args;

use self::finding::{Finding, State};
use super::settings::Settings;
use crate::build::BUILD;
use crate::complaint::Complaint;

/// Checks settings, keys, certificates, issuers, disk, clocks, databases, peers and queues, and says what to do; fails if there is a problem
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// Print one JSON object, for machines
    #[arg(long)]
    json: bool,
}

/// Looks, and tells each finding in a line. Fails if one of them is a problem.
pub async fn run(arguments: Arguments) -> Result<(), Complaint> {
    let findings = look(&arguments.settings).await;
    match arguments.json {
        true => println!("{}", finding::json(&findings)),
        false => findings.iter().for_each(|finding| println!("{finding}")),
    }
    match findings.iter().filter(|finding| finding.state == State::Problem).count() {
        0 => Ok(()),
        1 => Err(Complaint::new("there is a problem")),
        number => Err(Complaint::new(format!("there are {number} problems"))),
    }
}

async fn look(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("program", format!("version {}, commit {}", BUILD.version, BUILD.commit))];
    let config = match settings.load(&[]) {
        Ok(config) => config,
        Err(complaint) => {
            let todo = "put it right; deploy/ngkt.toml says what each setting is";
            findings.push(Finding::problem("settings", complaint.to_string(), todo));
            return findings;
        }
    };
    findings.push(Finding::ok("settings", "each is known and within its bounds"));
    findings.extend(clock(&config));
    findings.extend(folder::look(&config));
    findings.extend(key::look(&config));
    findings.extend(certificate::look(&config));
    findings.extend(issuer::look(&config).await);
    findings.extend(peer::look(&config).await);
    findings.extend(database::look(&config).await);
    findings
}

/// What the clocks of others say is told with them.
fn clock(config: &Config) -> Option<Finding> {
    let file = &config.clock.offset_file;
    (!file.as_os_str().is_empty()).then(|| {
        let what = format!("clock.offset_file is {}: the platform does not go by the real time", file.display());
        Finding::warning("clock", what, "take the setting out, unless this is a test")
    })
}
