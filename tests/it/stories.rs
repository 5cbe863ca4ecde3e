//! The stories loop over a real database: placed, tagged, kept over a restart, corrected.

use std::process::Command;
use std::sync::Arc;

use courant::clock::{FakeClock, SeededRandom};
use courant::config::Config;
use courant::context::Ctx;
use courant::model::{EntryId, StoryId};
use courant::store::rusqlite::params;
use courant::store::story_history::Change;
use courant::store::{self, Db};
use courant::stories::{Grouper, correct};
use courant::time::Timestamp;
use tokio::sync::watch;

const NOW: Timestamp = Timestamp::from_unix(1_772_000_000);

struct World {
    ctx: Ctx,
    n: i64,
    folder: tempfile::TempDir,
    _config: watch::Sender<Arc<Config>>,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let toml = "[mail]\ncontact = \"A\"\nfrom = \"a@example.org\"\nlist_address = \"n@example.org\"\n\
             [[digest]]\nkey = \"daily\"\ntitle = \"Daily\"\nschedule = \"0 7 * * *\"\nzone = \"Europe/Berlin\"\n\
             [[feed]]\nkey = \"wire\"\nurl = \"https://example.org/feed\"\n";
        std::fs::write(
            folder.path().join("config.toml"),
            format!("[database]\npath = \"test.db\"\n{toml}"),
        )
        .unwrap();
        let config = Config::from_toml_str(toml, folder.path()).unwrap();
        let db = Db::open(&folder.path().join("test.db")).unwrap();
        db.write(|tx| {
            tx.execute(
                "INSERT INTO feeds (id, key, url, name, owner, added_at) VALUES (1, 'wire', 'u', 'Wire', 'Wire', 1)",
                [],
            )?;
            tx.execute("INSERT INTO fetch_state (feed_id, next_fetch_at) VALUES (1, 0)", [])?;
            Ok(())
        })
        .await
        .unwrap();
        let (sender, receiver) = watch::channel(Arc::new(config));
        let clock = Arc::new(FakeClock::at(NOW));
        let ctx = Ctx::new(receiver, db, clock, Arc::new(SeededRandom::new(7)));
        Self {
            ctx,
            n: 0,
            folder,
            _config: sender,
        }
    }

    /// An entry of an outlet of its own; gives its id.
    async fn article(&mut self, title: &str) -> EntryId {
        self.n += 1;
        let (id, title) = (self.n, title.to_owned());
        self.ctx
            .db
            .write(move |tx| {
                tx.execute(
                    "INSERT INTO entries (id, feed_id, identity, identity_kind, url, title, publisher, first_seen_at,
                                          dated_at, content_hash)
                     VALUES (?1, 1, ?2, 'link', 'https://example.org/' || ?1, ?3, 'Outlet ' || ?1, ?4, ?4, x'00')",
                    params![id, id.to_be_bytes(), title, NOW.unix() - 3600 + id],
                )?;
                Ok(())
            })
            .await
            .unwrap();
        EntryId::new(id)
    }

    async fn story_of(&self, entry: EntryId) -> StoryId {
        let found = self
            .ctx
            .db
            .read(move |conn| store::stories::story_of(conn, entry))
            .await;
        found.unwrap().expect("placed")
    }
}

const DEAL: &str = "Nvidia to buy chip designer Arm for $40 billion";
const DEAL_AGAIN: &str = "Chip designer Arm to be bought by Nvidia for $40bn";
const QUAKE: &str = "Quake of magnitude 6.1 shakes northern Chile";

#[tokio::test]
async fn entries_are_placed_and_tagged_once() {
    let mut world = World::new().await;
    let (a, b, c) = (
        world.article(DEAL).await,
        world.article(QUAKE).await,
        world.article(DEAL_AGAIN).await,
    );
    let mut grouper = Grouper::new(world.ctx.clone());
    assert_eq!(grouper.tick().await.unwrap().did, 3);
    assert_eq!(grouper.tick().await.unwrap().did, 0);
    assert_eq!(world.story_of(a).await, world.story_of(c).await);
    assert_ne!(world.story_of(a).await, world.story_of(b).await);
    let companies: i64 = world
        .ctx
        .db
        .read(|conn| {
            Ok(
                conn.query_row("SELECT count(*) FROM mentions WHERE company = 'nvidia'", [], |r| {
                    r.get(0)
                })?,
            )
        })
        .await
        .unwrap();
    assert_eq!(companies, 2);
}

#[tokio::test]
async fn a_story_goes_on_after_a_restart() {
    let mut world = World::new().await;
    let first = world.article(DEAL).await;
    world.article(QUAKE).await;
    Grouper::new(world.ctx.clone()).tick().await.unwrap();
    let later = world.article(DEAL_AGAIN).await;
    Grouper::new(world.ctx.clone()).tick().await.unwrap();
    assert_eq!(world.story_of(first).await, world.story_of(later).await);
}

