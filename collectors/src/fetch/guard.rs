//! Which addresses may be asked: loopback, link-local and private ones only where the collector's file allows the host.
//!
//! The check is made on the addresses a name resolves to at the moment of connecting, so a name cannot be made to point
//! inside after it was looked at.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether an address is outside our own networks.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let special =
                a == 0 || a >= 240 || (a == 192 && b == 0 && c == 0) || (a == 198 && (b == 18 || b == 19));
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_multicast()
                || shared
                || special)
        }
        IpAddr::V6(v6) => {
            let first = v6.segments().first().copied().unwrap_or(0);
            let unique_local = first & 0xfe00 == 0xfc00;
            let link_local = first & 0xffc0 == 0xfe80;
            // 64:ff9b::/96 and 2002::/16 carry IPv4 addresses inside.
            let carries_v4 = first == 0x2002 || (first == 0x64 && v6.segments().get(1) == Some(&0xff9b));
            !(v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || unique_local
                || link_local
                || carries_v4)
        }
    }
}

/// Resolves names, leaving out addresses of our own networks unless the host is allowed.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    allowed: Arc<[String]>,
}

impl Guard {
    pub(crate) fn new(allowed: &[String]) -> Self {
        Self { allowed: allowed.iter().map(|host| host.to_lowercase()).collect() }
    }

    pub(crate) fn allows(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_lowercase();
        self.allowed.contains(&host)
    }

    /// Whether a host written as an address may be asked. Names are checked when they are resolved.
    pub(crate) fn allows_literal(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        self.allows(host) || bare.parse::<IpAddr>().map_or(true, is_public)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let all: Vec<SocketAddr> = found.collect();
            let kept: Vec<SocketAddr> = all
                .iter()
                .copied()
                .filter(|address| guard.allows(&host) || is_public(address.ip()))
                .collect();
            if kept.is_empty() && !all.is_empty() {
                return Err(Refused(host).into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

/// A name that resolves to our own networks only.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is a loopback, link-local or private address")]
pub(crate) struct Refused(pub(crate) String);

#[cfg(test)]
mod tests {
    use super::{Guard, is_public};

    #[test]
    fn our_own_networks_are_told_apart() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "224.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["8.8.8.8", "203.162.1.1", "2001:ee0::1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn hosts_are_allowed_by_name() {
        let guard = Guard::new(&["127.0.0.1".to_owned(), "LGSP.local".to_owned()]);
        assert!(
            guard.allows_literal("127.0.0.1")
                && guard.allows("lgsp.local")
                && guard.allows_literal("8.8.8.8")
        );
        assert!(!guard.allows_literal("127.0.0.2") && !guard.allows_literal("[::1]"));
    }
}
