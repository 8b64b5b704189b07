//! `ngkt token`: a bearer token of the platform's own issuer.

use api::options::v1::Role;
use chassis::caller::Caller;
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
    check_organization(request.organization)?;
    let roles = request.roles.iter().map(|role| parse_role(role)).collect::<Result<Vec<_>, _>>()?;
    let caller = Caller {
        subject: request.subject.to_owned(),
        organization: request.organization.to_owned(),
        roles,
        represented: String::new(),
    };
    Ok(Issuer::local(&config.key_dir(), Clock::of(&config.clock))?.issue(&caller, request.hours)?)
}

/// The collections whose members people and systems act for.
const ORGANIZATIONS: [&str; 4] = ["agencies", "missions", "localities", "organizations"];

fn check_organization(name: &str) -> Result<(), Complaint> {
    let form = "an organization is one of agencies/…, missions/…, localities/… or organizations/…";
    let refuse =
        |why: &str| Err(Complaint::new(format!("--organization {name}: {why}; {form}, such as missions/vn-in-emb")));
    let Some((collection, id)) = name.split_once('/') else { return refuse("not a resource name") };
    if !ORGANIZATIONS.contains(&collection) {
        return refuse("not a collection of organizations");
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || !id.chars().all(fits) {
        return refuse("the identifier has lower-case letters, digits and hyphens only");
    }
    Ok(())
}

fn parse_role(word: &str) -> Result<Role, Complaint> {
    let known = roles();
    known.iter().find(|(name, _)| name == word).map(|(_, role)| *role).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        Complaint::new(format!("--role {word}: no such role; there are {}", names.join(", ")))
    })
}

/// Every role that somebody outside can have, by its word on the command line.
fn roles() -> Vec<(String, Role)> {
    let role = api::pool().get_enum_by_name("ngkt.options.v1.Role").expect("invariant: the contract has roles");
    role.values()
        .filter_map(|value| Role::try_from(value.number()).ok())
        .filter(|role| !matches!(role, Role::Unspecified | Role::Service))
        .map(|role| (role.as_str_name().to_lowercase().replace('_', "-"), role))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_spelled_with_hyphens_and_services_are_not_among_them() {
        let names: Vec<String> = roles().into_iter().map(|(name, _)| name).collect();
        assert!(names.contains(&"mission-officer".to_owned()));
        assert!(names.contains(&"auditor".to_owned()));
        assert!(!names.contains(&"service".to_owned()));
        assert!(parse_role("service").is_err());
        let complaint = parse_role("ambassador").expect_err("no such role").to_string();
        assert!(complaint.contains("mission-officer") && complaint.contains("administrator"), "{complaint}");
    }

    #[test]
    fn organizations_have_the_form_of_resource_names() {
        for good in ["missions/vn-in-emb", "localities/bac-ninh-2025", "agencies/g08", "organizations/0193"] {
            assert!(check_organization(good).is_ok(), "{good}");
        }
        for bad in ["vn-in-emb", "missions/", "countries/LB", "missions/VN-IN", "missions/a/b", ""] {
            assert!(check_organization(bad).is_err(), "{bad}");
        }
    }
}
