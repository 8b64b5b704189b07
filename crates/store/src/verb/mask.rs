//! Which fields an update changes.

use chassis::error::{Error, Result};

/// `before` with the fields that `paths` names, or all that are set if it names none, taken from `change`.
pub(super) fn apply<M: api::Resource>(before: &M, change: &M, paths: &[String], field: &str) -> Result<M> {
    let mut after = before.clone();
    let mut refused: Vec<(String, String)> = Vec::new();
    match paths {
        [] => {
            for path in change.fields_set().into_iter().filter(|path| M::WRITABLE.contains(path)) {
                copy(&mut after, change, path);
            }
            for path in after.fields_changed(before).into_iter().filter(|path| M::IMMUTABLE.contains(path)) {
                refused.push((format!("{field}.{path}"), "cannot be changed after creation".to_owned()));
            }
        }
        paths => {
            for (index, path) in paths.iter().enumerate() {
                match why_not::<M>(path) {
                    None => copy(&mut after, change, path),
                    Some(why) => refused.push((format!("update_mask.paths[{index}]"), why)),
                }
            }
        }
    }
    let mut refused = refused.into_iter();
    let Some((first, why)) = refused.next() else { return Ok(after) };
    Err(refused.fold(Error::invalid(first, why), |error, (field, why)| error.violation(field, why)))
}

fn copy<M: api::Resource>(after: &mut M, change: &M, path: &str) {
    after.copy_field(path, change).expect("invariant: every writable field can be copied");
}

fn why_not<M: api::Resource>(path: &str) -> Option<String> {
    let top = path.split('.').next().unwrap_or_default();
    match path {
        _ if M::IMMUTABLE.contains(&path) => Some(format!("{path} cannot be changed after creation")),
        _ if M::WRITABLE.contains(&path) => None,
        _ if M::WRITABLE.contains(&top) => {
            Some(format!("{path} is inside {top}, which can only be changed as a whole"))
        }
        _ => Some(format!("{path} is not a field that can be changed; those are {}", M::WRITABLE.join(", "))),
    }
}
