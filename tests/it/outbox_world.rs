//! An outbox with readers, a clock that stands still, and a mailer that sends to a fake relay.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use courant::clock::{FakeClock, SeededRandom};
use courant::config::Config;
use courant::context::{Ctx, Next};
use courant::mail::Mailer;
use courant::mail::smtp::Limits;
use courant::model::{AudienceId, Coverage, DeliveryKind, Edition, Layout, Slot, SubscriptionId};
use courant::store::outbox::{self, NewDelivery};
use courant::store::{Db, rusqlite};
use courant::time::Timestamp;
use tempfile::TempDir;
use tokio::sync::watch;

pub const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// Longer than a busy machine stands still.
pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    command: Duration::from_secs(60),
    body: Duration::from_secs(60),
};

/// Where a server is silent in a reply to a command, or to the final dot: so that it costs a test little.
pub const SHORT_COMMAND: Limits = Limits {
    command: Duration::from_secs(2),
    ..LIMITS
};
pub const SHORT_BODY: Limits = Limits {
    body: Duration::from_secs(2),
    ..LIMITS
};

pub struct World {
    pub ctx: Ctx,
    pub clock: Arc<FakeClock>,
    pub mailer: Mailer,
    pub config: watch::Sender<Arc<Config>>,
    pub folder: TempDir,
}

/// `[mail]` for a relay on loopback, with more lines for `[mail.smtp]` and for `[mail]`.
pub fn relay(port: u16, smtp: &str, mail: &str) -> String {
    format!(
        "transport = \"smtp\"\n{mail}\n[mail.smtp]\nhost = \"localhost\"\nport = {port}\n{}\n{smtp}\n",
        if smtp.contains("tls") { "" } else { "tls = \"none\"" }
    )
}

fn config(folder: &TempDir, mail: &str) -> Arc<Config> {
    let text = format!(
        "[database]\npath = \"courant.db\"\n[[feed]]\nurl = \"https://example.org/feed.xml\"\n\
         [[digest]]\nkey = \"daily\"\ntitle = \"Daily business\"\nschedule = \"0 7 * * *\"\nzone = \"Europe/Berlin\"\n\
         [mail]\nlist_address = \"news@example.org\"\ncontact = \"Example Desk, 1 Main Street\"\n{mail}"
    );
    Arc::new(Config::from_toml_str(&text, folder.path()).unwrap_or_else(|problems| panic!("{problems}")))
}

impl World {
    pub async fn new(mail: &str) -> Self {
        Self::with(mail, LIMITS).await
    }

