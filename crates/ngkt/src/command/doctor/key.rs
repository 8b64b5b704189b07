//! The keys that tokens are signed with, and the one that personal data is sealed under.

use std::path::Path;

use chassis::config::Config;
use store::survey;

use super::finding::Finding;
use crate::platform::SERVICES;

/// The keys, and what is lost without each.
const KEYS: [(&str, &str); 3] = [
    ("outside", "tokens that were given out are refused"),
    ("internal", "services refuse each other"),
    ("personal", "personal data cannot be read any more"),
];

/// Looks at each key.
pub fn look(config: &Config) -> Vec<Finding> {
    let folder = config.key_dir();
    let used = SERVICES.iter().any(|service| survey::is_missing(config, service).is_ok_and(|missing| !missing));
    KEYS.iter().map(|(name, loss)| one(&folder, name, loss, used)).collect()
}

fn one(folder: &Path, name: &str, loss: &str, used: bool) -> Finding {
    let (check, path) = (format!("key {name}"), folder.join(format!("{name}.key")));
    match path.try_exists() {
        Ok(true) => {}
        // Made with the first record that has personal data in it.
        Ok(false) if used && name != "personal" => {
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
