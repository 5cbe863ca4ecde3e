//! Raw mails in, outbox rows and subscriptions out.

mod language;

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
    _folder: tempfile::TempDir,
    _config: watch::Sender<Arc<Config>>,
}

impl World {
    async fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "[database]\npath = \"courant.db\"\n[[feed]]\nurl = \"https://example.org/feed.xml\"\n\
             [[digest]]\nkey = \"daily\"\ntitle = \"Daily business\"\nschedule = \"0 7 * * *\"\nzone = \"Europe/Berlin\"\n\
             [mail]\nlist_address = \"news@example.org\"\ncontact = \"Example Desk, 1 Main Street\"\n{more}"
        );
        let config = Config::from_toml_str(&text, folder.path()).unwrap_or_else(|problems| panic!("{problems}"));
        let db = Db::open(&folder.path().join("test.db")).unwrap();
        db.write(|tx| {
            tx.execute_batch(
                "INSERT INTO themes (slug, name) VALUES ('crypto', 'Crypto'), ('ai', 'Artificial intelligence')",
            )?;
            Ok(())
        })
        .await
        .unwrap();
        let (sender, receiver) = watch::channel(Arc::new(config));
        let clock = Arc::new(FakeClock::at(NOW));
        let ctx = Ctx::new(receiver, db, clock.clone(), Arc::new(SeededRandom::new(7)));
        Self {
            ctx,
            clock,
            templates: Arc::new(Templates::builtin()),
            _folder: folder,
            _config: sender,
        }
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

#[tokio::test]
async fn a_subscription_by_mail_from_start_to_end() {
    let world = World::new("").await;
    let settings = world.join("Anna@example.net").await;
    assert!(settings.starts_with("news+settings-"), "{settings}");
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Active));
    let (to, welcome) = world.last().await;
    assert_eq!(to, "Anna@example.net");
    assert!(welcome.contains("Welcome to Daily business"), "{welcome}");
    assert!(welcome.contains("07:00"), "{welcome}");

    world.later(HOUR);
    assert_eq!(
        world
            .mail(
                "anna@example.net",
                &settings,
                "Re: Daily",
                "mute crypto, cryptto\ntime 7:30\nzone Europe/Paris"
            )
            .await,
        "changed"
    );
    let (_, changed) = world.last().await;
    assert!(
        changed.contains("Crypto is muted") && changed.contains("cryptto"),
        "{changed}"
    );
    let schedule: String = world
        .ctx
        .db
        .read(|c| Ok(c.query_row("SELECT schedule FROM subscriptions", [], |r| r.get(0))?))
        .await
        .unwrap();
    assert_eq!(schedule, "07:30[Europe/Paris] daily");

    world.later(HOUR);
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "unsubscribe", "")
            .await,
        "question"
    );
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Active));
    let (_, question) = world.last().await;
    let leave = header(&question, "Reply-To");
    assert!(leave.starts_with("news+leave-"), "{leave}");
    world.later(HOUR);
    assert_eq!(
        world
            .mail("anna@example.net", &leave, "Re: Confirm: unsubscribe", "")
            .await,
        "goodbye"
    );
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Ended));
    world.later(HOUR);
    let n = world.n_queued().await;
    assert_eq!(world.mail("anna@example.net", &leave, "", "").await, "silent");
    assert_eq!(world.n_queued().await, n, "asking twice is harmless");
}

#[tokio::test]
async fn a_confirm_mail_holds_nothing_of_the_requester() {
    let world = World::new("").await;
    world
        .mail(
            "\"BUY PILLS\" <anna@example.net>",
            "news@example.org",
            "subscribe",
            "MARKER one\nfollow MARKERTWO",
        )
        .await;
    let (_, message) = world.last().await;
    assert!(!message.contains("MARKER") && !message.contains("PILLS"), "{message}");
    assert!(!message.contains("List-Unsubscribe"), "{message}");
    assert!(header(&message, "Subject").contains("confirm-"), "{message}");
}

#[tokio::test]
async fn a_repeated_mail_is_one_mail() {
    let world = World::new("").await;
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "confirm"
    );
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "repeated"
    );
    assert_eq!(world.n_queued().await, 1);
}

#[tokio::test]
async fn strangers_get_one_mail_a_day() {
    let world = World::new("").await;
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "confirm"
    );
    world.later(HOUR);
    assert_eq!(
        world
            .mail("an.na+x@example.net", "news@example.org", "subscribe", "")
            .await,
        "over_budget"
    );
    world.later(DAY);
    assert_eq!(
        world.mail("anna@example.net", "news@example.org", "help", "").await,
        "help"
    );
    assert_eq!(
        world.status("an.na+x@example.net").await,
        None,
        "nothing is written for what is not asked back"
    );
}

