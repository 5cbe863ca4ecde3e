//! Ways to a feed: logins from secret files, proxies, limits of a host, older pages, the poll before an edition.

use std::time::Duration;

use courant::ingest::health::Health;

use crate::fake_feeds::{FakeFeeds, reply, rss};
use crate::poll_world::{NOW, World};
use crate::program::Installation;

const AT: i64 = NOW.unix() - 600;

fn one() -> String {
    rss(&[("1", "Acme buys Globex", AT)])
}

fn installation(feeds: &str) -> Installation {
    Installation::new(&format!(
        "[database]\npath = \"courant.db\"\n[poll]\nallow_private = true\nhost_pause = \"0s\"\nper_host = 4\n[mail]\n\
         transport = \"folder\"\nfolder = \"mail\"\nlist_address = \"news@example.org\"\n[[digest]]\nkey = \"daily\"\n{feeds}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_come_from_secret_files() {
    let server = FakeFeeds::start().await;
    let logins = [
        (
            "basic",
            "username = \"reader\"\npassword_file = \"secret\"",
            "authorization",
            "Basic cmVhZGVyOnMzY3JldA==",
        ),
        ("bearer", "bearer_file = \"secret\"", "authorization", "Bearer s3cret"),
        ("cookie", "cookie_file = \"secret\"", "cookie", "s3cret"),
        ("header", "headers_file = \"headers\"", "x-key", "abc"),
        ("inline", "headers = { \"X-Key\" = \"def\" }", "x-key", "def"),
    ];
    let mut feeds = String::new();
    for (key, login, _, _) in &logins {
        server.on(&format!("/{key}"), [reply(200, one())]);
        feeds.push_str(&format!(
            "[[feed]]\nkey = \"{key}\"\nurl = \"{}\"\n{login}\n",
            server.url(&format!("/{key}"))
        ));
    }
    let here = installation(&feeds);
    std::fs::write(here.path("secret"), "s3cret\n").unwrap();
    std::fs::write(here.path("headers"), "X-Key: abc\n").unwrap();
    here.done(&["poll"]);
    let seen = server.take_seen();
    assert_eq!(seen.len(), logins.len());
    for (key, _, header, value) in logins {
        let asked = seen.iter().find(|seen| seen.path == format!("/{key}")).unwrap();
        assert_eq!(asked.header(header), Some(value), "{key}");
    }
    // No secret is printed or kept.
    for command in [
        &["feeds", "show", "basic"][..],
        &["feeds", "list", "--json"],
        &["status"],
    ] {
        let out = here.said(command);
        assert!(!out.contains("s3cret") && !out.contains("cmVhZGVy"), "{out}");
    }
    let database = std::fs::read(here.path("courant.db")).unwrap();
    assert!(!database.windows(6).any(|window| window == b"s3cret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_has_a_proxy_of_its_own() {
    let (proxy, direct) = (FakeFeeds::start().await, FakeFeeds::start().await);
    // A name that only the proxy can resolve.
    let hidden = "http://feeds.hidden.example/rss";
    proxy.on(hidden, [reply(200, one())]);
    direct.on("/b", [reply(200, one())]);
    let here = installation(&format!(
        "[[group]]\nkey = \"far\"\nproxy = \"{}\"\n[[feed]]\nkey = \"a\"\nurl = \"{hidden}\"\ngroup = \"far\"\n\
         [[feed]]\nkey = \"b\"\nurl = \"{}\"\n",
        proxy.url("/"),
        direct.url("/b")
    ));
    here.done(&["poll"]);
    let paths = |server: &FakeFeeds| -> Vec<String> { server.take_seen().into_iter().map(|seen| seen.path).collect() };
    assert_eq!(
        (paths(&proxy), paths(&direct)),
        (vec![hidden.to_owned()], vec!["/b".to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_gives_its_feeds_what_they_lack() {
    let server = FakeFeeds::start().await;
    for path in ["/a", "/b"] {
        server.on(path, [reply(200, one())]);
    }
    let here = installation(&format!(
        "[[host]]\nname = \"127.0.0.1\"\nuser_agent = \"of the host\"\nper_host = 1\n[[group]]\nkey = \"g\"\n\
         user_agent = \"of the group\"\n[[feed]]\nkey = \"a\"\nurl = \"{}\"\n[[feed]]\nkey = \"b\"\nurl = \"{}\"\n\
         group = \"g\"\n",
        server.url("/a"),
        server.url("/b")
    ));
    here.done(&["poll"]);
    let mut agents: Vec<(String, String)> = server
        .take_seen()
        .into_iter()
        .map(|seen| (seen.path.clone(), seen.header("user-agent").unwrap().to_owned()))
        .collect();
    agents.sort();
    let expected = [("/a", "of the host"), ("/b", "of the group")];
    assert_eq!(
        agents,
        expected.map(|(path, agent)| (path.to_owned(), agent.to_owned()))
    );
}

fn page(items: &[(&str, &str, i64)], older: &str) -> String {
    let link = format!("<atom:link xmlns:atom=\"http://www.w3.org/2005/Atom\" rel=\"next\" href=\"{older}\"/><item>");
    rss(items).replacen("<item>", &link, 1)
}

#[tokio::test]
async fn older_pages_have_an_end_and_stay_on_their_host() {
    let later = AT + 4 * 3_600;
    let elsewhere = FakeFeeds::start_on([127, 0, 0, 7]).await;
    for (older, n_pages) in [("/more".to_owned(), 5), (elsewhere.url("/more"), 0)] {
        let server = FakeFeeds::start().await;
        let fresh = page(&[("9", "Nine", later)], &older);
        server.on("/a", [reply(200, one()), reply(200, fresh)]);
        // Each page leads to another, with items that nobody knows.
        let mut path = "/more".to_owned();
        for n in 0..9 {
            let next = format!("/more{n}");
            let guid = format!("p{n}");
            server.on(&path, [reply(200, page(&[(&guid, &guid, later - 60 * n)], &next))]);
            path = next;
        }
        let world = World::new(&[("a", server.url("/a"))]).await;
        world.tick().await;
        server.take_seen();
        world.advance(30);
        world.tick().await;
        assert_eq!(server.take_seen().len(), 1 + n_pages);
        assert_eq!(world.entries("a").await.len(), 2 + n_pages);
    }
    assert!(elsewhere.take_seen().is_empty());
}

#[tokio::test]
async fn the_last_poll_is_shortly_before_the_edition() {
    let server = FakeFeeds::start().await;
    server.on("/a", [reply(200, one())]);
    let world = World::with(&[("a", server.url("/a"))], |config| {
        config.poll.allow_private = true;
        config.poll.before_edition = Duration::from_secs(600);
        config.feeds[0].interval = Some(Duration::from_secs(1_200));
    })
    .await;
    world.tick().await;
    // The edition is at 07:00; it is 06:13.
    let edition = NOW.unix() + 2_800;
    let mut polls = vec![NOW.unix()];
    while world.feed("a").await.next_poll_at.unix() < edition {
        let feed = world.next_poll("a").await;
        polls.push(feed.last_poll_at.unwrap().unix());
    }
    let before = edition - polls.last().unwrap();
    assert!((300..=600).contains(&before), "{before} s before: {polls:?}");
    assert!(polls.windows(2).all(|pair| pair[1] - pair[0] >= 1_200), "{polls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_states_of_feeds_are_told_with_reasons() {
    let server = FakeFeeds::start().await;
    server.on("/ok", [reply(200, one())]);
    server.on("/gone", [reply(410, "gone")]);
    server.on(
        "/blocked",
        [reply(
            403,
            "<html><head><title>Just a moment...</title></head><body>Cloudflare challenge-platform</body></html>",
        )],
    );
    server.on("/undated", [reply(200, one().replace("pubDate", "x-date"))]);
    let feeds: String = ["ok", "gone", "blocked", "missing", "undated"]
        .iter()
        .map(|key| {
            format!(
                "[[feed]]\nkey = \"{key}\"\nurl = \"{}\"\n",
                server.url(&format!("/{key}"))
            )
        })
        .collect();
    let here = installation(&feeds);
    let table = here.said(&["feeds", "check"]);
    for (key, state) in [
        ("gone", "gone"),
        ("blocked", "blocked"),
        ("missing", "failing"),
        ("undated", "undated"),
    ] {
        let row = table.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        assert!(row.contains(state), "{table}");
        let reason = table.lines().find(|line| line.starts_with(&format!("{key}:")));
        assert!(reason.is_some_and(|reason| reason.len() > key.len() + 20), "{table}");
    }
    let status = here.said(&["status"]);
    assert!(status.contains("1 gone, 1 blocked, 1 failing, 1 undated"), "{status}");
    assert!(status.contains("look for the feed's new address"), "{status}");
    let json: serde_json::Value = serde_json::from_str(&here.said(&["status", "--json"])).unwrap();
    assert_eq!(json["health"][Health::Blocked.word()], 1);
}
