//! `[[subscriber]]` over starts and reloads: who comes, who stays away, whose choices hold.

use std::path::Path;
use std::sync::Arc;

use courant::clock::{FakeClock, SeededRandom};
use courant::config::Config;
use courant::context::Ctx;
use courant::model::{Choices, EndReason};
use courant::store::Db;
use courant::store::subscribers::{self, NewPending, Step, chain_holds};
use courant::subscribe::configured::{Reconciled, reconcile};
use courant::time::Timestamp;
use courant::token;
use tokio::sync::watch;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

struct World {
    ctx: Ctx,
    config: watch::Sender<Arc<Config>>,
    folder: tempfile::TempDir,
}

fn read(folder: &Path, people: &str) -> Arc<Config> {
    let text = format!(
        "[mail]\nlist_address = \"news@example.org\"\ncontact = \"A\"\n[[feed]]\nurl = \"https://example.org/feed\"\n\
         [[digest]]\nkey = \"daily\"\n[[digest]]\nkey = \"weekly\"\nopen = false\n{people}"
    );
    Arc::new(Config::from_toml_str(&text, folder).unwrap_or_else(|problems| panic!("{problems}")))
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("courant.db")).unwrap();
        let (config, receiver) = watch::channel(read(folder.path(), ""));
        let ctx = Ctx::new(
            receiver,
            db,
            Arc::new(FakeClock::at(NOW)),
            Arc::new(SeededRandom::new(1)),
        );
        Self { ctx, config, folder }
    }

    /// Takes a configuration over; says how many were added, changed, ended, refused.
    async fn with(&self, people: &str) -> [usize; 4] {
        self.config.send_replace(read(self.folder.path(), people));
        let Reconciled {
            added,
            changed,
            ended,
            refused,
        } = reconcile(&self.ctx).await.unwrap();
        [added, changed, ended, refused]
    }

    /// `digest status muted` of everybody, by address.
    async fn holds(&self) -> Vec<String> {
        self.ctx
            .db
            .read(|c| {
                let rows = subscribers::list(c, None, None)?;
                let shown = rows.into_iter().map(|row| {
                    let muted = row.choices.muted.join("+");
                    format!("{} {} {} {muted}", row.address, row.digest, row.status)
                        .trim()
                        .to_owned()
                });
                Ok(shown.collect())
            })
            .await
            .unwrap()
    }

    /// Ends Anna's subscription as a person or a report would.
    async fn end(&self, reason: EndReason, way: &'static str) {
        self.ctx
            .db
            .write(move |tx| {
                let anna = subscribers::find(tx, "anna@example.org")?.unwrap();
                let held = subscribers::subscriptions(tx, anna.id)?;
                subscribers::end(tx, held[0].id, reason, NOW)?;
                subscribers::add_consent(tx, held[0].id, Step::Ended, way, "x", NOW)
            })
            .await
            .unwrap();
    }
}

const ANNA: &str = "[[subscriber]]\naddress = \"Anna@example.org\"\n";

#[tokio::test]
async fn the_file_adds_changes_and_ends() {
    let world = World::new();
    assert_eq!(world.with(ANNA).await, [1, 0, 0, 0]);
    assert_eq!(world.with(ANNA).await, [0, 0, 0, 0], "a second start changes nothing");
    assert_eq!(world.with(&format!("{ANNA}muted = [\"crypto\"]")).await, [0, 1, 0, 0]);
    assert_eq!(world.holds().await, ["Anna@example.org daily active crypto"]);
    assert_eq!(world.with("").await, [0, 0, 1, 0]);
    assert_eq!(world.holds().await, ["Anna@example.org daily ended crypto"]);
    assert_eq!(
        world.with(ANNA).await,
        [1, 0, 0, 0],
        "what the file ended the file may begin again"
    );
    let proofs = world.ctx.db.read(subscribers::proofs).await.unwrap();
    assert!(proofs.iter().all(|proof| chain_holds(proof.subscription, &proof.steps)));
    let ways: Vec<&str> = proofs[0].steps.iter().map(|step| step.way.as_str()).collect();
    assert_eq!(ways, ["config"; 4]);
}

