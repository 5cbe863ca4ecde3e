//! Which addresses may be fetched: the guard against feeds that point into the operator's own network.
//!
//! A feed's address, and every address it redirects to, is a stranger's word. Nothing on this machine or its network
//! may be reached by it, in any spelling. The `url` crate turns every spelling of an IPv4 address (`0x7f.1`,
//! `2130706433`, full-width digits) into the address itself, so that only real addresses and names are judged here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Why an address is refused, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Neither http nor https.
    #[error("`{0}:` addresses are not fetched, only http and https")]
    Scheme(String),
    /// An address without a host.
    #[error("the address names no host")]
    NoHost,
    /// A name or address of the own machine or network.
    #[error("`{0}` is a private or special address; set allow_private = true for this feed if it is yours")]
    Private(String),
    /// A port that is neither a web port nor the one of the feed's own address.
    #[error("port {0} is not one a redirect may lead to; configure the new address of the feed itself")]
    Port(u16),
}

/// Judges an address before it is asked. `own_port` is the port of the feed's configured address: the operator wrote
/// it, so it may be used; a redirect may use only that one, 80 and 443.
///
/// # Errors
/// [`Refused`] says why.
pub fn check_url(url: &Url, own_port: Option<u16>, allow_private: bool) -> Result<(), Refused> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refused::Scheme(url.scheme().to_owned()));
    }
    let public = match url.host() {
        None => return Err(Refused::NoHost),
        Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
        Some(Host::Domain(name)) => is_public_name(name),
    };
    if allow_private {
        return Ok(());
    }
    if !public {
        return Err(Refused::Private(url.host_str().unwrap_or_default().to_owned()));
    }
    match url.port_or_known_default() {
        Some(80 | 443) => Ok(()),
        port if port == own_port => Ok(()),
        port => Err(Refused::Port(port.unwrap_or(0))),
    }
}

/// Judges what a name resolved to: one special address among the answers refuses them all, so that a name cannot mix
/// a public address with a private one.
///
/// # Errors
/// The first special address.
pub fn check_answers(name: &str, answers: impl IntoIterator<Item = IpAddr>) -> Result<(), Refused> {
    match answers.into_iter().find(|address| !is_public(*address)) {
        Some(address) => Err(Refused::Private(format!("{name} ({address})"))),
        None => Ok(()),
    }
}

fn is_public_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let special = ["localhost", "local", "internal", "home.arpa"];
    !special
        .iter()
        .any(|zone| name == *zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.')))
}

/// Whether an address is of the public internet: in none of the blocks of the IANA special-purpose registries.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !V4_SPECIAL.iter().any(|(net, bits)| in_v4(address, *net, *bits)),
        IpAddr::V6(address) => !V6_SPECIAL.iter().any(|(net, bits)| in_v6(address, *net, *bits)),
    }
}

const V4_SPECIAL: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
    ([168, 63, 129, 16], 32), // a cloud's metadata host on an otherwise public address
];

const V6_SPECIAL: [([u16; 8], u32); 14] = [
    ([0, 0, 0, 0, 0, 0, 0, 0], 96), // ::, ::1 and the IPv4-compatible addresses
    ([0, 0, 0, 0, 0, 0xffff, 0, 0], 96),
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    ([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

fn in_v4(address: Ipv4Addr, net: [u8; 4], bits: u32) -> bool {
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    u32::from(address) & mask == u32::from(Ipv4Addr::from(net)) & mask
}

fn in_v6(address: Ipv6Addr, net: [u16; 8], bits: u32) -> bool {
    let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
    u128::from(address) & mask == u128::from(Ipv6Addr::from(net)) & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: bool) {
        let allowed = Url::parse(url).is_ok_and(|url| check_url(&url, url.port(), false).is_ok());
        assert_eq!(allowed, expected, "{url}");
    }

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        for host in [
            "127.0.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "127.0.1",
            "0",
            "0.0.0.0",
            "①②⑦.0.0.1",
            "127。0。0。1",
            "127.0.0.1.",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[0:0:0:0:0:ffff:a9fe:a9fe]",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[fec0::1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001:db8::1]",
            "[2001::1]",
            "[ff02::1]",
            "[100::1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "ⓛocalhost",
            "printer.local",
            "metadata.google.internal",
            "nas.home.arpa",
        ] {
            check(&format!("http://{host}/feed"), false);
            check(&format!("https://{host}:8443/feed"), false);
        }
    }

    #[test]
    fn public_addresses_are_allowed() {
        check("http://example.org/feed", true);
        check("https://example.org:8443/feed", true);
        check("http://8.8.8.8/", true);
        check("http://[2606:4700::1111]/", true);
        check("http://172.32.0.1/", true);
        check("http://100.128.0.1/", true);
        check("https://notlocalhost.example/", true);
        check("https://mylocal/", true);
    }

    #[test]
    fn other_schemes_are_refused() {
        for url in [
            "file:///etc/passwd",
            "gopher://example.org/",
            "ftp://example.org/",
            "data:text/xml,x",
            "javascript:1",
        ] {
            check(url, false);
        }
    }

    #[test]
    fn a_redirect_may_not_choose_its_port() {
        let url = Url::parse("https://example.org:6379/").unwrap();
        assert_eq!(check_url(&url, None, false), Err(Refused::Port(6379)));
        assert_eq!(check_url(&url, Some(6379), false), Ok(()));
        assert_eq!(check_url(&url, Some(8080), false), Err(Refused::Port(6379)));
    }

    #[test]
    fn allow_private_opens_hosts_and_ports_but_not_schemes() {
        for (url, expected) in [
            ("http://127.0.0.1:9/", true),
            ("http://localhost/", true),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(
                check_url(&Url::parse(url).unwrap(), None, true).is_ok(),
                expected,
                "{url}"
            );
        }
    }

    #[test]
    fn one_private_answer_refuses_all() {
        let good: IpAddr = "93.184.216.34".parse().unwrap();
        let bad: IpAddr = "127.0.0.1".parse().unwrap();
        assert!(check_answers("a.example", [good]).is_ok());
        assert!(check_answers("a.example", [good, bad]).is_err());
        assert!(check_answers("a.example", [bad, good]).is_err());
    }
}
