//! Which addresses an endpoint may have. What can be told when it is registered is told then; names may resolve to
//! something else later, so sending checks again.

use chassis::egress::Client;
use ipnet::IpNet;
use std::net::IpAddr;
use std::time::Duration;

/// How long a name may take to resolve. If it takes longer nothing is known yet, and sending will tell.
const RESOLVE_TIME: Duration = Duration::from_secs(2);

/// Says what is wrong with `url` as the address of an endpoint: it must be https and public, except in networks that
/// are allowed, where it may be either.
pub async fn objection(url: &str, egress: &Client, allowed: &[IpNet]) -> Option<String> {
    let parsed = match egress.check(url) {
        Ok(parsed) => parsed,
        Err(refused) => return Some(refused.to_string()),
    };
    let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let addresses = resolve(&host).await;
    let reachable = |address: &IpAddr| egress.check(&literal(*address)).is_ok();
    if !addresses.is_empty() && !addresses.iter().any(reachable) {
        return Some(format!("{host} is not a public address, and not in a network that is allowed"));
    }
    let is_allowed = |address: &IpAddr| allowed.iter().any(|network| network.contains(address));
    let inside = !addresses.is_empty() && addresses.iter().all(is_allowed);
    match parsed.scheme() {
        "https" => None,
        _ if inside => None,
        _ => Some(format!("{url} must be https: http is taken only in networks that are allowed")),
    }
}

async fn resolve(host: &str) -> Vec<IpAddr> {
    if let Ok(address) = host.parse() {
        return vec![address];
    }
    match tokio::time::timeout(RESOLVE_TIME, tokio::net::lookup_host((host, 443))).await {
        Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

fn literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(four) => format!("https://{four}/"),
        IpAddr::V6(six) => format!("https://[{six}]/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn objects(url: &str, allowed: &[&str]) -> bool {
        let allowed: Vec<IpNet> = allowed.iter().map(|network| network.parse().expect("a network")).collect();
        let egress = Client::new(Duration::from_secs(1), &allowed).expect("a client");
        objection(url, &egress, &allowed).await.is_some()
    }

    #[tokio::test]
    async fn an_endpoint_is_https_and_public_or_in_an_allowed_network() {
        let nowhere: &[&str] = &[];
        for (url, allowed, expected) in [
            ("https://8.8.8.8/hook", nowhere, false),
            ("http://8.8.8.8/hook", nowhere, true),
            ("https://127.0.0.1/hook", nowhere, true),
            ("https://localhost/hook", nowhere, true),
            ("https://10.1.2.3/hook", nowhere, true),
            ("https://169.254.169.254/latest/meta-data", nowhere, true),
            ("https://[::1]/hook", nowhere, true),
            ("https://2130706433/hook", nowhere, true),
            ("https://user@8.8.8.8/hook", nowhere, true),
            ("ftp://8.8.8.8/hook", nowhere, true),
            ("not a url", nowhere, true),
            ("http://127.0.0.1:9000/hook", &["127.0.0.1/32"], false),
            ("http://localhost:9000/hook", &["127.0.0.1/32", "::1/128"], false),
            ("http://127.0.0.2:9000/hook", &["127.0.0.1/32"], true),
            ("http://8.8.8.8/hook", &["127.0.0.1/32"], true),
            ("https://no-such-host.invalid/hook", nowhere, false),
            ("http://no-such-host.invalid/hook", nowhere, true),
        ] {
            assert_eq!(objects(url, allowed).await, expected, "{url}");
        }
    }
}
