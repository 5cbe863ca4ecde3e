//! Answers to a digest: what a reader says of its stories by their numbers, from the mail to the story engine.

use std::sync::Arc;

use courant::clock::{FakeClock, SeededRandom};
use courant::config::Config;
use courant::context::Ctx;
use courant::mail::render::Templates;
use courant::model::{EntryId, Layout, StoryId, SubscriptionId};
use courant::store::rusqlite::params;
use courant::store::{self, Db};
use courant::stories::Grouper;
use courant::subscribe::handle;
use courant::subscribe::inbound::Envelope;
use courant::time::Timestamp;
use courant::{digest, token};
use tokio::sync::watch;

const NOW: Timestamp = Timestamp::from_unix(1_772_000_000);

struct World {
    ctx: Ctx,
    n_mails: std::cell::Cell<u32>,
    _folder: tempfile::TempDir,
    _config: watch::Sender<Arc<Config>>,
}

impl World {
    /// Anna (1) and Ben (2) read; Anna was sent a digest with three stories, the first of them of three articles.
    async fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let toml = format!(
            "{more}\n[mail]\ncontact = \"A\"\nfrom = \"a@example.org\"\nlist_address = \"news@example.org\"\n\
             [[digest]]\nkey = \"daily\"\ntitle = \"Daily\"\nschedule = \"* * * * *\"\nsend_empty = true\nscore_min = 0.0\n\
             [[feed]]\nkey = \"wire\"\nurl = \"https://example.org/feed\"\n"
        );
        let config = Config::from_toml_str(&toml, folder.path()).unwrap_or_else(|problems| panic!("{problems}"));
        let db = Db::open(&folder.path().join("test.db")).unwrap();
        let (sender, receiver) = watch::channel(Arc::new(config));
        let clock = Arc::new(FakeClock::at(NOW));
        let ctx = Ctx::new(receiver, db, Arc::clone(&clock) as _, Arc::new(SeededRandom::new(7)));
        let world = Self {
            ctx,
            n_mails: std::cell::Cell::new(0),
            _folder: folder,
            _config: sender,
        };
        world
            .sql(
                "INSERT INTO feeds (id, key, url, name, owner, added_at) VALUES (1, 'wire', 'u', 'Wire', 'Wire', 1);
                 INSERT INTO subscribers (id, address, address_key, created_at) VALUES (1, 'anna@example.net', 'anna@example.net', 0);
                 INSERT INTO subscriptions (id, subscriber_id, digest_key, status, source, asked_at, confirmed_at)
                 VALUES (1, 1, 'daily', 'active', 'mail', 0, 1);",
            )
            .await;
        for (story, title) in [
            (1, "Nordhall raises its outlook"),
            (1, "Outlook raised at chip maker Nordhall"),
            (1, "Nordhall raises its outlook!"),
            (2, "Harbour workers stop"),
            (3, "Harbour workers stop for a day"),
        ] {
            world.article(story, title).await;
        }
        digest::tick(&world.ctx).await.unwrap();
        clock.advance(std::time::Duration::from_secs(60));
        while digest::tick(&world.ctx).await.unwrap().did > 0 {}
        world
            .sql(
                "UPDATE deliveries SET status = 'sent', final_at = 1;
                 INSERT INTO subscribers (id, address, address_key, created_at) VALUES (2, 'ben@example.net', 'ben@example.net', 0);
                 INSERT INTO subscriptions (id, subscriber_id, digest_key, status, source, asked_at, confirmed_at)
                 VALUES (2, 2, 'daily', 'active', 'mail', 0, 1);",
            )
            .await;
        world
    }

    async fn sql(&self, sql: &'static str) {
        self.ctx.db.write(move |tx| Ok(tx.execute_batch(sql)?)).await.unwrap();
    }

    async fn article(&self, story: i64, title: &'static str) {
        let at = NOW.unix() - 600;
        self.ctx
            .db
            .write(move |tx| {
                let id: i64 = tx.query_row("SELECT coalesce(max(id), 0) + 1 FROM entries", [], |row| row.get(0))?;
                tx.execute(
                    "INSERT INTO entries (id, feed_id, identity, identity_kind, url, title, publisher, first_seen_at, dated_at,
                                          content_hash, rules_version)
                     VALUES (?1, 1, ?2, 'link', 'https://example.org/' || ?1, ?3, 'Outlet ' || ?1, ?4, ?4, x'00', 1000000)",
                    params![id, id.to_be_bytes(), title, at],
                )?;
                tx.execute(
                    "INSERT INTO stories (id, lead_entry_id, first_at, last_at) VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO NOTHING",
                    [story, id, at],
                )?;
                tx.execute(
                    "INSERT INTO story_entries (entry_id, story_id, reason, joined_at) VALUES (?1, ?2, 'similar', ?3)",
                    [id, story, at],
                )?;
                Ok(())
            })
            .await
            .unwrap();
    }

    /// The Message-ID of Anna's digest, and the number of each story in it.
    async fn digest(&self) -> (String, Vec<(u32, StoryId)>) {
        let (id, layout): (String, String) = self
            .ctx
            .db
            .read(|c| {
                let sql = "SELECT d.message_id, a.layout FROM deliveries d JOIN audiences a ON a.id = d.audience_id ORDER BY d.id DESC";
                Ok(c.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
            })
            .await
            .unwrap();
        let layout: Layout = serde_json::from_str(&layout).unwrap();
        let blocks = layout.sections.iter().flat_map(|section| &section.blocks);
        (id, blocks.map(|block| (block.number, block.story)).collect())
    }

    /// The number of a story in Anna's digest.
    async fn number(&self, story: i64) -> u32 {
        let (_, numbers) = self.digest().await;
        let found = numbers.iter().find(|(_, s)| s.get() == story);
        found.unwrap_or_else(|| panic!("story {story} in {numbers:?}")).0
    }

    /// What becomes of an answer to Anna's digest.
    async fn answer(&self, from: &str, to: &str, body: &str) -> String {
        let (id, _) = self.digest().await;
        self.n_mails.set(self.n_mails.get() + 1);
        let raw = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: Re: Daily\r\nMessage-ID: <{}@example.net>\r\nIn-Reply-To: <{id}>\r\n\r\n{body}\r\n\r\n> 1. Old\r\n",
            self.n_mails.get()
        );
        let templates = Arc::new(Templates::builtin());
        handle(&self.ctx, &templates, raw.as_bytes(), &Envelope::default())
            .await
            .unwrap()
            .name()
    }

    /// The answer address in the digest of a subscription.
    async fn reply_to(&self, subscription: i64) -> String {
        let key = self.ctx.token_key().await.unwrap();
        let token = token::reply_token(&key, SubscriptionId::new(subscription));
        format!("news+reply-{token}@example.org")
    }

    async fn last_mail(&self) -> String {
        let read = self.ctx.db.read(|c| {
            let sql = "SELECT CAST(message AS TEXT) FROM deliveries ORDER BY id DESC";
            Ok(c.query_row(sql, [], |row| row.get::<_, String>(0))?)
        });
        read.await.unwrap().replace("=\r\n", "")
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let read = self.ctx.db.read(move |c| Ok(c.query_row(sql, [], |row| row.get(0))?));
        read.await.unwrap()
    }

    /// The stories loop takes up what was said.
    async fn place(&self) -> usize {
        Grouper::new(self.ctx.clone()).tick().await.unwrap().did
    }

    async fn story_of(&self, entry: i64) -> i64 {
        let found = self
            .ctx
            .db
            .read(move |c| store::stories::story_of(c, EntryId::new(entry)));
        found.await.unwrap().unwrap().get()
    }
}

