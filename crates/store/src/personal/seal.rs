//! Records with their personal data sealed.

use std::borrow::Cow;

use chassis::error::{Error, Result};
use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field};

use super::key::{self, Key};
use super::vault::Vault;
use crate::resource::Resource;
use crate::tx::Tx;
use sea_orm::ConnectionTrait;

/// The field that holds what is sealed, in the bytes of every kind of record; no message has it, so it is passed over by whoever
/// reads one.
pub(crate) const TAG: u32 = 536_870_911;

/// A record as it is kept: without its personal data, and that sealed.
pub(crate) struct Sealed<'a, M: Clone> {
    pub bare: Cow<'a, M>,
    seal: Vec<u8>,
}

impl<M: api::Resource> Sealed<'_, M> {
    /// These bytes of the bare record, and what is sealed behind them.
    pub fn behind(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if !self.seal.is_empty() {
            encode_key(TAG, WireType::LengthDelimited, &mut bytes);
            encode_varint(self.seal.len() as u64, &mut bytes);
            bytes.extend_from_slice(&self.seal);
        }
        bytes
    }
}

/// The record without its personal data; itself, if its kind has none.
pub fn bare<M: api::Resource>(record: &M) -> Cow<'_, M> {
    if M::PERSONAL.is_empty() {
        return Cow::Borrowed(record);
    }
    let mut bare = record.clone();
    fill(&mut bare, &M::default());
    Cow::Owned(bare)
}

/// Nothing but the personal data of a record.
pub(super) fn part<M: api::Resource>(record: &M) -> M {
    let mut part = M::default();
    fill(&mut part, record);
    part
}

/// Gives a record the personal data of another.
pub(crate) fn fill<M: api::Resource>(record: &mut M, from: &M) {
    for field in M::PERSONAL {
        record.copy_field(field, from).expect("invariant: personal fields are a resource's own");
    }
}

/// The personal fields that hold something.
pub(super) fn present<M: api::Resource>(record: &M) -> Vec<&'static str> {
    match M::PERSONAL {
        [] => Vec::new(),
        personal => record.fields_set().into_iter().filter(|field| personal.contains(field)).collect(),
    }
}

/// Seals the personal data of a record that is about to be written.
pub(crate) async fn close<'a, R: Resource>(tx: &Tx, record: &'a R::Message) -> Result<Sealed<'a, R::Message>> {
    if present(record).is_empty() {
        return Ok(Sealed { bare: Cow::Borrowed(record), seal: Vec::new() });
    }
    let name = api::Resource::name(record);
    let Key::There(key) = key::for_writing(tx, name).await? else { return Err(super::erased::<R>(record)) };
    let seal = key.seal(name, &part(record).encode_to_vec())?;
    Ok(Sealed { bare: bare(record), seal })
}

/// Gives a record that was read as `bytes` its personal data back.
pub(crate) async fn open<M: api::Resource>(
    db: &impl ConnectionTrait,
    vault: &Vault,
    record: &mut M,
    bytes: &[u8],
) -> Result<()> {
    if M::PERSONAL.is_empty() || find(bytes)?.is_none() {
        return Ok(());
    }
    let keys = key::of(db, vault, &[record.name().to_owned()]).await?;
    if let Some(Key::There(key)) = keys.get(record.name()) {
        unseal(key, record, bytes)?;
    }
    Ok(())
}

/// The same with the key at hand.
pub(super) fn unseal<M: api::Resource>(key: &super::vault::DataKey, record: &mut M, bytes: &[u8]) -> Result<()> {
    if let Some(sealed) = find(bytes)? {
        let plain = key.open(record.name(), sealed)?;
        fill(record, &M::decode(&*plain).map_err(Error::internal)?);
    }
    Ok(())
}

/// What is sealed in the bytes of a record.
pub(super) fn find(bytes: &[u8]) -> Result<Option<&[u8]>> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (tag, kind) = decode_key(&mut rest).map_err(Error::internal)?;
        if tag != TAG || kind != WireType::LengthDelimited {
            skip_field(kind, tag, &mut rest, DecodeContext::default()).map_err(Error::internal)?;
            continue;
        }
        let length = decode_varint(&mut rest).map_err(Error::internal)?;
        let length = usize::try_from(length).map_err(Error::internal)?;
        return rest.get(..length).map(Some).ok_or_else(|| Error::internal("sealed bytes are cut off"));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::Contact;

    #[test]
    fn what_is_sealed_stands_behind_a_record_and_is_passed_over_by_whoever_reads_it() {
        let contact = Contact {
            display_name: "Nguyễn Thị Lan".into(),
            organization: "organizations/a".into(),
            purpose: "Work".into(),
            ..Contact::default()
        };
        assert_eq!(present(&contact), ["display_name"]);
        let sealed = Sealed { bare: bare(&contact), seal: vec![7; 300] };
        let bytes = sealed.behind(sealed.bare.encode_to_vec());
        let read = Contact::decode(&*bytes).unwrap();
        assert_eq!((read.display_name.as_str(), read.purpose.as_str()), ("", "Work"));
        assert_eq!(find(&bytes).unwrap(), Some(&[7_u8; 300][..]));
        assert_eq!(find(&contact.encode_to_vec()).unwrap(), None);
        assert!(find(&bytes[..bytes.len() - 1]).is_err());
        let mut again = read;
        fill(&mut again, &part(&contact));
        assert_eq!(again, contact);
    }
}
