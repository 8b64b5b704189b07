//! Tokens for calls between services: short-lived, and made once for many calls.

use std::time::Duration;

use http::HeaderValue;
use moka::sync::Cache;

use super::issuer::Issuer;
use crate::caller::Caller;
use crate::error::{Error, Result};

const LIFETIME: Duration = Duration::from_secs(300);
/// A token is used no longer than until this many seconds before it expires.
const MARGIN_SECONDS: i64 = 60;
const REMEMBERED_MAX: u64 = 20_000;

/// Issues the tokens that services accept from each other.
pub struct InternalTokens {
    issuer: Issuer,
    issued: Cache<Caller, Issued>,
}

#[derive(Clone)]
struct Issued {
    header: HeaderValue,
    expires: i64,
}

impl InternalTokens {
    pub(super) fn new(issuer: Issuer) -> InternalTokens {
        InternalTokens { issuer, issued: Cache::new(REMEMBERED_MAX) }
    }

    /// A token for calls in the name of `caller`: good for five minutes at most, one at least.
    pub fn for_caller(&self, caller: &Caller) -> Result<String> {
        let header = self.header(caller)?;
        let text = header.to_str().map_err(Error::internal)?;
        Ok(text.trim_start_matches("Bearer ").to_owned())
    }

    /// The same as the value of the header `authorization`.
    pub fn header(&self, caller: &Caller) -> Result<HeaderValue> {
        let now = self.issuer.clock().now().timestamp();
        if let Some(issued) = self.issued.get(caller)
            && now < issued.expires - MARGIN_SECONDS
            && now >= issued.expires - LIFETIME.as_secs() as i64
        {
            return Ok(issued.header);
        }
        let (token, expires) = self.issuer.sign(caller, LIFETIME)?;
        // Not marked as sensitive: HPACK would then send all of it each time.
        let header = HeaderValue::try_from(format!("Bearer {token}")).map_err(Error::internal)?;
        self.issued.insert(caller.clone(), Issued { header: header.clone(), expires });
        Ok(header)
    }
}
