//! The keys of personal data: each record's own, wrapped by one in a file.

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use chassis::error::{Error, Result};
use chassis::identity;
use hmac::{Hmac, Mac};
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sha2::Sha256;

/// The file in the folder of keys, without `.key`.
const FILE: &str = "personal";
/// What each of the keys that follow from the one in the file is for.
const WRAPS: &[u8] = b"ngkt.personal.wrap.v1";
const BLINDS: &[u8] = b"ngkt.personal.blind.v1";

/// How sealed bytes are made, first among them: this, a nonce of 24 bytes, and the ciphertext of XChaCha20-Poly1305 with the
/// record's name as associated data.
const FORM: u8 = 1;
const NONCE: usize = 24;

/// Bytes that are kept of a word.
const BLINDED: usize = 16;

/// Opens and makes keys. The file is read, or made, when the first one is asked for.
pub(crate) struct Vault {
    dir: PathBuf,
    keys: OnceLock<Keys>,
}

struct Keys {
    wrap: XChaCha20Poly1305,
    blind: [u8; 32],
}

/// The key of one record.
pub(crate) struct DataKey(XChaCha20Poly1305);

impl Vault {
    /// With its file in this folder.
    pub fn new(dir: PathBuf) -> Vault {
        Vault { dir, keys: OnceLock::new() }
    }

    /// Its file.
    pub fn file(&self) -> PathBuf {
        self.dir.join(format!("{FILE}.key"))
    }

    /// A new key for the record `name`, and the same wrapped.
    pub fn make(&self, name: &str) -> Result<(DataKey, Vec<u8>)> {
        let key: [u8; 32] = random()?;
        let wrapped = seal(&self.keys()?.wrap, name, &key)?;
        Ok((DataKey(XChaCha20Poly1305::new(&key.into())), wrapped))
    }

    /// The key of the record `name`.
    pub fn unwrap(&self, name: &str, wrapped: &[u8]) -> Result<DataKey> {
        let key = open(&self.keys()?.wrap, name, wrapped)?;
        XChaCha20Poly1305::new_from_slice(&key).map(DataKey).map_err(Error::internal)
    }

    /// What is kept of a word, so that it can be found by whoever knows it and has the key in the file.
    pub fn blind(&self, word: &str) -> Result<Vec<u8>> {
        let mut mac = derived(&self.keys()?.blind, word.as_bytes()).to_vec();
        mac.truncate(BLINDED);
        Ok(mac)
    }

    fn keys(&self) -> Result<&Keys> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        let secret = identity::secret(&self.dir, FILE)?;
        let wrap = XChaCha20Poly1305::new(&derived(&secret, WRAPS).into());
        Ok(self.keys.get_or_init(|| Keys { wrap, blind: derived(&secret, BLINDS) }))
    }
}

impl DataKey {
    /// Seals bytes of the record `name`.
    pub fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>> {
        seal(&self.0, name, plain)
    }

    /// Opens bytes that were sealed for the record `name`.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        open(&self.0, name, sealed)
    }
}

fn seal(key: &XChaCha20Poly1305, name: &str, plain: &[u8]) -> Result<Vec<u8>> {
    let nonce: [u8; NONCE] = random()?;
    let payload = Payload { msg: plain, aad: name.as_bytes() };
    let sealed =
        key.encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::internal("personal data could not be sealed"))?;
    Ok([&[FORM][..], &nonce, &sealed].concat())
}

fn open(key: &XChaCha20Poly1305, name: &str, sealed: &[u8]) -> Result<Vec<u8>> {
    let wrong = || Error::internal(format!("what is sealed of {name} does not open: another key, or other bytes"));
    let (form, rest) = sealed.split_first().ok_or_else(wrong)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>().filter(|_| *form == FORM).ok_or_else(wrong)?;
    let payload = Payload { msg: sealed, aad: name.as_bytes() };
    key.decrypt(&XNonce::from(*nonce), payload).map_err(|_| wrong())
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

fn derived(key: &[u8; 32], of: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("invariant: any length is a key");
    mac.update(of);
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Vault").field(&self.dir).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_for_its_record_alone() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path().to_owned());
        let (key, wrapped) = vault.make("contacts/1").unwrap();
        let sealed = key.seal("contacts/1", b"Lan").unwrap();
        assert!(!sealed.windows(3).any(|part| part == b"Lan") && sealed != key.seal("contacts/1", b"Lan").unwrap());
        // Another process has the file and the wrapped key.
        let again = Vault::new(dir.path().to_owned());
        assert_eq!(again.unwrap("contacts/1", &wrapped).unwrap().open("contacts/1", &sealed).unwrap(), b"Lan");
        assert_eq!(again.blind("lan").unwrap(), vault.blind("lan").unwrap());
        assert!(again.unwrap("contacts/2", &wrapped).is_err() && key.open("contacts/2", &sealed).is_err());
        let mut other = sealed.clone();
        *other.last_mut().unwrap() ^= 1;
        assert!(key.open("contacts/1", &other).is_err() && key.open("contacts/1", &[]).is_err());
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(Vault::new(elsewhere.path().to_owned()).unwrap("contacts/1", &wrapped).is_err());
    }
}
