//! Calling what others named: webhooks, key sets, anything whose address is not ours. Only public addresses are reached,
//! whatever the name resolves to; private ones only in networks that the settings allow.

mod address;
mod resolver;

use std::net::IpAddr;
use std::sync::{Arc, Once};
use std::time::Duration;

use bytes::Bytes;
use ipnet::IpNet;
use reqwest::{Method, RequestBuilder, Response, Url, redirect};

use crate::error::BoxError;

pub(crate) use address::Policy;

const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Why a request was not sent, or its answer not read.
#[derive(Debug)]
pub enum Refused {
    /// The text is no URL.
    Malformed(String),
    /// Something else than http or https, or with a user's name in it.
    Scheme(String),
    /// An address that is not public and not allowed.
    Address(String),
    /// The answer is larger than is read.
    TooLarge(usize),
    /// The answer broke off.
    Broken(reqwest::Error),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(url) => write!(f, "{url} is not a URL"),
            Self::Scheme(url) => write!(f, "{url} must be http or https, without a user's name"),
            Self::Address(host) => write!(f, "{host} is not a public address, and not in a network that is allowed"),
            Self::TooLarge(max) => write!(f, "the answer is larger than {max} bytes"),
            Self::Broken(cause) => write!(f, "the answer broke off: {cause}"),
        }
    }
}

impl std::error::Error for Refused {}

/// An HTTP client that cannot be talked into reaching what is not meant for the world. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    policy: Policy,
}

impl Client {
    /// A client that gives up after `timeout` and reaches public addresses and `allow`ed networks. It follows no
    /// redirects (they would be a way around) and uses no proxy.
    pub fn new(timeout: Duration, allow: &[IpNet]) -> Result<Client, BoxError> {
        Client::trusting(timeout, allow, &[])
    }

    /// The same, which also believes certificates of the `authorities` (PEM).
    pub fn trusting(timeout: Duration, allow: &[IpNet], authorities: &[u8]) -> Result<Client, BoxError> {
        install_tls();
        let policy = Policy::new(allow);
        #[expect(clippy::disallowed_methods, reason = "the one place that makes HTTP clients")]
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            .connect_timeout(CONNECT_TIME.min(timeout))
            .dns_resolver(Arc::new(resolver::Public::new(policy.clone())))
            .tls_certs_merge(reqwest::Certificate::from_pem_bundle(authorities)?)
            .user_agent(concat!("ngkt/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Client { http, policy })
    }

    /// Begins a request. Refuses an address that may not be reached; a name is resolved, and refused, when it is sent.
    pub fn request(&self, method: Method, url: &str) -> Result<RequestBuilder, Refused> {
        Ok(self.http.request(method, self.check(url)?))
    }

    /// Whether `url` may be reached, as far as can be told without resolving its name.
    pub fn check(&self, url: &str) -> Result<Url, Refused> {
        let parsed = Url::parse(url).map_err(|_| Refused::Malformed(url.to_owned()))?;
        let named = !parsed.username().is_empty() || parsed.password().is_some();
        if !matches!(parsed.scheme(), "http" | "https") || named {
            return Err(Refused::Scheme(url.to_owned()));
        }
        let host = parsed.host_str().ok_or_else(|| Refused::Malformed(url.to_owned()))?;
        // The resolver is not asked for literal addresses, so they are checked here.
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if !self.policy.allows(address) => Err(Refused::Address(host.to_owned())),
            _ => Ok(parsed),
        }
    }
}

/// The body of an answer, at most `bytes_max` of it.
pub async fn read(mut response: Response, bytes_max: usize) -> Result<Bytes, Refused> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Refused::Broken)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(Refused::TooLarge(bytes_max));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// Makes ring the TLS provider of this process; does nothing the second time.
pub(crate) fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that somebody else installed one before: then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
