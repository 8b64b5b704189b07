//! The keys that sign checkpoints.

use std::path::Path;

use chassis::error::{Error, Result};
use chassis::identity;
use ed25519_dalek::SigningKey;

/// The file in the folder of keys, without `.key`. Keys of before are kept beside it under names that begin like it.
const FILE: &str = "audit";

/// The key that signs; made if there is none.
pub(super) fn signing(dir: &Path) -> Result<SigningKey> {
    Ok(SigningKey::from_bytes(&identity::secret(dir, FILE)?))
}

/// The public keys of this platform, also those of before (`audit-2026.key`), in hexadecimal digits.
pub fn public_keys(dir: &Path) -> Result<Vec<String>> {
    let trouble = |error| Error::internal(format!("{} cannot be read: {error}", dir.display()));
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(trouble)? {
        let name = entry.map_err(trouble)?.file_name();
        let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".key")) else { continue };
        if name.starts_with(FILE) {
            let key = SigningKey::from_bytes(&identity::secret(dir, name)?);
            keys.push(hex::encode(key.verifying_key().as_bytes()));
        }
    }
    Ok(keys)
}
