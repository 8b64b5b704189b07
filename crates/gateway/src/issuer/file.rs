//! What an issuer is known by: the file that `deploy/issuer.toml` describes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chassis::caller::{self, Role};
use ipnet::IpNet;
use reqwest::Url;
use serde::Deserialize;

/// One issuer as its file has it, and what it is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub name: String,
    pub url: String,
    pub audience: String,
    pub keys_url: String,
    /// The authorities that answer for its certificate, as PEM.
    pub authorities: Vec<u8>,
    pub networks: Vec<IpNet>,
    pub subject_claim: String,
    pub roles_claim: String,
    pub roles: BTreeMap<String, Role>,
    pub acts_for: ActsFor,
}

/// For whom its bearers act.
#[derive(Debug, Clone, PartialEq)]
pub enum ActsFor {
    /// All of them for this organization; for none, if it is empty.
    One(String),
    /// For the one that this claim names, which is one of these.
    Claim(String, BTreeMap<String, String>),
    /// For the one that this claim names, whichever it is.
    Any(String),
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: String,
    audience: String,
    #[serde(default)]
    keys_url: String,
    #[serde(default)]
    ca: PathBuf,
    #[serde(default)]
    networks: Vec<IpNet>,
    #[serde(default = "subject_claim")]
    subject_claim: String,
    #[serde(default = "roles_claim")]
    roles_claim: String,
    #[serde(default)]
    organization_claim: String,
    #[serde(default)]
    organization: String,
    #[serde(default)]
    any_organization: bool,
    roles: BTreeMap<String, String>,
    #[serde(default)]
    organizations: BTreeMap<String, String>,
}

fn subject_claim() -> String {
    "sub".into()
}

fn roles_claim() -> String {
    "roles".into()
}

/// The issuer of a file. Otherwise says what is wrong, and with which key of which file.
pub fn read(path: &Path) -> Result<Settings, String> {
    let told = |why: String| format!("{}: {why}", path.display());
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    api::check_form(name, api::rule::Form::Slug).map_err(|why| told(format!("its name {why}")))?;
    let text = std::fs::read_to_string(path).map_err(|cause| told(cause.to_string()))?;
    let written: Written = toml::from_str(&text).map_err(|cause| told(cause.to_string()))?;
    settings(name, path, written).map_err(told)
}

fn settings(name: &str, path: &Path, written: Written) -> Result<Settings, String> {
    check_url(&written.url).map_err(|why| format!("url {why}"))?;
    if !written.keys_url.is_empty() {
        check_url(&written.keys_url).map_err(|why| format!("keys_url {why}"))?;
    }
    for (key, value) in [
        ("audience", &written.audience),
        ("subject_claim", &written.subject_claim),
        ("roles_claim", &written.roles_claim),
    ] {
        if value.is_empty() {
            return Err(format!("{key} must not be empty"));
        }
    }
    if written.roles.is_empty() {
        return Err("roles must have one at least: without a role nobody may do anything".into());
    }
    let role = |(theirs, ours): (&String, &String)| {
        let role = caller::role(ours).map_err(|why| format!("roles.{theirs} {ours}: {why}"))?;
        Ok((theirs.clone(), role))
    };
    let roles = written.roles.iter().map(role).collect::<Result<_, String>>()?;
    Ok(Settings {
        authorities: authorities(path, &written.ca).map_err(|why| format!("ca {}: {why}", written.ca.display()))?,
        acts_for: acts_for(&written)?,
        name: name.into(),
        url: written.url,
        audience: written.audience,
        keys_url: written.keys_url,
        networks: written.networks,
        subject_claim: written.subject_claim,
        roles_claim: written.roles_claim,
        roles,
    })
}

/// Over plain HTTP anybody between could hand out keys of his own; on this machine there is nobody between.
pub fn check_url(text: &str) -> Result<(), String> {
    let url = Url::parse(text).map_err(|cause| format!("{text:?}: {cause}"))?;
    let here = ["127.0.0.1", "[::1]", "localhost"].iter().any(|host| url.host_str() == Some(host));
    match url.scheme() {
        "https" => Ok(()),
        "http" if here => Ok(()),
        _ => Err(format!("{text:?} must begin with https://")),
    }
}

