//! `ngkt certificates`: an authority of the platform's own, and a certificate of it for each role.

use std::path::{Path, PathBuf};

use chassis::Clock;
use chassis::config::Config;
use clap::Args;

use super::authority::Authority;
use super::pem;
use crate::complaint::{Complaint, While};
use crate::platform::ROLES;

/// Makes certificates for TLS between the roles, or renews them
///
/// DIR/authority holds the authority and its key; DIR/ROLE holds what a process of that role needs: ca.pem,
/// certificate.pem and key.pem. What is there and still good stays as it is. Running processes take new files within a
/// minute.
#[derive(Args)]
pub struct Arguments {
    /// Folder to write to; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Days for which a certificate is good; it is renewed when a third of them is left
    #[arg(long, default_value_t = 365, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// Further name or address under which services are found, besides the role's own and localhost; may be repeated
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Renew every certificate now
    #[arg(long)]
    renew: bool,
    /// Add a new authority: it is trusted beside the old one at once, and issues from the next --renew on
    #[arg(long, conflicts_with = "renew")]
    new_authority: bool,
    /// Trust no authority but the newest any more
    #[arg(long, conflicts_with_all = ["renew", "new_authority"])]
    retire_authority: bool,
}

/// Writes what is missing or asked for.
pub fn run(arguments: Arguments) -> Result<(), Complaint> {
    let clock = Clock::of(&Config::default().clock);
    let folder = arguments.out.join("authority");
    let mut authority = Authority::open(&folder, clock.now())?;
    if arguments.new_authority {
        authority.add(clock.now())?;
        println!("authority: a new one is trusted from now on; run again with --renew in a few minutes");
    }
    if arguments.retire_authority {
        authority.retire(&ROLES.map(|role| arguments.out.join(role).join(pem::CERTIFICATE)))?;
        println!("authority: only the newest is trusted");
    }
    for role in ROLES {
        let folder = arguments.out.join(role);
        let issue = !arguments.new_authority && (arguments.renew || !is_good(&folder, &arguments, &clock)?);
        if issue {
            let names = [role.to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
            let names = names.into_iter().chain(arguments.names.iter().cloned()).collect();
            authority.issue(&folder, role, names, arguments.days, clock.now())?;
        }
        pem::write(&folder.join(pem::CA), authority.trusted())?;
        println!("{role}: {}", if issue { "a new certificate" } else { "unchanged" });
    }
    Ok(())
}

/// Whether there is a certificate of which more than a third of its time is left.
fn is_good(folder: &Path, arguments: &Arguments, clock: &Clock) -> Result<bool, Complaint> {
    let file = folder.join(pem::CERTIFICATE);
    if !file.exists() || !folder.join(pem::KEY).exists() {
        return Ok(false);
    }
    let expires = pem::expires(&file).while_doing(|| file.display().to_string())?;
    let left = (expires - clock.now().timestamp()) / (24 * 60 * 60);
    Ok(left > i64::from(arguments.days) / 3)
}