#[tokio::test]
async fn a_list_bomb_stops() {
    let world = World::new("[limits]\nreplies_per_hour = 30\n").await;
    let mut sent = 0;
    for n in 0..100 {
        world.later(Duration::from_secs(1));
        sent += i32::from(
            world
                .mail(
                    &format!("a{n}@d{}.example", n % 50),
                    "news@example.org",
                    "subscribe",
                    "",
                )
                .await
                == "confirm",
        );
    }
    assert_eq!(sent, 30);
}

#[tokio::test]
async fn one_domain_has_a_budget() {
    let world = World::new("").await;
    let mut sent = 0;
    for n in 0..40 {
        world.later(Duration::from_secs(1));
        sent += i32::from(
            world
                .mail(&format!("a{n}@example.com"), "news@example.org", "subscribe", "")
                .await
                == "confirm",
        );
    }
    assert_eq!(sent, 20);
}

#[tokio::test]
async fn a_token_expires_and_works_once() {
    let world = World::new("").await;
    world
        .mail("anna@example.net", "news@example.org", "subscribe", "")
        .await;
    let reply_to = header(&world.last().await.1, "Reply-To");
    world.later(DAY * 4);
    assert_eq!(
        world.mail("anna@example.net", &reply_to, "Re: x", "").await,
        "bad_token"
    );
    assert_eq!(
        world.status("anna@example.net").await,
        Some(SubscriptionStatus::Pending)
    );
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "confirm"
    );
    let reply_to = header(&world.last().await.1, "Reply-To");
    world.later(HOUR);
    assert_eq!(world.mail("anna@example.net", &reply_to, "Re: x", "").await, "welcome");
    world.later(HOUR);
    assert_eq!(
        world.mail("anna@example.net", &reply_to, "Re: x", "").await,
        "bad_token"
    );
}

#[tokio::test]
async fn a_reader_who_asks_again_gets_their_settings() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    world.later(HOUR);
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "settings"
    );
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Active));
}

#[tokio::test]
async fn an_unproven_change_is_asked_back_in_our_words() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    world.later(HOUR);
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "mute crypto", "short")
            .await,
        "question"
    );
    let (_, question) = world.last().await;
    assert_eq!(header(&question, "Subject"), "Confirm: mute Crypto; short");
    let answer_to = header(&question, "Reply-To");
    world.later(HOUR);
    assert_eq!(
        world
            .mail(
                "anna@example.net",
                &answer_to,
                "Re: Confirm: mute Crypto; short",
                "> quoted"
            )
            .await,
        "changed"
    );
    let choices: String = world
        .ctx
        .db
        .read(|c| Ok(c.query_row("SELECT choices FROM subscriptions", [], |r| r.get(0))?))
        .await
        .unwrap();
    assert!(
        choices.contains("\"muted\":[\"crypto\"]") && choices.contains("\"short\""),
        "{choices}"
    );
}

#[tokio::test]
async fn the_own_mta_proves_the_sender() {
    let world = World::new("[inbound]\nauthserv_id = \"mx.example.org\"\n").await;
    world.join("anna@example.net").await;
    world.later(HOUR);
    let raw = "Authentication-Results: mx.example.org; dmarc=pass\r\nFrom: anna@example.net\r\nTo: news@example.org\r\nSubject: unsubscribe\r\n\r\n";
    let handled = handle(&world.ctx, &world.templates, raw.as_bytes(), &Envelope::default())
        .await
        .unwrap();
    assert_eq!(handled.name(), "goodbye");
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Ended));
}

#[tokio::test]
async fn everything_is_erased_on_an_answer_to_our_question() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    world.later(HOUR);
    assert_eq!(
        world.mail("anna@example.net", "news@example.org", "erase", "").await,
        "question"
    );
    let answer_to = header(&world.last().await.1, "Reply-To");
    world.later(HOUR);
    assert_eq!(
        world
            .mail("anna@example.net", &answer_to, "Re: Confirm: erase", "")
            .await,
        "silent"
    );
    assert_eq!(world.status("anna@example.net").await, None);
    let left: i64 = world
        .ctx
        .db
        .read(|c| Ok(c.query_row("SELECT count(*) FROM deliveries", [], |r| r.get(0))?))
        .await
        .unwrap();
    assert_eq!(left, 0);
    world.later(DAY * 2);
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "confirm",
        "who was erased may come back"
    );
}

#[tokio::test]
async fn a_complainer_is_never_mailed() {
    let world = World::new("").await;
    let key = world.ctx.token_key().await.unwrap();
    let hash = token::address_hash(&key, "anna@example.net");
    world
        .ctx
        .db
        .write(move |tx| subscribers::suppress(tx, &hash, "complaint", NOW))
        .await
        .unwrap();
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "suppressed"
    );
    assert_eq!(world.n_queued().await, 0);
}

#[tokio::test]
async fn all_data_comes_as_json() {
    let world = World::new("").await;
    let settings = world.join("anna@example.net").await;
    world.later(HOUR);
    assert_eq!(world.mail("anna@example.net", &settings, "export", "").await, "export");
    let (_, message) = world.last().await;
    assert!(
        message.contains("anna@example.net") && message.contains("confirmed"),
        "{message}"
    );
}

