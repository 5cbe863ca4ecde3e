//! Private addresses: in no spelling, by no redirect, is one ever asked.

use std::net::Ipv4Addr;

use crate::fake_feeds::{FakeFeeds, redirect, reply, rss};
use crate::poll_world::{NOW, World};

/// Spellings of addresses on this machine or its network. All but the last few reach a listener on loopback when nobody
/// looks.
const SPELLINGS: &[&str] = &[
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "017700000001",
    "127.1",
    "127.0.1",
    "0",
    "0.0.0.0",
    "0x0",
    "127.0.0.1.",
    "\u{2460}\u{2461}\u{2466}.0.0.1",
    "127\u{3002}0\u{3002}0\u{3002}1",
    "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
    "%31%32%37.0.0.1",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::1]",
    "[::]",
    "[::127.0.0.1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "\u{24db}ocalhost",
    "169.254.169.254",
    "0xa9fea9fe",
    "[fd00:ec2::254]",
    "[64:ff9b::7f00:1]",
    "[fe80::1]",
    "10.0.0.1",
    "192.168.1.1",
    "printer.local",
    "metadata.google.internal",
];

fn document() -> String {
    rss(&[("1", "One", NOW.unix())])
}

/// A server on every loopback address, and its port.
async fn everywhere() -> (FakeFeeds, String) {
    let server = FakeFeeds::start_on(Ipv4Addr::UNSPECIFIED).await;
    let port = server.url("").rsplit(':').next().unwrap().to_owned();
    (server, port)
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_asked() {
    let (server, port) = everywhere().await;
    server.on("/a?0", [reply(200, document())]);
    let urls: Vec<(String, String)> = (0..)
        .zip(SPELLINGS)
        .map(|(n, host)| (format!("f{n}"), format!("http://{host}:{port}/a?{n}")))
        .collect();
    let urls: Vec<(&str, String)> = urls.iter().map(|(key, url)| (key.as_str(), url.clone())).collect();
    let world = World::with(&urls, |_| {}).await;
    while world.tick().await > 0 {}
    for (key, url) in &urls {
        let feed = world.feed(key).await;
        assert_eq!(feed.error_kind, "forbidden_address", "{url}: {}", feed.error);
    }
    assert!(server.take_seen().is_empty());
    // The operator may say otherwise, feed by feed.
    world.reload(|config| config.feeds[0].allow_private = true).await;
    world.advance(24);
    while world.tick().await > 0 {}
    assert_eq!(server.take_seen().len(), 1);
}

/// The feed's own address is a public name, asked by way of a proxy, so that the first answer comes from outside; it
/// redirects to each private address in turn, which the proxy would gladly fetch.
#[tokio::test]
async fn no_redirect_leads_inside() {
    let proxy = FakeFeeds::start().await;
    let (inside, port) = everywhere().await;
    let schemes = [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://news.example.org:6379/",
    ];
    let targets: Vec<String> = SPELLINGS
        .iter()
        .map(|host| format!("http://{host}/a"))
        .chain(SPELLINGS.iter().map(|host| format!("//{host}:{port}/a")))
        .chain(schemes.into_iter().map(str::to_owned))
        .collect();
    let urls: Vec<(String, String)> = (0..targets.len())
        .map(|n| (format!("f{n}"), format!("http://news{n}.example.org/feed")))
        .collect();
    for ((_, url), target) in urls.iter().zip(&targets) {
        proxy.on(url, [redirect(301, target)]);
    }
    let urls: Vec<(&str, String)> = urls.iter().map(|(key, url)| (key.as_str(), url.clone())).collect();
    let world = World::with(&urls, |config| {
        for feed in &mut config.feeds {
            feed.proxy = Some(proxy.url(""));
        }
    })
    .await;
    world.advance(1);
    while world.tick().await > 0 {}
    let asked: Vec<String> = proxy.take_seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(
        asked.len(),
        targets.len(),
        "each is asked once, and what it redirects to never"
    );
    assert!(asked.iter().all(|url| url.ends_with(".example.org/feed")), "{asked:?}");
    assert!(inside.take_seen().is_empty());
    for ((key, _), target) in urls.iter().zip(&targets) {
        let feed = world.feed(key).await;
        let refused = matches!(feed.error_kind.as_str(), "forbidden_address" | "redirect");
        assert!(refused, "{target}: {} {}", feed.error_kind, feed.error);
        assert_eq!(feed.moved, None, "what is refused proves nothing");
    }
}
