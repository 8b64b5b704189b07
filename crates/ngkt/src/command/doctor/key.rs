//! The keys that tokens and checkpoints are signed with, and the one that personal data is sealed under.

use std::path::Path;

use chassis::config::Config;
use store::survey;

use super::finding::Finding;
use crate::platform::SERVICES;

/// A key, and what is lost without it.
struct Key {
    name: &'static str,
    loss: &'static str,
    /// Whether every platform that was started once has it.
    always: bool,
}

const KEYS: [Key; 4] = [
    Key { name: "outside", loss: "tokens that were given out are refused", always: true },
    Key { name: "internal", loss: "services refuse each other", always: true },
    // Made by the first release that signs checkpoints.
    Key { name: "audit", loss: "checkpoints that were signed count as somebody else's", always: false },
    // Made with the first record that has personal data in it.
    Key { name: "personal", loss: "personal data cannot be read any more", always: false },
];

/// Looks at each key.
pub fn look(config: &Config) -> Vec<Finding> {
    let folder = config.key_dir();
    let used = SERVICES.iter().any(|service| survey::is_missing(config, service).is_ok_and(|missing| !missing));
    KEYS.iter().map(|key| one(&folder, key, used)).collect()
}

fn one(folder: &Path, key: &Key, used: bool) -> Finding {
    let Key { name, loss, always } = key;
    let (check, path) = (format!("key {name}"), folder.join(format!("{name}.key")));
    match path.try_exists() {
        Ok(true) => {}
        Ok(false) if used && *always => {
            let todo = "put it back from the backup; all processes of one platform share identity.key_dir";
            return Finding::problem(check, format!("{} is not there: {loss}", path.display()), todo);
        }
        Ok(false) => {
            let todo = "nothing if this is new: it is made when it is first needed; else put it back from the backup";
            return Finding::warning(check, format!("{} is not there: {loss}", path.display()), todo);
        }
        Err(cause) => return unreadable(check, &path, &cause.to_string()),
    }
    if let Err(error) = chassis::identity::secret(folder, name) {
        let cause = error.cause().map_or_else(|| error.to_string(), ToString::to_string);
        return unreadable(check, &path, &cause);
    }
    match readers(&path) {
        Some(who) => {
            let todo = format!("chmod 600 {}", path.display());
            Finding::problem(check, format!("{} can be read by {who}", path.display()), todo)
        }
        None => Finding::ok(check, format!("{} can be read, by its owner only", path.display())),
    }
}

fn unreadable(check: String, path: &Path, cause: &str) -> Finding {
    let todo = "give it to the user that runs the platform, or put it back from the backup";
    Finding::problem(check, format!("{} cannot be read: {cause}", path.display()), todo)
}

/// Who can read the file besides its owner. A group may be how a container gets it.
#[cfg(unix)]
fn readers(path: &Path) -> Option<&'static str> {
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(path).ok()?);
    (mode & 0o007 != 0).then_some("everybody on the machine")
}

#[cfg(not(unix))]
fn readers(_: &Path) -> Option<&'static str> {
    None
}
