//! Signed checkpoints: now and then the platform signs which seal was the last of a service's chain, keeps that in the
//! database, and appends it to a file that somebody else can keep. Whoever can write the database can write the whole
//! chain anew, with all of its hashes; but the seals of then would not be those that were signed then, and are in the
//! file.
//!
//! A checkpoint is signed with Ed25519 by the key `audit.key`, over the bytes `ngkt.checkpoint.v1`, a zero byte, the
//! service, a zero byte, the seal's number (8 bytes, big-endian), its hash (32 bytes) and the time in microseconds since
//! 1970 (8 bytes, big-endian).

mod keeping;
mod keys;

use chassis::error::{Error, Result};
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};

pub(crate) use keeping::{M20261128Checkpoint, all, start};
pub use keys::public_keys;

use crate::audit::Broken;
use crate::{database, seal};

const DOMAIN: &[u8] = b"ngkt.checkpoint.v1\0";

/// A seal that was the last one when it was signed. In JSON it is a line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// The service whose chain it is of.
    pub service: String,
    /// The seal's number.
    pub seal: i64,
    /// The seal's hash, in hexadecimal digits.
    pub hash: String,
    /// When it was signed, in microseconds since 1970.
    pub time: i64,
    /// The public key, in hexadecimal digits.
    pub key: String,
    /// The signature, in hexadecimal digits.
    pub signature: String,
}

impl Checkpoint {
    fn sign(key: &SigningKey, service: &str, seal: i64, hash: &[u8], time: i64) -> Checkpoint {
        let signature = key.sign(&signed(service, seal, hash, time));
        Checkpoint {
            service: service.to_owned(),
            seal,
            hash: hex::encode(hash),
            time,
            key: hex::encode(key.verifying_key().as_bytes()),
            signature: hex::encode(signature.to_bytes()),
        }
    }

    /// What is wrong with it in itself, if it is to be signed by one of these keys.
    fn fault(&self, keys: &[String]) -> Option<&'static str> {
        if !keys.contains(&self.key) {
            return Some("is signed by a key that is none of the platform's");
        }
        let whole = || {
            let key: [u8; 32] = hex::decode(&self.key).ok()?.try_into().ok()?;
            let signature: [u8; 64] = hex::decode(&self.signature).ok()?.try_into().ok()?;
            let bytes = signed(&self.service, self.seal, &hex::decode(&self.hash).ok()?, self.time);
            VerifyingKey::from_bytes(&key).ok()?.verify(&bytes, &Signature::from_bytes(&signature)).ok()
        };
        whole().is_none().then_some("is not what was signed")
    }
}

fn signed(service: &str, seal: i64, hash: &[u8], time: i64) -> Vec<u8> {
    [DOMAIN, service.as_bytes(), &[0], &seal.to_be_bytes(), hash, &time.to_be_bytes()].concat()
}

/// Checkpoints, one a line, as the file has them. A last line that is not whole was being written, and is left out.
pub fn lines(text: &str) -> Result<Vec<Checkpoint>> {
    let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
    let read = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| Error::internal(format!("line {}: {error}", number + 1)))
    };
    whole.lines().enumerate().filter(|(_, line)| !line.is_empty()).map(read).collect()
}

/// Holds the chain of `service` against checkpoints that were signed by one of these keys. Tells the first that is not of
/// this chain: then the chain was written anew, or its end was cut off, after that time.
pub(crate) async fn compare(
    db: &impl ConnectionTrait,
    service: &str,
    checkpoints: &[Checkpoint],
    keys: &[String],
) -> Result<Option<Broken>> {
    for checkpoint in checkpoints.iter().filter(|checkpoint| checkpoint.service == service) {
        let seal = seal::after(db, checkpoint.seal - 1, 1).await.map_err(database)?.pop();
        let seal = seal.filter(|seal| seal.number == checkpoint.seal);
        let what = match (&seal, checkpoint.fault(keys)) {
            (_, Some(fault)) => fault,
            (None, None) => "has no such seal: the end of the chain was cut off",
            (Some(seal), None) if hex::encode(&seal.hash) != checkpoint.hash => {
                "has another seal of this number: history was written anew"
            }
            (Some(_), None) => continue,
        };
        let time = chrono::DateTime::from_timestamp_micros(checkpoint.time).unwrap_or_default();
        let subject = if what.starts_with("has") { "the chain" } else { "it" };
        let text = format!("the checkpoint of {} at the seal {}: {subject} {what}", time.to_rfc3339(), checkpoint.seal);
        let sequence = seal.and_then(|seal| seal.first()).unwrap_or_default();
        return Ok(Some(Broken { sequence, resource: String::new(), what: text }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_what_was_signed_by_a_key_of_the_platform() {
        let (ours, other) = (SigningKey::from_bytes(&[7; 32]), SigningKey::from_bytes(&[8; 32]));
        let keys = vec![hex::encode(ours.verifying_key().as_bytes())];
        let made = Checkpoint::sign(&ours, "events", 3, &[1; 32], 1_795_000_000_000_000);
        assert_eq!(made.fault(&keys), None);
        let line = serde_json::to_string(&made).unwrap();
        assert_eq!(lines(&format!("{line}\n{{\"service\":")).unwrap(), std::slice::from_ref(&made));
        assert!(lines("{}\n").unwrap_err().to_string().contains("INTERNAL"));
        for changed in [
            Checkpoint { seal: 4, ..made.clone() },
            Checkpoint { time: 0, ..made.clone() },
            Checkpoint { service: "registry".to_owned(), ..made.clone() },
        ] {
            assert_eq!(changed.fault(&keys), Some("is not what was signed"));
        }
        let foreign = Checkpoint::sign(&other, "events", 3, &[1; 32], 0);
        assert!(foreign.fault(&keys).is_some_and(|fault| fault.contains("none of the platform's")));
    }
}
