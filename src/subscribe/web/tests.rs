//! Pages at the socket.

mod gone;
mod language;
mod lost;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::{FakeClock, SeededRandom};
use crate::config::Config;
use crate::model::SubscriptionStatus;
use crate::store::{Db, subscribers};
use crate::time::Timestamp;
use crate::token;

const NOW: Timestamp = Timestamp::from_unix(1_772_000_000);

struct World {
    ctx: Ctx,
    address: SocketAddr,
    shutdown: CancellationToken,
    clock: Arc<FakeClock>,
    folder: tempfile::TempDir,
    config: watch::Sender<Arc<Config>>,
}

fn config(folder: &tempfile::TempDir, digest: &str, more: &str) -> Arc<Config> {
    let text = format!(
        "[database]\npath = \"courant.db\"\n[[feed]]\nurl = \"https://example.org/feed.xml\"\n\
         [[digest]]\nkey = \"{digest}\"\ntitle = \"Daily business\"\nschedule = \"0 7 * * *\"\nzone = \"Europe/Berlin\"\n\
         [mail]\nlist_address = \"news@example.org\"\ncontact = \"Example Desk, 1 Main Street\"\n{more}"
    );
    Arc::new(Config::from_toml_str(&text, folder.path()).unwrap_or_else(|problems| panic!("{problems}")))
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl World {
    async fn new() -> Self {
        Self::with("").await
    }

    async fn with(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("test.db")).unwrap();
        db.write(
            |tx| Ok(tx.execute_batch("INSERT INTO themes (slug, name) VALUES ('ai', 'Artificial intelligence')")?),
        )
        .await
        .unwrap();
        let (sender, receiver) = watch::channel(config(&folder, "daily", more));
        let clock = Arc::new(FakeClock::at(NOW));
        let ctx = Ctx::new(receiver, db, clock.clone(), Arc::new(SeededRandom::new(7)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = ctx.shutdown.clone();
        tokio::spawn(serve(ctx.clone(), Arc::new(Templates::builtin()), listener));
        Self {
            ctx,
            address,
            shutdown,
            clock,
            folder,
            config: sender,
        }
    }

    async fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let kind = if kind.is_empty() {
            String::new()
        } else {
            format!("Content-Type: {kind}\r\n")
        };
        self.send_with(method, path, &kind, body).await
    }

    /// With these lines among the headers.
    async fn send_with(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "").await
    }

    async fn form(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, "application/x-www-form-urlencoded", body).await
    }

    async fn status(&self) -> Option<SubscriptionStatus> {
        self.ctx
            .db
            .read(|c| {
                let Some(person) = subscribers::find(c, "anna@example.net")? else {
                    return Ok(None);
                };
                Ok(subscribers::subscriptions(c, person.id)?.first().map(|s| s.status))
            })
            .await
            .unwrap()
    }

    /// Everything in the tables that matter, to compare.
    async fn state(&self) -> String {
        self.ctx
            .db
            .read(|c| {
                let sql = "SELECT (SELECT group_concat(id || status || choices || schedule) FROM subscriptions),
                                  (SELECT count(*) FROM deliveries), (SELECT count(*) FROM consents)";
                Ok(c.query_row(sql, [], |r| {
                    Ok(format!(
                        "{:?} {} {}",
                        r.get::<_, Option<String>>(0)?,
                        r.get::<_, i64>(1)?,
                        r.get::<_, i64>(2)?
                    ))
                })?)
            })
            .await
            .unwrap()
    }

    /// Subscribes by the form and returns the confirm token of the mail.
    async fn ask(&self) -> String {
        assert_eq!(
            self.form("/subscribe", "address=anna%40example.net&digest=daily")
                .await
                .status,
            200
        );
        let message = self.last().await;
        let at = message.find("+confirm-").unwrap() + "+confirm-".len();
        message[at..at + 32].to_owned()
    }

    /// The mail that was queued last, its broken lines joined.
    async fn last(&self) -> String {
        let sql = "SELECT CAST(message AS TEXT) FROM deliveries ORDER BY id DESC LIMIT 1";
        self.ctx
            .db
            .read(|c| Ok(c.query_row(sql, [], |r| r.get::<_, String>(0))?))
            .await
            .unwrap()
            .replace("=\r\n", "")
    }

    async fn n_queued(&self) -> i64 {
        let count = |c: &crate::store::rusqlite::Connection| {
            Ok(c.query_row("SELECT count(*) FROM deliveries", [], |r| r.get(0))?)
        };
        self.ctx.db.read(count).await.unwrap()
    }

    /// Waits for the end of one order, whether or not a mail came of it.
    async fn worked(&self) {
        let woken = tokio::time::timeout(Duration::from_secs(20), self.ctx.wakes.mail.notified());
        woken.await.expect("an order that ends");
    }

    async fn join(&self) -> (String, String) {
        let token = self.ask().await;
        assert_eq!(self.form(&format!("/confirm/{token}"), "").await.status, 200);
        let key = self.ctx.token_key().await.unwrap();
        let id = crate::model::SubscriptionId::new(1);
        (token::leave_token(&key, id), token::settings_token(&key, id))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

#[tokio::test]
async fn a_subscription_by_page_from_start_to_end() {
    let world = World::new().await;
    let home = world.get("/").await;
    assert!(
        home.body.contains("Daily business") && home.body.contains("<form"),
        "{}",
        home.body
    );
    let token = world.ask().await;
    assert_eq!(world.status().await, Some(SubscriptionStatus::Pending));
    assert!(world.get(&format!("/confirm/{token}")).await.body.contains("<button"));
    assert_eq!(
        world.status().await,
        Some(SubscriptionStatus::Pending),
        "a look confirms nothing"
    );
    assert_eq!(world.form(&format!("/confirm/{token}"), "").await.status, 200);
    assert_eq!(world.status().await, Some(SubscriptionStatus::Active));
    assert_eq!(
        world.form(&format!("/confirm/{token}"), "").await.status,
        404,
        "a token works once"
    );
}

#[tokio::test]
async fn scanners_change_nothing() {
    let world = World::new().await;
    let (leave, settings) = world.join().await;
    let before = world.state().await;
    for method in ["GET", "HEAD", "OPTIONS"] {
        for path in [
            "/",
            "/subscribe",
            "/settings",
            &format!("/leave/{leave}"),
            &format!("/settings/{settings}"),
            "/archive/daily",
            "/edition/1",
            "/healthz",
        ] {
            for _ in 0..5 {
                assert!(world.send(method, path, "", "").await.status < 500, "{method} {path}");
            }
        }
    }
    assert_eq!(world.state().await, before);
}

#[tokio::test]
async fn one_click_acts_at_once_in_both_encodings() {
    let multipart = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        ("multipart/form-data; boundary=x", multipart),
    ] {
        let world = World::new().await;
        let (leave, _) = world.join().await;
        for _ in 0..3 {
            let answer = world.send("POST", &format!("/leave/{leave}"), kind, body).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert!(!answer.head.contains("set-cookie") && !answer.head.contains("location:"));
            assert_eq!(world.status().await, Some(SubscriptionStatus::Ended));
        }
        let (reason, farewells): (String, i64) = world
            .ctx
            .db
            .read(|c| {
                let sql =
                    "SELECT end_reason, (SELECT count(*) FROM deliveries WHERE kind = 'goodbye') FROM subscriptions";
                Ok(c.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?)))?)
            })
            .await
            .unwrap();
        assert_eq!((reason.as_str(), farewells), ("one_click", 1));
    }
}

