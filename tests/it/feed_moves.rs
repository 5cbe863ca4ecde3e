//! A feed that moves for good: followed when proven, proposed as a patch, taken over without asking anew.

use crate::fake_feeds::{Act, FakeFeeds, redirect, rss};
use crate::poll_world::{NOW, World};
use crate::program::Installation;

fn tagged(etag: &str) -> Act {
    Act::Conditional {
        etag: etag.to_owned(),
        last_modified: String::new(),
        headers: Vec::new(),
        body: rss(&[("1", "Acme buys Globex", NOW.unix() - 600)]).into_bytes(),
    }
}

#[tokio::test]
async fn the_new_address_in_the_configuration_keeps_what_was_learnt() {
    let server = FakeFeeds::start().await;
    server.on("/a", [redirect(301, "/b")]);
    server.on("/b", [tagged("\"v1\"")]);
    let world = World::new(&[("a", server.url("/a"))]).await;
    world.tick().await;
    while world.feed("a").await.effective_url.is_empty() {
        world.next_poll("a").await;
    }
    let before = world.feed("a").await;
    let new = server.url("/b");
    world.reload(|config| config.feeds[0].url = new.clone()).await;
    let after = world.feed("a").await;
    assert_eq!((after.url, after.effective_url), (new, String::new()));
    assert_eq!(
        (after.validators, after.next_poll_at, after.history.len()),
        (before.validators, before.next_poll_at, before.history.len())
    );
    server.take_seen();
    assert_eq!(world.tick().await, 0, "nothing is due by the change itself");
    world.next_poll("a").await;
    let seen = server.take_seen();
    assert_eq!(
        (seen.len(), seen[0].path.as_str(), seen[0].header("if-none-match")),
        (1, "/b", Some("\"v1\""))
    );
}

/// A feed whose move was proven by the program itself; only the days in between are left out.
fn moved(server: &FakeFeeds) -> Installation {
    let installation = Installation::new(&format!(
        "# Mine.\n[database]\npath = \"courant.db\"\n[poll]\nallow_private = true\n[mail]\ntransport = \"folder\"\n\
         folder = \"mail\"\nlist_address = \"news@example.org\"\n[[digest]]\nkey = \"daily\"\n\n[[feed]]\n\
         key = \"acme\"\nurl = \"{}\" # the news desk\n",
        server.url("/a")
    ));
    installation.done(&["poll"]);
    for _ in 0..2 {
        installation.execute("UPDATE fetch_state SET moved_since_at = moved_since_at - 90000");
        installation.done(&["poll"]);
    }
    installation
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_proposed_and_written_where_a_person_says_so() {
    let server = FakeFeeds::start().await;
    server.on("/a", [redirect(308, "/b")]);
    server.on("/b", [tagged("\"v1\"")]);
    let installation = moved(&server);
    let patch = format!(
        "@@ -13,3 +13,3 @@\n [[feed]]\n key = \"acme\"\n-url = \"{}\" # the news desk\n+url = \"{}\" # the news desk\n",
        server.url("/a"),
        server.url("/b")
    );
    for command in [&["feeds", "show", "acme"][..], &["feeds", "moved"], &["status"]] {
        let out = installation.done(command);
        assert!(out.contains(patch.trim_end()), "courant {command:?} printed\n{out}");
    }
    assert!(installation.done(&["feeds", "list"]).contains("moved"));
    let before = std::fs::read_to_string(installation.path("config.toml")).unwrap();
    let out = installation.done(&["feeds", "moved", "--write"]);
    assert!(out.contains("Changed acme in `config.toml`."), "{out}");
    let after = std::fs::read_to_string(installation.path("config.toml")).unwrap();
    assert_eq!(after, before.replace(&server.url("/a"), &server.url("/b")));
    assert_eq!(installation.done(&["feeds", "moved"]), "No feed has moved.\n");
    let list = installation.done(&["feeds", "list"]);
    // Its one entry is of February.
    assert!(list.contains("quiet") && !list.contains("moved"), "{list}");
    assert_eq!(installation.count("SELECT count(*) FROM feeds"), 1);
    assert_eq!(
        installation.count("SELECT count(*) FROM events WHERE kind = 'feed.moved'"),
        1
    );
    installation.assert_intact();
}
