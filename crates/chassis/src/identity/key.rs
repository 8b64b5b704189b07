//! Keys in files: created once, by whoever comes first, never seen half-written.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use rand::TryRngCore as _;

use crate::error::{BoxError, Error, Result};

/// What stands before the 32 bytes of an Ed25519 key in its PKCS #8 form.
const PKCS8_HEAD: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// An Ed25519 key pair.
pub(super) struct Key {
    pub(super) private: EncodingKey,
    pub(super) public: DecodingKey,
}

impl Key {
    /// Opens the key `name` in `dir`, or creates both.
    pub(super) fn open(dir: &Path, name: &str) -> Result<Key> {
        let path = path(dir, name);
        let seed = secret(dir, name)?;
        let private = EncodingKey::from_ed_der(&[&PKCS8_HEAD[..], &seed].concat());
        let public = Jwk::from_encoding_key(&private, Algorithm::EdDSA).and_then(|jwk| DecodingKey::from_jwk(&jwk));
        Ok(Key { private, public: public.map_err(|cause| trouble(&path, cause))? })
    }
}

/// The 32 secret bytes in the file of this name; made, if there is none, by whoever comes first.
pub fn secret(dir: &Path, name: &str) -> Result<[u8; 32]> {
    let path = path(dir, name);
    let seed = match std::fs::read_to_string(&path) {
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {
            create(dir, &path).map_err(|cause| trouble(&path, cause))?;
            std::fs::read_to_string(&path)
        }
        read => read,
    };
    let text = seed.map_err(|cause| trouble(&path, cause))?;
    let seed = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|cause| trouble(&path, cause))?;
    seed.try_into().map_err(|_| trouble(&path, "it does not hold a key of 32 bytes"))
}

/// The keys of this name that are in `dir`: the present one (`internal`) and those that it took the place of, which somebody
/// gave a longer name (`internal-2026`).
pub fn generations(dir: &Path, name: &str) -> Result<Vec<String>> {
    let unreadable = |cause| trouble(dir, cause);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.file_name();
        let key = file.to_str().and_then(|file| file.strip_suffix(".key"));
        let rest = key.and_then(|key| key.strip_prefix(name));
        if let Some(key) = key.filter(|_| rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))) {
            found.push(key.to_owned());
        }
    }
    found.sort();
    Ok(found)
}

fn path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.key"))
}

fn trouble(path: &Path, cause: impl Into<BoxError>) -> Error {
    let cause = format!("key {}: {}", path.display(), cause.into());
    Error::internal(cause)
}

/// Writes a new key under a name of its own and links it to `path`, which fails if somebody else was first: whoever
/// then reads `path` reads the one key that all will use, whole.
fn create(dir: &Path, path: &Path) -> Result<(), BoxError> {
    create_dir(dir)?;
    let mut seed = [0; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut seed)?;
    let draft: PathBuf = path.with_extension(format!("{}.draft", uuid::Uuid::new_v4().simple()));
    let mut file = private_file(&draft)?;
    file.write_all(URL_SAFE_NO_PAD.encode(seed).as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(taken) if taken.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        linked => Ok(linked?),
    }
}

fn create_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true).open(path)
}
