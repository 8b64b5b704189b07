//! The keys that sign checkpoints.

use std::path::Path;

use chassis::error::Result;
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
    let public = |name: String| {
        let key = SigningKey::from_bytes(&identity::secret(dir, &name)?);
        Ok(hex::encode(key.verifying_key().as_bytes()))
    };
    identity::generations(dir, FILE)?.into_iter().map(public).collect()
}