    pub async fn with(mail: &str, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder, mail);
        let db = Db::open(&folder.path().join("courant.db")).unwrap();
        db.write(|tx| Ok(seed(tx)?)).await.unwrap();
        let (sender, receiver) = watch::channel(config);
        let clock = Arc::new(FakeClock::at(NOW));
        let random = Arc::new(SeededRandom::new(1));
        let ctx = Ctx::new(receiver, db, Arc::clone(&clock) as _, random);
        let mailer = Mailer::start_with(ctx.clone(), Some(limits)).await.unwrap();
        Self {
            ctx,
            clock,
            mailer,
            config: sender,
            folder,
        }
    }

    /// Another configuration, as after SIGHUP.
    pub fn reload(&self, mail: &str) {
        self.config.send_replace(config(&self.folder, mail));
    }

    /// Another process takes the outbox over.
    pub async fn restart(&mut self) {
        self.mailer = Mailer::start_with(self.ctx.clone(), Some(LIMITS)).await.unwrap();
    }

    /// Readers `r1@example.net` ..., each with a digest waiting.
    pub async fn digests(&self, n: i64) {
        for id in 1..=n {
            self.digest_to(id, &format!("r{id}@example.net")).await;
        }
    }

    pub async fn digest_to(&self, id: i64, address: &str) {
        let address = address.to_owned();
        let now = NOW;
        self.ctx
            .db
            .write(move |tx| {
                tx.execute(
                    "INSERT INTO subscribers (id, address, address_key, created_at) VALUES (?1, ?2, ?2, 0)",
                    (id, address),
                )?;
                tx.execute(
                    "INSERT INTO subscriptions (id, subscriber_id, digest_key, status, source, asked_at, confirmed_at)
                     VALUES (?1, ?1, 'daily', 'active', 'mail', 0, 1790000000)",
                    [id],
                )?;
                outbox::enqueue(
                    tx,
                    &NewDelivery {
                        dedupe_key: format!("e1:s{id}"),
                        kind: DeliveryKind::Digest,
                        audience: Some(AudienceId::new(1)),
                        subscription: Some(SubscriptionId::new(id)),
                        recipient: String::new(),
                        message_id: format!("d.20270115.{id}.00000000000000ff@example.org"),
                        message: Vec::new(),
                        queued_at: now,
                    },
                )
            })
            .await
            .unwrap();
    }

    pub async fn reply_to(&self, address: &str) {
        let new = NewDelivery {
            dedupe_key: format!("reply:{address}"),
            kind: DeliveryKind::Reply,
            audience: None,
            subscription: None,
            recipient: address.to_owned(),
            message_id: format!("r.20270115.1.{}@example.org", address.len()),
            message: format!("Message-ID: <r.1@example.org>\r\nTo: {address}\r\nSubject: hello\r\n\r\nhello\r\n")
                .into(),
            queued_at: NOW,
        };
        self.ctx
            .db
            .write(move |tx| outbox::enqueue(tx, &new))
            .await
            .unwrap()
            .unwrap();
    }

    pub async fn tick(&mut self) -> Next {
        self.mailer.tick().await.unwrap()
    }

    /// Ticks until nothing is due at this moment.
    pub async fn drain(&mut self) {
        while self.tick().await.did > 0 {}
    }

    pub fn advance(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
    }

    /// How many deliveries stand where, without what there is none of.
    pub async fn outbox(&self) -> BTreeMap<&'static str, u64> {
        let counts = self.ctx.db.read(outbox::counts).await.unwrap();
        counts
            .by_status
            .into_iter()
            .filter(|(_, n)| *n > 0)
            .map(|(status, n)| (status.word(), n))
            .collect()
    }

    pub async fn status_of(&self, id: i64) -> String {
        self.ask("SELECT status FROM deliveries WHERE id = ?1", id).await
    }

    pub async fn last_reply(&self, id: i64) -> String {
        self.ask("SELECT last_reply FROM deliveries WHERE id = ?1", id).await
    }

    /// Whose subscriptions ended, by subscription.
    pub async fn ended(&self) -> Vec<i64> {
        self.ctx
            .db
            .read(|connection| {
                let mut statement =
                    connection.prepare("SELECT id FROM subscriptions WHERE status = 'ended' ORDER BY id")?;
                let rows = statement.query_map([], |row| row.get(0))?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
            .unwrap()
    }

    async fn ask(&self, sql: &'static str, id: i64) -> String {
        self.ctx
            .db
            .read(move |connection| Ok(connection.query_row(sql, [id], |row| row.get(0))?))
            .await
            .unwrap()
    }
}

/// Writes one edition without stories, with one audience.
fn seed(tx: &rusqlite::Transaction<'_>) -> rusqlite::Result<()> {
    let edition = Edition {
        version: 1,
        digest: "daily".into(),
        title: "Daily business".into(),
        slot: Slot {
            digest: "daily".into(),
            schedule: String::new(),
            key: "2027-01-15T07:00[Europe/Berlin]".into(),
            due_at: NOW,
        },
        zone: "Europe/Berlin".into(),
        window_from: NOW.minus(Duration::from_secs(86_400)),
        window_to: NOW,
        stories: Vec::new(),
        volumes: Vec::new(),
        coverage: Coverage::default(),
    };
    let layout = Layout {
        sections: Vec::new(),
        quiet: Vec::new(),
        n_dropped: 0,
        since: NOW,
    };
    tx.execute(
        "INSERT INTO editions (id, digest_key, slot, due_at, window_from, window_to, story_count, content, outcome, composed_at)
         VALUES (1, 'daily', '2027-01-15T07:00[Europe/Berlin]', ?1, 0, ?1, 0, ?2, 'queued', ?1)",
        (NOW.unix(), serde_json::to_string(&edition).unwrap()),
    )?;
    tx.execute(
        "INSERT INTO audiences (id, edition_id, key, choices, layout) VALUES (1, 1, x'00', '{}', ?1)",
        [serde_json::to_string(&layout).unwrap()],
    )?;
    Ok(())
}
