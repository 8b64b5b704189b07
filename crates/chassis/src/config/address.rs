//! Where a service is found.

use std::fmt;

use http::Uri;

/// One place where a service may be found: a name, which may mean several machines, or the address of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether TLS is spoken there.
    pub tls: bool,
    /// A name, or an address (without brackets).
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Address {
    /// Reads URLs with commas between them, such as `http://a:7101,http://b:7101`; none if there is no text. Fails with
    /// what it should be.
    pub fn list(text: &str) -> Result<Vec<Address>, String> {
        text.split(',').map(str::trim).filter(|url| !url.is_empty()).map(Address::read).collect()
    }

    fn read(url: &str) -> Result<Address, String> {
        let wrong =
            || format!("{url:?} must be like http://registry:7101 (or https://); several have commas between them");
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let host =
            uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']')).filter(|host| !host.is_empty());
        let bare = uri.path_and_query().is_none_or(|path| path == "/") && !url.contains('@');
        match (host, uri.port_u16()) {
            (Some(host), Some(port)) if bare => Ok(Address { tls, host: host.to_owned(), port }),
            _ => Err(wrong()),
        }
    }
}

/// As it is written in the settings.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_urls_with_commas_between_them() {
        let read = |text: &str| {
            Address::list(text).map(|all| all.into_iter().map(|a| (a.tls, a.host, a.port)).collect::<Vec<_>>())
        };
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read("http://registry:7101"), Ok(vec![(false, "registry".into(), 7101)]));
        let two = vec![(true, "a".into(), 1), (true, "::1".into(), 2)];
        assert_eq!(read("https://a:1/, https://[::1]:2"), Ok(two));
        for wrong in ["registry:7101", "http://registry", "ftp://a:1", "http://a:1/path", "http://u@a:1", "http://"] {
            assert!(read(wrong).is_err_and(|why| why.contains(wrong)), "{wrong}");
        }
    }
}