#[tokio::test]
async fn choices_are_kept() {
    let world = World::new().await;
    let (_, settings) = world.join().await;
    let path = format!("/settings/{settings}");
    assert!(world.get(&path).await.body.contains("Artificial intelligence"));
    let form = "companies=&theme=ai&muted=&frequency=weekdays&time=07%3A30&zone=Europe%2FParis&pause=&length=long&format=text&language=";
    let answer = world.form(&path, form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (choices, schedule): (String, String) = world
        .ctx
        .db
        .read(|c| {
            Ok(c.query_row("SELECT choices, schedule FROM subscriptions", [], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })?)
        })
        .await
        .unwrap();
    assert!(
        choices.contains("\"themes\":[\"ai\"]") && choices.contains("\"text\""),
        "{choices}"
    );
    assert_eq!(schedule, "07:30[Europe/Paris] weekdays");
    assert!(world.get(&path).await.body.contains("value=\"ai\" checked"));
}

#[tokio::test]
async fn what_was_mistyped_stays_in_its_field() {
    let world = World::new().await;
    let (_, settings) = world.join().await;
    let answer = world
        .form(
            &format!("/settings/{settings}"),
            "companies=Qqqq%2C+Zzzz&theme=ai&muted=Xxxx",
        )
        .await;
    assert!(answer.body.contains("“Qqqq” is not known."), "{}", answer.body);
    assert!(answer.body.contains(">Qqqq, Zzzz</textarea>") && answer.body.contains(">Xxxx</textarea>"));
    assert!(answer.body.contains("value=\"ai\" checked"));
}

