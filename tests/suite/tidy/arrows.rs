//! Who may use whom: the arrows of ARCHITECTURE.md, held against the manifests.

use std::collections::BTreeMap;

use super::source::{none, root};

/// Each package of ours, and the packages of ours that it may name.
const MAY_USE: &[(&str, &[&str])] = &[
    ("api", &[]),
    ("chassis", &["api"]),
    ("store", &["api", "chassis"]),
    ("gateway", &["api", "chassis"]),
    ("registry", &["api", "chassis", "store"]),
    ("investment", &["api", "chassis", "store"]),
    ("events", &["api", "chassis", "store"]),
    ("notification", &["api", "chassis", "store"]),
    ("ngkt", &["api", "chassis", "store", "gateway", "registry", "investment", "events", "notification"]),
    ("peer", &["api"]),
    ("tests", &["api", "ngkt"]),
];

/// The packages of the workspace and everything that each names, also for its own tests and its build script.
fn manifests() -> BTreeMap<String, Vec<String>> {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let output = std::process::Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a name").to_owned();
    let list = |value: &serde_json::Value| value.as_array().expect("a list").clone();
    list(&metadata["packages"])
        .iter()
        .map(|package| {
            (text(&package["name"]), list(&package["dependencies"]).iter().map(|d| text(&d["name"])).collect())
        })
        .collect()
}

#[test]
fn dependency_arrows_run_downwards_only() {
    let manifests = manifests();
    let mut complaints = Vec::new();
    for (package, dependencies) in &manifests {
        let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| name == package) else {
            complaints.push(format!("{package}: a new package; say here what it may use"));
            continue;
        };
        for dependency in dependencies.iter().filter(|d| manifests.contains_key(*d)) {
            if !may_use.contains(&dependency.as_str()) {
                complaints.push(format!("{package} uses {dependency}, and may use only {may_use:?}"));
            }
        }
    }
    for (package, _) in MAY_USE {
        if !manifests.contains_key(*package) {
            complaints.push(format!("{package} is listed here and is no longer a package"));
        }
    }
    none(&complaints);
}

#[test]
fn every_dependency_takes_the_workspaces_version() {
    let complaints: Vec<String> = super::source::sources(&["Cargo.toml"])
        .iter()
        .filter(|manifest| manifest.path != "Cargo.toml")
        .flat_map(|manifest| {
            let own_version =
                |line: &&str| line.contains(" = \"") && !line.starts_with("name") && !line.starts_with("path");
            manifest
                .text
                .split("dependencies]")
                .skip(1)
                .flat_map(|section| section.lines().skip(1).take_while(|line| !line.starts_with('[')))
                .filter(own_version)
                .map(|line| format!("{}: {line}: name the version in the root manifest", manifest.path))
                .collect::<Vec<_>>()
        })
        .collect();
    none(&complaints);
}
