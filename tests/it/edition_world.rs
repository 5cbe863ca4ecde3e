//! A database with one feed, articles in stories, readers, and a clock that stands still: what editions are made of.

use std::sync::Arc;

use courant::clock::{FakeClock, SeededRandom};
use courant::config::Config;
use courant::context::Ctx;
use courant::digest;
use courant::model::Layout;
use courant::store::Db;
use courant::store::rusqlite::{Transaction, params};
use courant::time::{Timestamp, Zone, parse_local};
use tokio::sync::watch;

/// Where editions are made.
pub struct World {
    pub ctx: Ctx,
    pub clock: Arc<FakeClock>,
    n_entries: i64,
    _config: watch::Sender<Arc<Config>>,
    _folder: tempfile::TempDir,
}

pub fn at(text: &str) -> Timestamp {
    parse_local(text, zone()).unwrap().1
}

fn zone() -> Zone {
    "Europe/Berlin".parse().unwrap()
}

impl World {
    pub async fn new(digest_options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let daily = if digest_options.contains("schedule") {
            ""
        } else {
            "schedule = \"0 7 * * *\""
        };
        let toml = format!(
            "[mail]\ncontact = \"A\"\nfrom = \"a@example.org\"\nlist_address = \"n@example.org\"\n\
             [[digest]]\nkey = \"daily\"\ntitle = \"Daily\"\n{daily}\nzone = \"Europe/Berlin\"\n{digest_options}\n\
             [[feed]]\nkey = \"wire\"\nurl = \"https://example.org/feed\"\n"
        );
        let config = Config::from_toml_str(&toml, folder.path()).unwrap();
        let clock = Arc::new(FakeClock::at(at("2026-09-20T12:00")));
        let db = Db::open(&folder.path().join("test.db")).unwrap();
        let (sender, receiver) = watch::channel(Arc::new(config));
        let ctx = Ctx::new(receiver, db, Arc::clone(&clock) as _, Arc::new(SeededRandom::new(7)));
        let mut world = Self {
            ctx,
            clock,
            n_entries: 0,
            _config: sender,
            _folder: folder,
        };
        let added = at("2026-09-20T12:00").unix();
        world
            .sql(move |tx| {
                tx.execute("INSERT INTO feeds (id, key, url, name, owner, added_at) VALUES (1, 'wire', 'u', 'Wire', 'Wire', ?1)", [added])?;
                Ok(())
            })
            .await;
        world
    }

    pub async fn sql<F>(&mut self, work: F)
    where
        F: FnOnce(&Transaction<'_>) -> courant::store::Result<()> + Send + 'static,
    {
        self.ctx.db.write(work).await.unwrap();
    }

    /// An article that came in at a time and is placed in a story.
    pub async fn article(&mut self, story: i64, title: &str, seen: &str) {
        self.n_entries += 1;
        let (id, seen, title) = (self.n_entries, at(seen).unix(), title.to_owned());
        self.sql(move |tx| {
            tx.execute(
                "INSERT INTO entries (id, feed_id, identity, identity_kind, url, title, publisher, first_seen_at, dated_at,
                                      content_hash, rules_version)
                 VALUES (?1, 1, ?2, 'link', 'https://example.org/' || ?1, ?3, 'Outlet ' || ?1, ?4, ?4, x'00', 1)",
                params![id, id.to_be_bytes(), title, seen],
            )?;
            tx.execute(
                "INSERT INTO stories (id, lead_entry_id, first_at, last_at) VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO NOTHING",
                [story, id, seen],
            )?;
            tx.execute("INSERT INTO story_entries (entry_id, story_id, reason, joined_at) VALUES (?1, ?2, 'similar', ?3)", [id, story, seen])?;
            tx.execute(
                "INSERT INTO mentions (entry_id, company, name, surface, place, score, about)
                 VALUES (?1, 'acme', 'Acme', 'Acme', 'title', 0.9, 1)",
                [id],
            )?;
            tx.execute("INSERT INTO entry_themes (entry_id, theme, score) VALUES (?1, 'm-and-a', 1.0)", [id])?;
            Ok(())
        })
        .await;
    }

    pub async fn reader(&mut self, id: i64, choices: &str, schedule: &str) {
        let (choices, schedule) = (choices.to_owned(), schedule.to_owned());
        let confirmed = self.ctx.now().unix();
        self.sql(move |tx| {
            tx.execute("INSERT INTO subscribers (id, address, address_key, created_at) VALUES (?1, 'r' || ?1, 'r' || ?1, ?2)", [id, confirmed])?;
            tx.execute(
                "INSERT INTO subscriptions (id, subscriber_id, digest_key, status, source, choices, schedule, asked_at, confirmed_at)
                 VALUES (?1, ?1, 'daily', 'active', 'admin', ?2, ?3, ?4, ?4)",
                params![id, choices, schedule, confirmed],
            )?;
            Ok(())
        })
        .await;
    }

    pub async fn tick_at(&mut self, time: &str) -> usize {
        self.clock.set(at(time));
        digest::tick(&self.ctx).await.unwrap().did
    }

    pub async fn settle(&mut self, status: &'static str) {
        self.sql(move |tx| {
            tx.execute(
                "UPDATE deliveries SET status = ?1, final_at = 1 WHERE status = 'queued'",
                [status],
            )?;
            Ok(())
        })
        .await;
    }

    /// Slot and outcome of each edition.
    pub async fn editions(&self) -> Vec<(String, String)> {
        self.list("SELECT substr(slot, 1, 16), outcome FROM editions ORDER BY id")
            .await
    }

    /// Reader and status of each delivery.
    pub async fn deliveries(&self) -> Vec<(String, String)> {
        self.list("SELECT CAST(subscription_id AS TEXT), status FROM deliveries ORDER BY id")
            .await
    }

    pub async fn list(&self, sql: &'static str) -> Vec<(String, String)> {
        let rows = move |conn: &courant::store::rusqlite::Connection| {
            let mut statement = conn.prepare(sql)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        self.ctx.db.read(rows).await.unwrap()
    }

    /// The stories in the reader's newest mail, in reading order.
    pub async fn told(&self, reader: i64) -> Vec<i64> {
        let found = move |conn: &courant::store::rusqlite::Connection| {
            Ok(conn.query_row(
                "SELECT a.layout FROM deliveries d JOIN audiences a ON a.id = d.audience_id
                 WHERE d.subscription_id = ?1 ORDER BY d.id DESC LIMIT 1",
                [reader],
                |row| row.get::<_, String>(0),
            )?)
        };
        let json = self.ctx.db.read(found).await.unwrap();
        let layout: Layout = serde_json::from_str(&json).unwrap();
        layout
            .sections
            .iter()
            .flat_map(|s| &s.blocks)
            .map(|block| block.story.get())
            .collect()
    }
}

pub fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}
