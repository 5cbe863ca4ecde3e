//! Full text: articles' pages are read politely, used for tagging and stories, and never mailed.

use std::time::Duration;

use courant::clock::{Clock as _, SystemClock};
use courant::ingest::full_text;
use courant::store::texts::{self, TextCounts};
use courant::stories::Grouper;

use crate::fake_feeds::{Act, FakeFeeds, reply, reply_with};
use crate::poll_world::{NOW, World};
use crate::program::Installation;

/// An RSS document whose items lead to pages of this server.
fn document(server: &FakeFeeds, items: &[(&str, &str)], at: i64) -> Act {
    let date = chrono::DateTime::from_timestamp(at, 0).unwrap().to_rfc2822();
    let items: String = items
        .iter()
        .map(|(path, title)| {
            format!(
                "<item><guid isPermaLink=\"false\">{path}</guid><title>{title}</title><link>{}</link>\
                 <pubDate>{date}</pubDate></item>",
                server.url(path)
            )
        })
        .collect();
    reply(
        200,
        format!("<rss version=\"2.0\"><channel><title>Harbour Gazette</title>{items}</channel></rss>"),
    )
}

fn page(title: &str, sentence: &str) -> Act {
    let filler =
        "The harbour board met in the morning and spoke about the weather, the tides and the new crane for a while.";
    reply_with(
        200,
        &[("Content-Type", "text/html; charset=utf-8"), ("Set-Cookie", "id=1")],
        format!(
            "<!doctype html><html><body><nav><a href=\"/\">Home</a> <a href=\"/login\">Log in</a></nav><article>\
             <h1>{title}</h1><p>{title}. {sentence}</p><p>{filler}</p><p>{filler}</p></article></body></html>"
        ),
    )
}

async fn world(server: &FakeFeeds) -> World {
    World::with(&[("a", server.url("/feed"))], |config| {
        config.poll.allow_private = true;
        config.feeds[0].full_text = true;
    })
    .await
}

async fn read_pages(world: &World) -> TextCounts {
    full_text::tick(&world.ctx).await.unwrap();
    let id = world.feed("a").await.id;
    world.ctx.db.read(move |conn| texts::counts(conn, id)).await.unwrap()
}

async fn count(world: &World, sql: &'static str) -> i64 {
    let read = world
        .ctx
        .db
        .read(move |conn| Ok(conn.query_row(sql, [], |row| row.get(0))?));
    read.await.unwrap()
}

const MICROSOFT: &str = "SELECT count(*) FROM mentions WHERE company = 'microsoft'";
const PLACED: &str = "SELECT count(*) FROM story_entries";

#[tokio::test]
async fn a_company_named_only_on_the_page_is_found() {
    let server = FakeFeeds::start().await;
    server.on(
        "/feed",
        [document(
            &server,
            &[("/1", "Cloud contract signed for harbour offices")],
            NOW.unix() - 600,
        )],
    );
    server.on(
        "/1",
        [page(
            "Cloud contract signed for harbour offices",
            "Microsoft will run the computers of the harbour, Microsoft Corporation and the board said.",
        )],
    );
    let world = world(&server).await;
    world.tick().await;
    let mut stories = Grouper::new(world.ctx.clone());
    stories.tick().await.unwrap();
    assert_eq!(count(&world, PLACED).await, 0, "it waits for its text");

    server.take_seen();
    assert_eq!(read_pages(&world).await.n_read, 1);
    let seen = server.take_seen();
    assert_eq!((seen.len(), seen[0].path.as_str()), (1, "/1"));
    assert!(seen[0].header("accept").unwrap().starts_with("text/html"));
    for name in ["cookie", "referer", "if-none-match"] {
        assert_eq!(seen[0].header(name), None);
    }
    stories.tick().await.unwrap();
    assert_eq!((count(&world, PLACED).await, count(&world, MICROSOFT).await), (1, 1));
    // What the feed said stays what is shown.
    assert_eq!(
        count(&world, "SELECT count(*) FROM entries WHERE summary LIKE '%Microsoft%'").await,
        0
    );
    // Nobody asks twice.
    read_pages(&world).await;
    assert!(server.take_seen().is_empty());
    // A process that starts anew reads the same.
    let mut again = Grouper::new(world.ctx.clone());
    world
        .ctx
        .db
        .write(|tx| Ok(tx.execute("UPDATE entries SET rules_version = 0", [])?))
        .await
        .unwrap();
    again.tick().await.unwrap();
    assert_eq!(count(&world, MICROSOFT).await, 1);
}

