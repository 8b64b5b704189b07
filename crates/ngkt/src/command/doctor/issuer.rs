//! The issuers outside whose tokens are taken: whether their files are right, and whether they tell their keys.

use chassis::config::Config;

use super::finding::Finding;

/// Asks each issuer that has a file.
pub async fn look(config: &Config) -> Vec<Finding> {
    let dir = config.issuer_dir();
    let seen = match gateway::issuer::look(&dir).await {
        Ok(seen) => seen,
        Err(why) => return vec![Finding::problem("issuers", why, "let this user read the folder")],
    };
    let one = |(name, seen)| {
        let check = format!("issuer {name}");
        match seen {
            Ok(gateway::issuer::Seen { url, keys }) => Finding::ok(check, format!("{url} has {keys} keys that sign")),
            Err(why) => {
                let todo = "put its file right, as in deploy/issuer.toml, or have the issuer reached from here (runbook, Add an issuer)";
                Finding::problem(check, why, todo)
            }
        }
    };
    seen.into_iter().map(one).collect()
}
