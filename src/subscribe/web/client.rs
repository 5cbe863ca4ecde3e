//! Who asks, as far as limits need it: a network, never a person. Pure but for the memory of recent tries.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::http::HeaderMap;

use crate::time::Timestamp;

/// Tries with a token that is none of ours, for one network in a minute.
pub const BAD_TOKENS_MAX: u32 = 30;
/// Requests to subscribe, for one network in an hour.
pub const REQUESTS_MAX: u32 = 20;
/// Networks remembered; past that the oldest half is forgotten.
const NETWORKS_MAX: usize = 10_000;

/// A network: an IPv4 /24 or an IPv6 /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network([u8; 16]);

impl Network {
    /// The network of a client. `X-Forwarded-For` counts only from the proxies the configuration names; its last
    /// address is the one such a proxy saw.
    #[must_use]
    pub fn of(peer: SocketAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> Self {
        let peer = peer.ip().to_canonical();
        let forwarded = proxies.contains(&peer).then(|| forwarded_for(headers)).flatten();
        Self::around(forwarded.unwrap_or(peer))
    }

    fn around(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, 0])
            }
            IpAddr::V6(v6) => {
                let mut octets = v6.octets();
                for octet in octets.iter_mut().skip(8) {
                    *octet = 0;
                }
                Self(octets)
            }
        }
    }

    /// As written into the proof of consent: the network, not the address.
    #[must_use]
    pub fn words(&self) -> String {
        match std::net::Ipv6Addr::from(self.0).to_canonical() {
            IpAddr::V4(v4) => format!("{v4}/24"),
            IpAddr::V6(v6) => format!("{v6}/64"),
        }
    }
}

fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let value = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next()?.trim().parse().ok()
}

/// Counts tries by network within a window.
#[derive(Debug)]
pub struct Tries {
    window: Duration,
    max: u32,
    counted: BTreeMap<Network, (Timestamp, u32)>,
}

impl Tries {
    /// At most `max` in `window`.
    #[must_use]
    pub const fn new(max: u32, window: Duration) -> Self {
        Self {
            window,
            max,
            counted: BTreeMap::new(),
        }
    }

    /// Counts one more, and says how long to wait when it is one too many.
    pub fn count(&mut self, network: Network, now: Timestamp) -> Result<(), Duration> {
        if self.counted.len() >= NETWORKS_MAX {
            let window = self.window;
            self.counted.retain(|_, (since, _)| now.since(*since) < window);
            if self.counted.len() >= NETWORKS_MAX {
                self.counted.clear();
            }
        }
        let (since, n) = self.counted.entry(network).or_insert((now, 0));
        // A clock that went back must not lock anybody out.
        if now < *since || now.since(*since) >= self.window {
            (*since, *n) = (now, 0);
        }
        *n = n.saturating_add(1);
        if *n > self.max {
            Err(self.window.saturating_sub(now.since(*since)))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(peer: &str, forwarded: Option<&str>, proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        if let Some(value) = forwarded {
            headers.insert("x-forwarded-for", value.parse().unwrap());
        }
        let proxies: Vec<IpAddr> = proxies.iter().map(|p| p.parse().unwrap()).collect();
        Network::of(peer.parse().unwrap(), &headers, &proxies).words()
    }

    #[test]
    fn a_network_is_a_24_or_a_64() {
        assert_eq!(network("192.0.2.77:1", None, &[]), "192.0.2.0/24");
        assert_eq!(network("[2001:db8:1:2:3::4]:1", None, &[]), "2001:db8:1:2::/64");
        assert_eq!(network("[::ffff:192.0.2.77]:1", None, &[]), "192.0.2.0/24");
    }

    #[test]
    fn forwarded_for_counts_only_from_our_proxy() {
        assert_eq!(network("192.0.2.1:1", Some("198.51.100.9"), &[]), "192.0.2.0/24");
        assert_eq!(
            network("127.0.0.1:1", Some("203.0.113.5, 198.51.100.9"), &["127.0.0.1"]),
            "198.51.100.0/24"
        );
        assert_eq!(network("127.0.0.1:1", Some("garbage"), &["127.0.0.1"]), "127.0.0.0/24");
    }

    #[test]
    fn one_too_many_waits_for_the_window() {
        let at = Timestamp::from_unix;
        let one = Network::around("192.0.2.1".parse().unwrap());
        let other = Network::around("198.51.100.1".parse().unwrap());
        let mut tries = Tries::new(2, Duration::from_mins(1));
        assert!(tries.count(one, at(0)).is_ok() && tries.count(one, at(1)).is_ok());
        assert_eq!(tries.count(one, at(20)), Err(Duration::from_secs(40)));
        assert!(tries.count(other, at(20)).is_ok());
        assert!(tries.count(one, at(60)).is_ok());
    }
}
