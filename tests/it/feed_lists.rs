//! `[[feed_list]]`: feeds of an OPML list kept elsewhere come, go, and survive the list's bad days.

use crate::fake_feeds::{Act, FakeFeeds, reply, reply_with, rss};
use crate::poll_world::NOW;
use crate::program::{Installation, until};

const CONFIG: &str = "\
    [database]\npath = \"courant.db\"\n[poll]\nhost_pause = \"0s\"\nper_host = 4\n[mail]\ntransport = \"folder\"\n\
    folder = \"mail\"\nlist_address = \"news@example.org\"\n[[digest]]\nkey = \"daily\"\n";

fn outline(server: &FakeFeeds, path: &str, name: &str) -> String {
    format!(
        "<outline type=\"rss\" text=\"{name}\" xmlUrl=\"{}\"/>",
        server.url(path)
    )
}

fn opml(outlines: &[String]) -> Act {
    let body = outlines.concat();
    reply_with(
        200,
        &[("ETag", "\"list\""), ("Content-Type", "text/x-opml")],
        format!("<opml version=\"2.0\"><body><outline text=\"Business\">{body}</outline></body></opml>"),
    )
}

async fn server() -> FakeFeeds {
    let server = FakeFeeds::start().await;
    for path in ["/a", "/b", "/c"] {
        server.on(
            path,
            [reply(200, rss(&[("1", &format!("News of {path}"), NOW.unix())]))],
        );
    }
    server
}

fn installation(server: &FakeFeeds, poll: &str, list: &str) -> Installation {
    let config = CONFIG.replace("[poll]\n", &format!("[poll]\n{poll}\n"));
    Installation::new(&format!(
        "{config}[[feed_list]]\nkey = \"team\"\nopml_url = \"{}\"\n{list}\n",
        server.url("/list")
    ))
}

/// The list is due again, as it is a day later.
fn a_day_later(installation: &Installation) {
    installation.execute("UPDATE feed_lists SET next_fetch_at = 0");
}

fn keys(installation: &Installation) -> Vec<String> {
    let listed: serde_json::Value = serde_json::from_str(&installation.done(&["feeds", "list", "--json"])).unwrap();
    listed
        .as_array()
        .unwrap()
        .iter()
        .map(|feed| feed["key"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_of_a_list_come_and_go() {
    let server = server().await;
    let here = installation(&server, "allow_private = true", "");
    server.on(
        "/list",
        [opml(&[
            outline(&server, "/a", "Acme"),
            outline(&server, "/b", "Globex"),
        ])],
    );
    let out = here.done(&["poll"]);
    assert!(out.contains("2 feeds polled"), "{out}");
    assert_eq!(keys(&here), ["acme", "globex"]);
    assert!(here.done(&["feeds", "show", "acme"]).contains("List           team"));
    assert_eq!(
        here.count("SELECT count(*) FROM feeds WHERE feed_group = 'Business'"),
        2
    );

    // Not due: nobody asks.
    server.take_seen();
    here.done(&["poll"]);
    assert!(server.take_seen().iter().all(|seen| seen.path != "/list"));

    server.on(
        "/list",
        [opml(&[
            outline(&server, "/b", "Globex Inc"),
            outline(&server, "/c", ""),
        ])],
    );
    a_day_later(&here);
    here.done(&["poll"]);
    let seen = server.take_seen();
    let asked = seen.iter().find(|seen| seen.path == "/list").unwrap();
    assert_eq!(asked.header("if-none-match"), Some("\"list\""));
    let now = keys(&here);
    assert_eq!(now.len(), 2, "{now:?}");
    assert!(
        now.contains(&"globex".to_owned()) && !now.contains(&"acme".to_owned()),
        "{now:?}"
    );
    assert_eq!(
        here.count("SELECT count(*) FROM feeds WHERE name = 'Globex Inc' AND key = 'globex'"),
        1
    );
    assert_eq!(
        here.count("SELECT count(*) FROM events WHERE kind = 'list.changed' AND detail ->> 'n_removed' = 1"),
        1
    );
    // What was read stays.
    assert_eq!(here.count("SELECT count(*) FROM entries"), 3);

    // The list leaves the configuration, and its feeds with it.
    here.configure(&format!(
        "{CONFIG}[[feed]]\nkey = \"own\"\nurl = \"https://own.example/feed\"\n"
    ));
    assert_eq!(keys(&here), ["own"]);
    here.assert_intact();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_fails_changes_nothing() {
    let server = server().await;
    let here = installation(&server, "allow_private = true", "");
    server.on("/list", [opml(&[outline(&server, "/a", "Acme")])]);
    here.done(&["poll"]);
    for bad in [
        reply(500, "down"),
        reply(200, "<html><body>Please log in</body></html>"),
        reply(200, "<opml version=\"2.0\"><body></body></opml>"),
        Act::Reset,
    ] {
        server.on("/list", [bad]);
        a_day_later(&here);
        here.done(&["poll"]);
        assert_eq!(keys(&here), ["acme"]);
        let out = here.done(&["status"]);
        assert!(out.contains("its feeds stay"), "{out}");
    }
    assert_eq!(here.count("SELECT failures FROM feed_lists"), 4);
    assert_eq!(
        here.count("SELECT count(*) FROM events WHERE kind = 'list.failed'"),
        1,
        "told once"
    );
    server.on("/list", [reply(304, "")]);
    a_day_later(&here);
    here.done(&["poll"]);
    assert_eq!(here.count("SELECT failures FROM feed_lists"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_limits_and_cannot_lead_inside() {
    let server = server().await;
    // The operator lets the list itself be on loopback, not what it names.
    let here = installation(&server, "", "allow_private = true\nfeeds_max = 2");
    server.on(
        "/list",
        [opml(&[
            outline(&server, "/a", "Acme"),
            outline(&server, "/b", "Globex"),
            outline(&server, "/c", "Initech"),
        ])],
    );
    let out = here.run(&["poll"]);
    assert_eq!(out.status.code(), Some(1));
    assert_eq!(keys(&here), ["acme", "globex"]);
    assert_eq!(
        here.count("SELECT count(*) FROM fetch_state WHERE error_kind = 'forbidden_address'"),
        2
    );
    let seen: Vec<String> = server.take_seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(seen, ["/list"]);
    assert!(here.said(&["status"]).contains("1 more left out"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_reads_a_list_by_itself() {
    let server = server().await;
    let here = installation(&server, "allow_private = true", "weight = 2.0");
    server.on(
        "/list",
        [opml(&[
            outline(&server, "/a", "Acme"),
            outline(&server, "/b", "Globex"),
        ])],
    );
    let running = here.start(&["run"]);
    running.says("Courant is running").await;
    until("entries of the list's feeds", || {
        here.count("SELECT count(*) FROM entries e JOIN feeds f ON f.id = e.feed_id WHERE f.weight = 2.0") == 2
    })
    .await;
    // A reload keeps them.
    running.signal("HUP");
    running.says("Configuration reloaded").await;
    assert_eq!(here.count("SELECT count(*) FROM feeds WHERE status = 'active'"), 2);
    running.signal("TERM");
    assert!(running.ended().await.success());
    here.assert_intact();
}
