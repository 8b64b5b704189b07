//! Which addresses may be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;

/// Public addresses, and some networks besides.
#[derive(Clone)]
pub(crate) struct Policy {
    allow: Arc<[IpNet]>,
}

impl Policy {
    pub(super) fn new(allow: &[IpNet]) -> Policy {
        Policy { allow: allow.into() }
    }

    pub(super) fn allows(&self, address: IpAddr) -> bool {
        // An IPv4 address dressed as IPv6 reaches the same machine, so it is judged as what it is.
        let plain = match address {
            IpAddr::V6(six) => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
            IpAddr::V4(_) => address,
        };
        self.allow.iter().any(|network| network.contains(&plain) || network.contains(&address)) || is_public(plain)
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// By the registry of special-purpose addresses (RFC 6890 and its successors).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, _, _) // this network, private, loopback
            | (100, 64..=127, _) // carriers' shared space
            | (169, 254, _) // link-local, with the metadata services of clouds
            | (172, 16..=31, _) // private
            | (192, 0, 0 | 2) // protocol assignments, documentation
            | (192, 88, 99) // relays from IPv6
            | (192, 168, _) // private
            | (198, 18 | 19, _) // benchmarks
            | (198, 51, 100) // documentation
            | (203, 0, 113) // documentation
            | (224..=255, _, _) // multicast, reserved, broadcast
    )
}

/// Global unicast only, without the parts that carry an IPv4 address inside or are not meant to be routed.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0..=0x01ff, ..] => false, // protocol assignments, Teredo
        [0x2001, 0x0db8, ..] => false,     // documentation
        [0x2002, ..] => false,             // 6to4
        [0x3fff, 0..=0x0fff, ..] => false, // documentation
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(allow: &[&str], address: &str) -> bool {
        let allow: Vec<IpNet> = allow.iter().map(|network| network.parse().unwrap()).collect();
        Policy::new(&allow).allows(address.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_are_reached() {
        for address in
            ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]
        {
            assert!(allows(&[], address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "127.255.255.254",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allows(&[], address), "{address}");
        }
    }

    #[test]
    fn an_allowed_network_is_reached_and_no_other() {
        assert!(allows(&["10.20.0.0/16"], "10.20.3.4"));
        assert!(allows(&["10.20.0.0/16"], "::ffff:10.20.3.4"));
        assert!(!allows(&["10.20.0.0/16"], "10.21.0.1"));
        assert!(allows(&["::1/128"], "::1"));
    }
}
