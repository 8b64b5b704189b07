//! Places in the change log, and cursors: places as readers carry them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::error::Error;
use uuid::Uuid;

/// The place of an entry in the order of the feed. The default is before all entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub(crate) struct Place {
    /// Grows when the database was restored somewhere else, where transactions are numbered anew. 0 on SQLite.
    pub epoch: i32,
    /// The transaction. 0 on SQLite.
    pub xid: i64,
    /// The entry's number.
    pub seq: i64,
}

/// How many bytes of an entry's hash a cursor carries.
const PROOF_BYTES: usize = 8;

/// A place together with what proves that it is of this log: the log's incarnation, and the beginning of the hash of
/// the entry that stands there (of a log that was set back, or restored from an older copy, it is not the same).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub incarnation: Uuid,
    pub place: Place,
    pub proof: [u8; PROOF_BYTES],
}

impl Cursor {
    /// The cursor after the entry at `place` that has this hash.
    pub fn after(incarnation: Uuid, place: Place, hash: &[u8]) -> Cursor {
        let mut proof = [0; PROOF_BYTES];
        proof.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
        Cursor { incarnation, place, proof }
    }

    /// Reads the text of a cursor.
    pub fn parse(text: &str) -> Result<Cursor, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        bytes
            .and_then(|bytes| Cursor::from_bytes(&bytes))
            .ok_or_else(|| Error::invalid("cursor", "is not one of a change log"))
    }

    fn from_bytes(bytes: &[u8]) -> Option<Cursor> {
        let (incarnation, rest) = bytes.split_first_chunk::<16>()?;
        let (epoch, rest) = rest.split_first_chunk::<4>()?;
        let (xid, rest) = rest.split_first_chunk::<8>()?;
        let (seq, rest) = rest.split_first_chunk::<8>()?;
        let place =
            Place { epoch: i32::from_be_bytes(*epoch), xid: i64::from_be_bytes(*xid), seq: i64::from_be_bytes(*seq) };
        Some(Cursor { incarnation: Uuid::from_bytes(*incarnation), place, proof: rest.try_into().ok()? })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(36 + PROOF_BYTES);
        bytes.extend_from_slice(self.incarnation.as_bytes());
        bytes.extend_from_slice(&self.place.epoch.to_be_bytes());
        bytes.extend_from_slice(&self.place.xid.to_be_bytes());
        bytes.extend_from_slice(&self.place.seq.to_be_bytes());
        bytes.extend_from_slice(&self.proof);
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_way_out_and_back() {
        let place = Place { epoch: 2, xid: 8_000_000_001, seq: 77 };
        let cursor = Cursor::after(Uuid::new_v4(), place, &[9; 32]);
        assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), cursor);
        for broken in ["x", "AAAA", "ä", &format!("{cursor}AAAA")] {
            assert_eq!(Cursor::parse(broken).unwrap_err().violations()[0].field, "cursor", "{broken}");
        }
    }
}