#[tokio::test]
async fn a_page_that_hangs_or_fails_holds_nothing_up_for_long() {
    let server = FakeFeeds::start().await;
    let items = [
        ("/gone", "First headline of the harbour"),
        ("/wall", "Second headline of the quayside"),
        ("/pdf", "Third headline of the lighthouse"),
        ("/hangs", "Fourth headline of the ferries"),
    ];
    server.on("/feed", [document(&server, &items, NOW.unix() - 600)]);
    server.on("/wall", [page("Before you continue", "We value your privacy.")]);
    server.on(
        "/pdf",
        [reply_with(200, &[("Content-Type", "application/pdf")], "%PDF-1.7")],
    );
    server.on("/hangs", [Act::Hang]);
    let world = world(&server).await;
    world.tick().await;
    world
        .reload(|config| config.poll.timeout = Duration::from_secs(2))
        .await;
    let counts = read_pages(&world).await;
    assert_eq!((counts.n_read, counts.n_failed, counts.n_waiting), (0, 3, 1));
    let mut stories = Grouper::new(world.ctx.clone());
    stories.tick().await.unwrap();
    assert_eq!(count(&world, PLACED).await, 3);
    world.clock.advance(Duration::from_secs(301));
    stories.tick().await.unwrap();
    assert_eq!(count(&world, PLACED).await, 4, "five minutes are enough");
    // Asked once more after an hour, then never.
    server.take_seen();
    for expected in [1, 0, 0] {
        world.advance(2);
        read_pages(&world).await;
        assert_eq!(server.take_seen().len(), expected);
    }
    assert_eq!(read_pages(&world).await.n_failed, 4);
}

#[tokio::test]
async fn a_host_that_asks_to_wait_is_left_alone() {
    let server = FakeFeeds::start().await;
    let items = [
        ("/1", "First headline of the harbour"),
        ("/2", "Second headline of the quayside"),
    ];
    server.on("/feed", [document(&server, &items, NOW.unix() - 600)]);
    let busy = reply_with(429, &[("Retry-After", "7200")], "slow down");
    server.on("/1", [busy.clone()]);
    server.on("/2", [busy]);
    let world = world(&server).await;
    world.tick().await;
    server.take_seen();
    assert_eq!(read_pages(&world).await.n_waiting, 2);
    assert_eq!(server.take_seen().len(), 1);
    world.advance(1);
    read_pages(&world).await;
    assert!(server.take_seen().is_empty());
    world.advance(2);
    read_pages(&world).await;
    assert!(!server.take_seen().is_empty());
}

#[tokio::test]
async fn a_page_on_a_private_address_is_not_asked() {
    let server = FakeFeeds::start().await;
    let other = FakeFeeds::start_on([127, 0, 0, 9]).await;
    server.on(
        "/feed",
        [document(
            &other,
            &[("/1", "First headline of the harbour")],
            NOW.unix() - 600,
        )],
    );
    let world = world(&server).await;
    world.tick().await;
    world.reload(|config| config.poll.allow_private = false).await;
    assert_eq!(read_pages(&world).await.n_failed, 1);
    assert!(other.take_seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_is_in_no_mail() {
    let server = FakeFeeds::start().await;
    let now = SystemClock.now().unix();
    let title = "Cloud contract signed for harbour offices";
    server.on("/feed", [document(&server, &[("/1", title)], now - 600)]);
    server.on(
        "/1",
        [page(
            title,
            "Microsoft will run the computers of the harbour, a sentence of the page alone.",
        )],
    );
    let here = Installation::new(&format!(
        "[database]\npath = \"courant.db\"\n[poll]\nallow_private = true\nhost_pause = \"0s\"\n[mail]\n\
         transport = \"folder\"\nfolder = \"mail\"\nlist_address = \"news@example.org\"\ncontact = \"Desk\"\n[[digest]]\n\
         key = \"daily\"\nscore_min = 0.0\nschedule = \"0 7 1 1 *\"\n[[feed]]\nkey = \"gazette\"\nurl = \"{}\"\nfull_text = true\n",
        server.url("/feed")
    ));
    here.done(&["poll"]);
    let shown = here.done(&["feeds", "show", "gazette"]);
    assert!(shown.contains("Full text      1 pages read"), "{shown}");
    here.done(&[
        "subscribers",
        "add",
        "reader@example.net",
        "--digest",
        "daily",
        "--confirmed",
    ]);
    here.done(&["send-now", "daily"]);
    assert_eq!(here.count(MICROSOFT), 1);
    let mut mails = 0;
    for file in std::fs::read_dir(here.path("mail")).unwrap() {
        let text = String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap()).into_owned();
        mails += usize::from(text.contains("harbour offices"));
        assert!(!text.contains("page alone") && !text.contains("new crane"), "{text}");
    }
    assert!(mails > 0, "the digest was not written");
}