#[tokio::test]
async fn what_a_person_kept_apart_stays_apart() {
    let mut world = World::new().await;
    let first = world.article(DEAL).await;
    let mut grouper = Grouper::new(world.ctx.clone());
    grouper.tick().await.unwrap();
    let later = world.article(DEAL_AGAIN).await;
    world
        .ctx
        .db
        .write(move |tx| store::corrections::put(tx, (false, first, later), "operator", NOW))
        .await
        .unwrap();
    grouper.tick().await.unwrap();
    assert_ne!(world.story_of(first).await, world.story_of(later).await);
}

#[tokio::test]
async fn a_merged_story_leads_on_to_the_other() {
    let mut world = World::new().await;
    let (a, b) = (world.article(DEAL).await, world.article(QUAKE).await);
    Grouper::new(world.ctx.clone()).tick().await.unwrap();
    let (into, from) = (world.story_of(a).await, world.story_of(b).await);
    world
        .ctx
        .db
        .write(move |tx| store::stories::merge(tx, from, into, "engine", NOW))
        .await
        .unwrap();
    let living = world.ctx.db.read(move |conn| store::stories::living(conn, from)).await;
    assert_eq!(living.unwrap(), Some(into));
    assert_eq!(world.story_of(b).await, into);
}

#[tokio::test]
async fn what_became_of_stories_is_written_down() {
    let mut world = World::new().await;
    let (a, b) = (world.article(DEAL).await, world.article(QUAKE).await);
    Grouper::new(world.ctx.clone()).tick().await.unwrap();
    let (one, other) = (world.story_of(a).await, world.story_of(b).await);
    let merged = world
        .ctx
        .db
        .write(move |tx| correct::merge(tx, one, other, "operator", NOW));
    merged.await.unwrap().unwrap();
    let split = world
        .ctx
        .db
        .write(move |tx| correct::split(tx, one, &[b], "reader:12", NOW));
    split.await.unwrap().unwrap();
    let new = world.story_of(b).await;
    let changes = world
        .ctx
        .db
        .read(move |conn| store::story_history::of(conn, one, 9))
        .await;
    let change = |is_merge, other, source: &str| Change {
        is_merge,
        story: one,
        other,
        n_entries: 1,
        source: source.to_owned(),
        at: NOW,
    };
    assert_eq!(
        changes.unwrap(),
        [change(true, other, "operator"), change(false, new, "reader:12")]
    );
}

#[tokio::test]
async fn the_engine_writes_down_what_it_unites() {
    let mut world = World::new().await;
    let (a, b) = (world.article(DEAL).await, world.article(DEAL_AGAIN).await);
    let apart = world
        .ctx
        .db
        .write(move |tx| store::corrections::put(tx, (false, a, b), "operator", NOW));
    apart.await.unwrap();
    Grouper::new(world.ctx.clone()).tick().await.unwrap();
    let (one, other) = (world.story_of(a).await, world.story_of(b).await);
    assert_ne!(one, other);
    let unsaid = world.ctx.db.write(|tx| Ok(tx.execute("DELETE FROM corrections", [])?));
    unsaid.await.unwrap();
    world
        .article("Nvidia agrees to buy Arm, a chip designer, for $40 billion")
        .await;
    Grouper::new(world.ctx.clone()).tick().await.unwrap();
    let changes = world
        .ctx
        .db
        .read(move |conn| store::story_history::of(conn, one, 9))
        .await
        .unwrap();
    assert_eq!(world.story_of(a).await, world.story_of(b).await);
    assert!(
        matches!(changes.as_slice(), [Change { is_merge: true, source, .. }] if source == "engine"),
        "{changes:?}"
    );
}

#[tokio::test]
async fn corrections_are_handed_to_eval() {
    let mut world = World::new().await;
    let (a, b, c) = (
        world.article(DEAL).await,
        world.article(DEAL_AGAIN).await,
        world.article(QUAKE).await,
    );
    Grouper::new(world.ctx.clone()).tick().await.unwrap();
    let (deal, quake) = (world.story_of(a).await, world.story_of(c).await);
    let split = world
        .ctx
        .db
        .write(move |tx| correct::split(tx, deal, &[b], "operator", NOW));
    split.await.unwrap().unwrap();
    let merged = world
        .ctx
        .db
        .write(move |tx| correct::merge(tx, deal, quake, "operator", NOW));
    merged.await.unwrap().unwrap();
    let folder = world.folder.path();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_courant"))
            .current_dir(folder)
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run(&["--config", "config.toml", "story", "export", "out", "--days", "3650"]);
    let corrections = std::fs::read_to_string(folder.join("out/corrections.tsv")).unwrap();
    assert_eq!(
        corrections,
        format!("kind\ta\tb\napart\t{b}\t{a}\ntogether\t{a}\t{c}\n")
    );
    let eval = |more: &[&str]| run(&[&["eval", "stories", "--input", "out/items.tsv"], more].concat());
    // The gold is what the daemon holds: with the corrections the engine comes to the same, without it does not.
    let same = "B-cubed P 1.000 R 1.000 F1 1.000";
    let with = eval(&["--corrections", "out/corrections.tsv"]);
    assert!(with.contains(same), "{with}");
    assert!(!eval(&[]).contains(same));
}