const REQUESTS: &str = "SELECT count(*) FROM correction_requests";

#[tokio::test]
async fn a_reader_joins_two_stories() {
    let world = World::new("").await;
    let (a, b) = (world.number(2).await, world.number(3).await);
    let to = world.reply_to(1).await;
    let said = world.answer("anna@example.net", &to, &format!("merge {a} {b}")).await;
    assert_eq!(said, "changed");
    let mail = world.last_mail().await;
    assert!(
        mail.contains("Harbour workers stop for a day") && mail.contains("are one story"),
        "{mail}"
    );
    assert_eq!(world.place().await, 1);
    assert_eq!(world.story_of(4).await, world.story_of(5).await);
    assert_eq!(
        world
            .count("SELECT count(*) FROM corrections WHERE kind = 'together' AND source = 'reader:1'")
            .await,
        1
    );
    assert_eq!(
        world
            .count("SELECT count(*) FROM correction_requests WHERE outcome LIKE '%is part of%'")
            .await,
        1
    );
    // Said again: it is so already, and nothing breaks.
    world
        .answer("anna@example.net", &to, &format!("merge {a} and #{b}."))
        .await;
    assert_eq!(world.place().await, 1);
    assert_eq!(
        world
            .count("SELECT count(*) FROM correction_requests WHERE outcome LIKE 'nothing: %'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_reader_takes_a_headline_out() {
    let world = World::new("").await;
    let (n, single) = (world.number(1).await, world.number(2).await);
    let to = world.reply_to(1).await;
    let said = world
        .answer(
            "anna@example.net",
            &to,
            &format!("split {n}\r\nsplit {single}\r\nsplit 99\r\nshort"),
        )
        .await;
    assert_eq!(said, "changed");
    let mail = world.last_mail().await;
    for words in ["stands apart", "is a single article", "has no number 99", "short"] {
        assert!(mail.contains(words), "{words}: {mail}");
    }
    assert_eq!(world.count(REQUESTS).await, 1);
    world.place().await;
    // The lead and its reprint on one side, the other wording on the other.
    let stories = (
        world.story_of(1).await,
        world.story_of(2).await,
        world.story_of(3).await,
    );
    assert_eq!(stories.0, stories.2, "{stories:?}");
    assert_ne!(stories.0, stories.1, "{stories:?}");
}

#[tokio::test]
async fn nobody_else_corrects_stories() {
    let world = World::new("").await;
    let merge = format!("merge {} {}", world.number(2).await, world.number(3).await);
    // Anybody may write Anna's name; a stranger who knows the Message-ID; a reader who was not sent that digest.
    assert_eq!(
        world.answer("anna@example.net", "news@example.org", &merge).await,
        "settings"
    );
    assert!(world.last_mail().await.contains("counts only in an answer"));
    assert_eq!(
        world.answer("eve@example.com", "news@example.org", &merge).await,
        "notsubscribed"
    );
    let bens = world.reply_to(2).await;
    assert_eq!(world.answer("ben@example.net", &bens, &merge).await, "changed");
    assert!(
        world
            .last_mail()
            .await
            .contains("answer the digest whose stories you mean")
    );
    // A token that nobody made is no proof.
    let forged = format!("news+reply-{}@example.org", "a".repeat(39));
    assert_eq!(world.answer("anna@example.net", &forged, &merge).await, "settings");
    assert_eq!(world.count(REQUESTS).await, 0);
}

#[tokio::test]
async fn the_operator_can_keep_it_to_themselves() {
    for (more, n) in [
        (
            "[inbound]\ncorrections = \"off\"\n[daemon]\noperator = \"anna@example.net\"",
            0,
        ),
        (
            "[inbound]\ncorrections = \"operator\"\n[daemon]\noperator = \"ops@example.org\"",
            0,
        ),
        (
            "[inbound]\ncorrections = \"operator\"\n[daemon]\noperator = \"Anna@Example.net\"",
            1,
        ),
    ] {
        let world = World::new(more).await;
        let merge = format!("merge {} {}", world.number(2).await, world.number(3).await);
        let to = world.reply_to(1).await;
        assert_eq!(world.answer("anna@example.net", &to, &merge).await, "changed");
        assert_eq!(world.count(REQUESTS).await, n, "{more}");
    }
}

#[tokio::test]
async fn ten_a_day_are_enough() {
    let world = World::new("").await;
    let split = format!("split {}", world.number(1).await);
    let to = world.reply_to(1).await;
    for _ in 0..12 {
        world.answer("anna@example.net", &to, &split).await;
    }
    assert_eq!(world.count(REQUESTS).await, 10);
    assert!(world.last_mail().await.contains("that is enough for today"));
}

#[tokio::test]
async fn the_answer_address_opens_nothing_that_cannot_be_undone() {
    let world = World::new("").await;
    let to = world.reply_to(1).await;
    assert_eq!(
        world
            .answer("anna@example.net", &to, "mute nothing-known\r\nhtml")
            .await,
        "changed"
    );
    assert_eq!(world.answer("anna@example.net", &to, "erase").await, "question");
    assert_eq!(world.count("SELECT count(*) FROM subscribers WHERE id = 1").await, 1);
    // To leave from there is undone by subscribing again.
    assert_eq!(world.answer("anna@example.net", &to, "unsubscribe").await, "goodbye");
}
