//! Names as they may be reached: what resolves to a private address does not resolve at all.

use std::io;
use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::Policy;

pub(super) struct Public {
    policy: Policy,
}

impl Public {
    pub(super) fn new(policy: Policy) -> Public {
        Public { policy }
    }
}

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            // Checked here and handed to the connection as it is: a second look-up could answer otherwise.
            let reachable: Vec<_> = found.into_iter().filter(|address| policy.allows(address.ip())).collect();
            if reachable.is_empty() {
                let cause = super::Refused::Address(host.to_owned());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, cause).into());
            }
            Ok(Box::new(reachable.into_iter()) as Addrs)
        })
    }
}
