//! Raw mails in, outbox rows and subscriptions out.

mod language;
mod readers;
mod reports;
mod settings;
mod strangers;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::*;
use crate::clock::{Clock, FakeClock, SeededRandom};
use crate::model::SubscriptionStatus;
use crate::store::Db;
use crate::time::Timestamp;
use crate::token;

const NOW: Timestamp = Timestamp::from_unix(1_772_000_000);

struct World {
    ctx: Ctx,
    clock: Arc<FakeClock>,
    templates: Arc<Templates>,
    folder: tempfile::TempDir,
    config: watch::Sender<Arc<Config>>,
}

/// A second digest.
const WEEKLY: &str = "[[digest]]\nkey = \"weekly\"\ntitle = \"Weekly review\"\nschedule = \"0 8 * * Mon\"\n";

fn config(folder: &tempfile::TempDir, more: &str) -> Arc<Config> {
    let text = format!(
        "[database]\npath = \"courant.db\"\n[[feed]]\nurl = \"https://example.org/feed.xml\"\n\
         [[digest]]\nkey = \"daily\"\ntitle = \"Daily business\"\nschedule = \"0 7 * * *\"\nzone = \"Europe/Berlin\"\n\
         [mail]\nlist_address = \"news@example.org\"\ncontact = \"Example Desk, 1 Main Street\"\n{more}"
    );
    Arc::new(Config::from_toml_str(&text, folder.path()).unwrap_or_else(|problems| panic!("{problems}")))
}

impl World {
    async fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("test.db")).unwrap();
        db.write(|tx| {
            tx.execute_batch(
                "INSERT INTO themes (slug, name) VALUES ('crypto', 'Crypto'), ('ai', 'Artificial intelligence')",
            )?;
            Ok(())
        })
        .await
        .unwrap();
        let (sender, receiver) = watch::channel(config(&folder, more));
        let clock = Arc::new(FakeClock::at(NOW));
        let ctx = Ctx::new(receiver, db, clock.clone(), Arc::new(SeededRandom::new(7)));
        Self {
            ctx,
            clock,
            templates: Arc::new(Templates::builtin()),
            folder,
            config: sender,
        }
    }

    /// Another configuration, as after SIGHUP.
    fn reload(&self, more: &str) {
        self.config.send_replace(config(&self.folder, more));
    }

    async fn sql(&self, sql: &'static str) {
        self.ctx.db.write(move |tx| Ok(tx.execute_batch(sql)?)).await.unwrap();
    }

    /// All subscriptions: digest and where they stand.
    async fn standings(&self) -> Vec<String> {
        self.ctx
            .db
            .read(|c| {
                let mut statement = c.prepare("SELECT digest_key || ' ' || status FROM subscriptions ORDER BY 1")?;
                let rows = statement.query_map([], |row| row.get(0))?;
                Ok(rows.collect::<store::rusqlite::Result<_>>()?)
            })
            .await
            .unwrap()
    }

    async fn mail(&self, from: &str, to: &str, subject: &str, body: &str) -> String {
        let raw = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{}@example.net>\r\n\r\n{body}\r\n",
            self.clock.now().unix()
        );
        handle(&self.ctx, &self.templates, raw.as_bytes(), &Envelope::default())
            .await
            .unwrap()
            .name()
    }

    /// Recipient and message of what was queued last.
    async fn last(&self) -> (String, String) {
        self.ctx
            .db
            .read(|c| {
                Ok(c.query_row(
                    "SELECT coalesce(nullif(d.recipient, ''), p.address), CAST(d.message AS TEXT) FROM deliveries d
                     LEFT JOIN subscriptions s ON s.id = d.subscription_id LEFT JOIN subscribers p ON p.id = s.subscriber_id
                     ORDER BY d.id DESC LIMIT 1",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?)
            })
            .await
            .unwrap()
    }

    async fn n_queued(&self) -> i64 {
        self.ctx
            .db
            .read(|c| Ok(c.query_row("SELECT count(*) FROM deliveries", [], |row| row.get(0))?))
            .await
            .unwrap()
    }

    async fn status(&self, address: &str) -> Option<SubscriptionStatus> {
        let key = address.to_owned();
        self.ctx
            .db
            .read(move |c| {
                let Some(person) = subscribers::find(c, &key)? else {
                    return Ok(None);
                };
                Ok(subscribers::subscriptions(c, person.id)?.first().map(|s| s.status))
            })
            .await
            .unwrap()
    }

    /// Subscribes and confirms by answering.
    async fn join(&self, address: &str) -> String {
        assert_eq!(self.mail(address, "news@example.org", "subscribe", "").await, "confirm");
        let (_, message) = self.last().await;
        let reply_to = header(&message, "Reply-To");
        assert_eq!(self.mail(address, &reply_to, "Re: Confirm", "").await, "welcome");
        let (_, message) = self.last().await;
        header(&message, "Reply-To")
    }

    fn later(&self, span: Duration) {
        self.clock.advance(span);
    }
}

fn header(message: &str, name: &str) -> String {
    let unfolded = message.replace("\r\n ", " ");
    let line = unfolded
        .lines()
        .find(|line| line.starts_with(&format!("{name}: ")))
        .unwrap_or_else(|| panic!("{name} in {message}"));
    line[name.len() + 2..].to_owned()
}

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