/// The file that `ca` names, beside the issuer's if it is no whole path.
fn authorities(path: &Path, ca: &Path) -> Result<Vec<u8>, String> {
    if ca.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    std::fs::read(path.with_file_name("").join(ca)).map_err(|cause| cause.to_string())
}

fn acts_for(written: &Written) -> Result<ActsFor, String> {
    let claim = &written.organization_claim;
    for (key, name) in std::iter::once(("organization".into(), &written.organization))
        .filter(|(_, name)| !name.is_empty())
        .chain(written.organizations.iter().map(|(theirs, ours)| (format!("organizations.{theirs}"), ours)))
    {
        caller::check_organization(name).map_err(|why| format!("{key} {name}: {why}"))?;
    }
    match (
        claim.is_empty(),
        written.organization.is_empty(),
        written.any_organization,
        written.organizations.is_empty(),
    ) {
        (true, _, false, true) => Ok(ActsFor::One(written.organization.clone())),
        (true, ..) => Err("organization_claim is needed for any_organization and for organizations".into()),
        (false, false, ..) => Err("organization and organization_claim exclude each other".into()),
        (false, true, true, true) => Ok(ActsFor::Any(claim.clone())),
        (false, true, false, false) => Ok(ActsFor::Claim(claim.clone(), written.organizations.clone())),
        (false, true, true, false) => Err("any_organization and organizations exclude each other".into()),
        (false, true, false, true) => {
            Err("organization_claim needs either organizations or any_organization = true".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../deploy/issuer.toml");

    fn from(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ministry-id.toml");
        std::fs::write(&path, text).expect("a file");
        read(&path)
    }

    #[test]
    fn what_the_example_calls_a_default_is_one() {
        let shortest = "url = \"https://id.example.gov.vn/realms/staff\"\naudience = \"ngkt\"\n\
                        [roles]\ncan-bo-dai-su-quan = \"mission-officer\"\n";
        let whole = from(EXAMPLE).expect("a good file");
        assert_eq!(whole, from(shortest).expect("a good file"));
        assert_eq!((whole.name.as_str(), whole.roles["can-bo-dai-su-quan"]), ("ministry-id", Role::MissionOfficer));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_key() {
        let changed = |from: &str, to: &str| {
            assert!(EXAMPLE.contains(from), "{from}");
            EXAMPLE.replacen(from, to, 1)
        };
        for (text, told) in [
            (changed("url = \"https://id.", "url = \"http://id."), "url"),
            (changed("keys_url = \"\"", "keys_url = \"keys\""), "keys_url"),
            (changed("audience = \"ngkt\"", "audience = \"\""), "audience"),
            (changed("audience = \"ngkt\"", ""), "audience"),
            (changed("networks = []", "networks = [\"10.0.0.0/40\"]"), "networks"),
            (changed("networks = []", "network = []"), "network"),
            (changed("ca = \"\"", "ca = \"nowhere.pem\""), "ca nowhere.pem"),
            (changed("\"mission-officer\"", "\"service\""), "roles.can-bo-dai-su-quan"),
            (changed("can-bo-dai-su-quan = ", "# "), "roles"),
            (changed("organization = \"\"", "organization = \"vn-in\""), "organization vn-in"),
            (changed("organization_claim = \"\"", "organization_claim = \"org\""), "any_organization"),
            (changed("any_organization = false", "any_organization = true"), "organization_claim"),
            (format!("{EXAMPLE}moit = \"agencies/G08\"\n"), "organizations.moit"),
            (format!("{EXAMPLE}moit = \"agencies/g08\"\n"), "organization_claim"),
        ] {
            let complaint = from(&text).expect_err(told);
            assert!(complaint.contains("ministry-id.toml") && complaint.contains(told), "{told}: {complaint}");
        }
    }
}