#[tokio::test]
async fn every_step_is_in_the_chain() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    world
        .ctx
        .db
        .read(|c| {
            let person = subscribers::find(c, "anna@example.net")?.unwrap();
            let id = subscribers::subscriptions(c, person.id)?[0].id;
            let steps = subscribers::consents(c, id)?;
            assert_eq!(
                steps.iter().map(|s| s.step.as_str()).collect::<Vec<_>>(),
                ["asked", "confirmed"]
            );
            assert!(subscribers::chain_holds(id, &steps));
            Ok(())
        })
        .await
        .unwrap();
}

impl World {
    /// A report as a mail system sends it, from the null sender.
    async fn report(&self, to: &str, body: &str) -> String {
        let raw = format!(
            "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
             Date: {}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.example.net\r\n\r\n{}\r\n--b--\r\n",
            self.clock.now().unix(),
            body.replace('\n', "\r\n")
        );
        let envelope = Envelope {
            sender: Some(String::new()),
            recipient: Some(to.to_owned()),
        };
        handle(&self.ctx, &self.templates, raw.as_bytes(), &envelope)
            .await
            .unwrap()
            .name()
    }

    /// The return path of the mail that was queued last.
    async fn return_path(&self) -> String {
        let id: i64 = self
            .ctx
            .db
            .read(|c| Ok(c.query_row("SELECT max(id) FROM deliveries", [], |row| row.get(0))?))
            .await
            .unwrap();
        token::verp_address(
            &self.ctx.token_key().await.unwrap(),
            crate::model::DeliveryId::new(id),
            "example.org",
        )
    }
}

const UNKNOWN: &str = "Final-Recipient: rfc822; anna@example.net\nAction: failed\nStatus: 5.1.1\n\
    Diagnostic-Code: smtp; 550 5.1.1 <anna@example.net>: Recipient address rejected: User unknown\n";
const FULL: &str = "Final-Recipient: rfc822; anna@example.net\nAction: failed\nStatus: 5.2.2\n\
    Diagnostic-Code: smtp; 552 5.2.2 Mailbox full\n";

#[tokio::test]
async fn an_address_that_is_gone_is_given_up_and_may_come_back() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    let path = world.return_path().await;
    assert_eq!(world.report(&path, UNKNOWN).await, "bounce:hard");
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Ended));
    assert_eq!(world.report(&path, UNKNOWN).await, "repeated");
    world.later(DAY * 2);
    assert_eq!(
        world
            .mail("anna@example.net", "news@example.org", "subscribe", "")
            .await,
        "confirm",
        "the reader's own wish lifts it"
    );
}

#[tokio::test]
async fn a_forged_report_ends_nobody() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    for path in ["bounces+1-aaaaaaaaaaaaaaaa@example.org", "news@example.org"] {
        assert_eq!(world.report(path, UNKNOWN).await, "bounce:unknown", "{path}");
    }
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Active));
}

#[tokio::test]
async fn a_report_without_a_return_path_of_ours_is_known_by_the_leaving_link_it_returns() {
    let world = World::new("").await;
    let settings = world.join("anna@example.net").await;
    let id = token::check_settings(
        &world.ctx.token_key().await.unwrap(),
        settings.trim_start_matches("news+settings-").split('@').next().unwrap(),
    )
    .unwrap();
    let leave = token::leave_token(&world.ctx.token_key().await.unwrap(), id);
    let returned = format!(
        "{UNKNOWN}\n--b\nContent-Type: text/rfc822-headers\n\nTo: anna@example.net\n\
         List-Unsubscribe: <mailto:news+leave-{leave}@example.org?subject=unsubscribe>\n"
    );
    assert_eq!(world.report("news@example.org", &returned).await, "bounce:hard");
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Ended));
}

#[tokio::test]
async fn a_full_mailbox_is_weather_for_days_and_the_operator_gives_back() {
    let world = World::new("").await;
    world.join("anna@example.net").await;
    let path = world.return_path().await;
    for day in 0..6 {
        assert_eq!(
            world.status("anna@example.net").await,
            Some(SubscriptionStatus::Active),
            "day {day}"
        );
        assert_eq!(world.report(&path, FULL).await, "bounce:soft");
        world.later(DAY);
    }
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Ended));
    let hash = token::address_hash(&world.ctx.token_key().await.unwrap(), "anna@example.net");
    let back = world
        .ctx
        .db
        .write(move |tx| {
            let person = subscribers::find(tx, "anna@example.net")?.map(|p| p.id);
            store::bounces::release(tx, &hash, person)
        })
        .await
        .unwrap();
    assert_eq!(back.len(), 1);
    assert_eq!(world.status("anna@example.net").await, Some(SubscriptionStatus::Active));
}