#[tokio::test]
async fn membership_does_not_show() {
    let world = World::new().await;
    world.join().await;
    let known = world
        .form("/subscribe", "address=anna%40example.net&digest=daily")
        .await;
    let unknown = world
        .form("/subscribe", "address=nobody%40example.net&digest=daily")
        .await;
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
}

#[tokio::test]
async fn wrong_tokens_look_the_same_and_are_slowed() {
    let world = World::new().await;
    let (leave, _) = world.join().await;
    let wrong = "a".repeat(39);
    let first = world.get(&format!("/leave/{wrong}")).await;
    let second = world.get(&format!("/confirm/{}", "b".repeat(32))).await;
    assert_eq!((first.status, &first.body), (404, &second.body));
    for _ in 0..40 {
        world.get(&format!("/leave/{wrong}")).await;
    }
    let slowed = world.form(&format!("/leave/{wrong}"), "").await;
    assert_eq!(slowed.status, 429);
    assert!(slowed.head.contains("retry-after"));
    assert_eq!(
        world
            .form(&format!("/leave/{leave}"), "List-Unsubscribe=One-Click")
            .await
            .status,
        200,
        "a right token is never slowed"
    );
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.get(&format!("/leave/{wrong}")).await.status, 404);
}

#[tokio::test]
async fn every_answer_has_its_headers() {
    let world = World::new().await;
    for path in [
        "/",
        "/style.css",
        "/nowhere",
        "/edition/99999999999999999999",
        "/healthz",
        "/readyz",
        "/leave/x",
        "/archive/daily",
    ] {
        let head = world.get(path).await.head;
        for needed in [
            "content-security-policy: default-src 'none'",
            "nosniff",
            "referrer-policy: no-referrer",
            "x-robots-tag: noindex",
            "cache-control",
        ] {
            assert!(head.contains(needed), "{path}: {needed} in {head}");
        }
        assert!(!head.contains("set-cookie"));
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let world = World::new().await;
    assert_eq!(
        world
            .form("/subscribe", &format!("address={}", "a".repeat(20_000)))
            .await
            .status,
        413
    );
    assert_eq!(world.get(&format!("/{}", "a".repeat(3_000))).await.status, 414);
    assert_eq!(
        world.form("/subscribe", "address=nobody&digest=daily").await.status,
        422
    );
    assert_eq!(world.get("/edition/999999999999999999999").await.status, 404);
}

/// More half-open connections than there are places: a newcomer is answered, long before the first of them is cut off
/// for being slow.
#[tokio::test]
async fn slowloris_pushes_out_itself() {
    let world = World::new().await;
    let mut slow = Vec::new();
    for _ in 0..seats::SEATS_MAX + 44 {
        let mut stream = TcpStream::connect(world.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
        slow.push(stream);
    }
    let answer = tokio::time::timeout(connection::HEADERS_MAX / 2, world.get("/healthz")).await;
    assert_eq!(answer.expect("an answer before the slow ones time out").body, "alive\n");
    let mut first = slow.swap_remove(0);
    assert_eq!(first.read(&mut [0; 64]).await.unwrap_or(0), 0, "the quietest is out");
}
