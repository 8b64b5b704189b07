//! `ngkt token`: a bearer token of the platform's own issuer.

use chassis::caller::{self, Caller};
use chassis::clock::Clock;
use chassis::config::Config;
use chassis::identity::Issuer;
use clap::Args;

use super::settings::Settings;
use crate::complaint::Complaint;

/// Prints a bearer token for the platform of a data folder
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    /// The body that the bearer acts for: missions/…, localities/…, agencies/… or organizations/…
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// What the bearer is; several are separated by commas or given one by one
    #[arg(long = "role", value_name = "ROLE", required = true, value_delimiter = ',')]
    roles: Vec<String>,
    /// How long the token is good for
    #[arg(long, default_value_t = 24, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=24 * 366))]
    hours: u32,
    /// Who bears it, as the change log will name them
    #[arg(long, default_value = "operator-issued", value_name = "SUBJECT")]
    subject: String,
}

/// What a token is to say.
pub struct TokenRequest<'a> {
    /// The body that the bearer acts for, by resource name.
    pub organization: &'a str,
    /// Roles as the command line spells them, such as `mission-officer`.
    pub roles: &'a [&'a str],
    /// Who bears it.
    pub subject: &'a str,
    /// For how many hours from now it is good.
    pub hours: u32,
}

/// Prints the token.
pub fn run(arguments: Arguments) -> Result<(), Complaint> {
    let config = arguments.settings.load(&[])?;
    let roles: Vec<&str> = arguments.roles.iter().map(String::as_str).collect();
    let request = TokenRequest {
        organization: &arguments.organization,
        roles: &roles,
        subject: &arguments.subject,
        hours: arguments.hours,
    };
    println!("{}", token(&config, &request)?);
    Ok(())
}

/// Issues a bearer token for the platform with these settings, with its key, which is made if it is not there.
/// Fails on an organization or a role that does not exist.
pub fn token(config: &Config, request: &TokenRequest<'_>) -> Result<String, Complaint> {
    let refused = |option: &str, word: &str, why: String| Complaint::new(format!("--{option} {word}: {why}"));
    caller::check_organization(request.organization)
        .map_err(|why| refused("organization", request.organization, why))?;
    let role = |word: &&str| caller::role(word).map_err(|why| refused("role", word, why));
    let roles = request.roles.iter().map(role).collect::<Result<Vec<_>, _>>()?;
    let caller = Caller {
        subject: request.subject.to_owned(),
        organization: request.organization.to_owned(),
        roles,
        represented: String::new(),
    };
    Ok(Issuer::local(&config.key_dir(), Clock::of(&config.clock))?.issue(&caller, request.hours)?)
}