#[tokio::test]
async fn who_left_stays_away() {
    for (reason, way) in [
        (EndReason::Asked, "mail"),
        (EndReason::OneClick, "one_click"),
        (EndReason::Bounced, "mail"),
        (EndReason::Admin, "admin"),
    ] {
        let world = World::new();
        world.with(ANNA).await;
        world.end(reason, way).await;
        assert_eq!(world.with(ANNA).await, [0, 0, 0, 1], "{reason:?}");
        assert_eq!(
            world.with(&format!("{ANNA}muted = [\"crypto\"]")).await,
            [0, 0, 0, 1],
            "{reason:?}"
        );
        assert_eq!(world.holds().await, ["Anna@example.org daily ended"], "{reason:?}");
    }
    // Somebody types her address, and she does not answer; neither while the question waits nor after it lapsed.
    let world = World::new();
    world.with(ANNA).await;
    world.end(EndReason::Asked, "mail").await;
    let asked = world.ctx.db.write(|tx| {
        let anna = subscribers::find(tx, "anna@example.org")?.unwrap();
        let new = NewPending {
            subscriber: anna.id,
            digest: "daily",
            source: "web",
            choices: &Choices::default(),
            schedule: "",
            token_hash: [1; 32],
            expires_at: NOW,
            asked_at: NOW,
        };
        subscribers::put_pending(tx, &new)
    });
    asked.await.unwrap();
    assert_eq!(world.holds().await, ["Anna@example.org daily pending"]);
    assert_eq!(world.with(ANNA).await, [0, 0, 0, 1]);
    let later = NOW.plus(std::time::Duration::from_hours(200));
    world
        .ctx
        .db
        .write(move |tx| subscribers::purge_pending(tx, later))
        .await
        .unwrap();
    assert_eq!(world.with(ANNA).await, [0, 0, 0, 1]);
    assert_eq!(world.holds().await, ["Anna@example.org daily ended"]);
    // Erased: not even the row is made again.
    let world = World::new();
    world.with(ANNA).await;
    let key = world.ctx.token_key().await.unwrap();
    let erased = world.ctx.db.write(move |tx| {
        let anna = subscribers::find(tx, "anna@example.org")?.unwrap();
        subscribers::erase(tx, anna.id, &token::address_hash(&key, "anna@example.org"), NOW)
    });
    assert!(erased.await.unwrap());
    assert_eq!(world.with(ANNA).await, [0, 0, 0, 1]);
    assert!(world.holds().await.is_empty());
}

#[tokio::test]
async fn what_readers_chose_themselves_is_theirs() {
    let world = World::new();
    world.with(ANNA).await;
    // A choice by mail survives the next start, until the file says something else.
    world
        .ctx
        .db
        .write(|tx| Ok(tx.execute_batch("UPDATE subscriptions SET choices = '{\"muted\":[\"own\"]}'")?))
        .await
        .unwrap();
    assert_eq!(world.with(ANNA).await, [0, 0, 0, 0]);
    assert_eq!(world.holds().await, ["Anna@example.org daily active own"]);
    // Who subscribed by mail is not the file's to change or to end.
    world
        .ctx
        .db
        .write(|tx| {
            Ok(tx.execute_batch(
                "UPDATE subscriptions SET source = 'mail'; DELETE FROM settings WHERE key LIKE 'configured:%'",
            )?)
        })
        .await
        .unwrap();
    assert_eq!(world.with(&format!("{ANNA}muted = [\"crypto\"]")).await, [0, 0, 0, 0]);
    assert_eq!(world.with("").await, [0, 0, 0, 0]);
    assert_eq!(world.holds().await, ["Anna@example.org daily active own"]);
}

#[test]
fn mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[[digest]]\nkey = \"daily\"\n[[feed]]\nurl = \"https://example.org/feed\"\n\
        [[subscriber]]\naddress = \"anna\"\n\
        [[subscriber]]\naddress = \"b@example.org\"\ndigest = \"dayly\"\n\
        [[subscriber]]\naddress = \"c@example.org\"\ntime = \"25:00\"\nzone = \"Europe/Nowhere\"\noften = \"hourly\"\n\
        [[subscriber]]\naddress = \"d@example.org\"\n[[subscriber]]\naddress = \"D@EXAMPLE.org\"\n";
    let problems = Config::from_toml_str(text, folder.path()).unwrap_err().to_string();
    for words in [
        "`anna` is no address",
        "there is no `[[digest]]` named `dayly`",
        "`time`",
        "`zone`",
        "`often`: `hourly` is no rhythm",
        "gets `daily` already",
    ] {
        assert!(problems.contains(words), "{words}: {problems}");
    }
}
