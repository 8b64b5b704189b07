//! Page tokens: where the next page of a list begins, of which query, as of which day.

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use api::options::v1::Failure;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Buf;
use chassis::error::{Error, Result};
use chrono::NaiveDate;
use prost::encoding::{WireType, decode_key, encode_key};
use sea_orm::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Pages of lists: how many records if the caller does not say, and at most.
pub(crate) const SIZE_DEFAULT: i32 = 50;
pub(crate) const SIZE_MAX: i32 = 1_000;

/// A page token, read.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub struct Token {
    /// The beginning of the hash of the query.
    q: String,
    /// The day as of which the first page was.
    pub d: NaiveDate,
    /// The last record's values of the order's columns.
    k: Vec<serde_json::Value>,
}

impl Token {
    /// The token that goes on after a record with these values of the order's columns.
    pub fn new(query: &str, as_of: NaiveDate, last: Vec<Value>) -> Result<Token> {
        let key = last.into_iter().map(to_json).collect::<Option<Vec<_>>>();
        let key =
            key.ok_or_else(|| Error::internal("a list is ordered by a column that can be empty or is of an odd kind"))?;
        Ok(Token { q: query.to_owned(), d: as_of, k: key })
    }

    /// Reads a token; `None` for the empty one of a first page. One of another query is refused.
    pub fn parse(text: &str, query: &str) -> Result<Option<Token>> {
        if text.is_empty() {
            return Ok(None);
        }
        let token = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| serde_json::from_slice::<Token>(&bytes).ok());
        token.filter(|token| token.q == query).map(Some).ok_or_else(invalid)
    }

    /// The last record's values of columns that hold values like these.
    pub fn key(&self, like: &[Value]) -> Result<Vec<Value>> {
        if self.k.len() != like.len() {
            return Err(invalid());
        }
        self.k.iter().zip(like).map(|(json, like)| from_json(json, like).ok_or_else(invalid)).collect()
    }

    /// As callers get it.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("invariant: plain data has a JSON form"))
    }
}

fn invalid() -> Error {
    Error::of(Failure::PageTokenInvalid)
}

fn to_json(value: Value) -> Option<serde_json::Value> {
    Some(match value {
        Value::String(Some(text)) => text.to_string().into(),
        Value::Int(Some(number)) => number.into(),
        Value::BigInt(Some(number)) => number.into(),
        Value::Bool(Some(truth)) => truth.into(),
        Value::Double(Some(number)) => serde_json::Number::from_f64(number)?.into(),
        _ => return None,
    })
}

fn from_json(json: &serde_json::Value, like: &Value) -> Option<Value> {
    Some(match like {
        Value::String(_) => json.as_str()?.into(),
        Value::Int(_) => i32::try_from(json.as_i64()?).ok()?.into(),
        Value::BigInt(_) => json.as_i64()?.into(),
        Value::Bool(_) => json.as_bool()?.into(),
        Value::Double(_) => json.as_f64()?.into(),
        _ => return None,
    })
}

/// What identifies the query of a list: the request without page size and page token.
pub fn fingerprint<M: prost::Message + prost::Name>(list: &M) -> String {
    let ignored = paging_fields(&M::full_name());
    let bytes = without(&list.encode_to_vec(), &ignored);
    let digest = Sha256::new().chain_update(M::full_name()).chain_update([0]).chain_update(bytes).finalize();
    hex::encode(&digest[..8])
}

/// The numbers of the fields that say which page, by message.
fn paging_fields(message: &str) -> Vec<u32> {
    static KNOWN: LazyLock<RwLock<HashMap<String, Vec<u32>>>> = LazyLock::new(RwLock::default);
    if let Some(found) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(message) {
        return found.clone();
    }
    let descriptor = api::pool().get_message_by_name(message);
    let number = |field: &str| descriptor.as_ref()?.get_field_by_name(field).map(|field| field.number());
    let found: Vec<u32> = ["page_size", "page_token"].into_iter().filter_map(number).collect();
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(message.to_owned(), found.clone());
    found
}

/// A message in wire format without some of its fields.
fn without(message: &[u8], ignored: &[u32]) -> Vec<u8> {
    let mut rest = message;
    let mut kept = Vec::with_capacity(message.len());
    while rest.has_remaining() {
        let Ok((number, wire)) = decode_key(&mut rest) else { break };
        let before = rest;
        let Some(length) = value_length(wire, &mut rest) else { break };
        let header = before.len() - rest.len();
        let value = &before[..(header + length).min(before.len())];
        rest = &before[value.len()..];
        if !ignored.contains(&number) {
            encode_key(number, wire, &mut kept);
            kept.extend_from_slice(value);
        }
    }
    kept
}

/// The length of a value after what stands before it (its own length, or the number itself), which is skipped.
fn value_length(wire: WireType, rest: &mut &[u8]) -> Option<usize> {
    match wire {
        WireType::Varint => prost::encoding::decode_varint(rest).ok().map(|_| 0),
        WireType::LengthDelimited => {
            prost::encoding::decode_varint(rest).ok().and_then(|length| length.try_into().ok())
        }
        WireType::SixtyFourBit => Some(8),
        WireType::ThirtyTwoBit => Some(4),
        WireType::StartGroup | WireType::EndGroup => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::registry::v1::ListCountriesRequest;

    #[test]
    fn a_query_is_known_by_everything_but_its_page() {
        let list = ListCountriesRequest { q: "viet".into(), page_size: 10, ..Default::default() };
        let next = ListCountriesRequest { page_size: 20, page_token: "x".repeat(300), ..list.clone() };
        let other = ListCountriesRequest { show_retired: true, ..list.clone() };
        assert_eq!(fingerprint(&list), fingerprint(&next));
        assert_ne!(fingerprint(&list), fingerprint(&other));
    }

    #[test]
    fn a_token_belongs_to_its_query() {
        let day = NaiveDate::from_ymd_opt(2026, 9, 20).unwrap();
        let last: Vec<Value> = vec!["Đà Nẵng".into(), 7_i32.into(), 9_000_000_000_i64.into()];
        let text = Token::new("abc", day, last.clone()).unwrap().text();
        let token = Token::parse(&text, "abc").unwrap().unwrap();
        assert_eq!((token.d, token.key(&last).unwrap()), (day, last));
        for (text, query) in [(text.as_str(), "abd"), ("nonsense", "abc"), ("bm9uc2Vuc2U", "abc")] {
            assert_eq!(Token::parse(text, query).unwrap_err().reason(), "PAGE_TOKEN_INVALID", "{text}");
        }
        assert_eq!(Token::parse("", "abc").unwrap(), None);
    }
}
