//! WebSub with a stub hub, through the real web door: discovery, proof, pushes, renewal, the end.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use courant::config::WebSettings;
use courant::ingest::websub;
use courant::mail::render::Templates;
use courant::model::{FeedId, PushRow, PushStatus};
use courant::subscribe;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::fake_feeds::{Act, FakeFeeds, reply_with, rss};
use crate::poll_world::{NOW, World};

/// The fields of one request, as sent.
type Form = Vec<(String, String)>;

/// A hub that takes every request and remembers its form.
#[derive(Clone)]
struct Hub {
    url: String,
    forms: Arc<Mutex<Vec<Form>>>,
}

impl Hub {
    async fn start(answer: StatusCode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hub = Self {
            url: format!("http://{}/hub", listener.local_addr().unwrap()),
            forms: Arc::default(),
        };
        let forms = Arc::clone(&hub.forms);
        let take = move |body: String| async move {
            let form = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            forms.lock().unwrap().push(form);
            (answer, "said by the hub")
        };
        let router = Router::new().route("/hub", post(take));
        tokio::spawn(async move { axum_serve(listener, router).await });
        hub
    }

    /// The one form it was sent since the last call.
    #[track_caller]
    fn form(&self) -> Form {
        let forms = std::mem::take(&mut *self.forms.lock().unwrap());
        assert_eq!(forms.len(), 1, "{forms:?}");
        forms.into_iter().next().unwrap()
    }

    #[track_caller]
    fn assert_silent(&self) {
        assert!(self.forms.lock().unwrap().is_empty());
    }
}

/// axum's own server is not built in, so each connection is served by hyper.
async fn axum_serve(listener: TcpListener, router: Router) {
    use hyper_util::service::TowerToHyperService;
    while let Ok((stream, _)) = listener.accept().await {
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(io, service)
                .await;
        });
    }
}

fn value<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
}

struct Installation {
    world: World,
    feeds: FakeFeeds,
    hub: Hub,
    door: SocketAddr,
}

const TOPIC: &str = "https://news.example.org/topic";

fn document(hub: &str, title: &str) -> Act {
    let link = format!("<{hub}>; rel=\"hub\", <{TOPIC}>; rel=\"self\"");
    let headers = [("Link", link.as_str()), ("ETag", "\"v\"")];
    reply_with(
        200,
        if hub.is_empty() { &headers[1..] } else { &headers[..] },
        rss(&[(title, title, NOW.unix() - 600)]),
    )
}

impl Installation {
    /// A feed that names a hub, and a door the hub reaches.
    async fn new(answer: StatusCode, public: bool, headers: Vec<(String, String)>) -> Self {
        let (feeds, hub) = (FakeFeeds::start().await, Hub::start(answer).await);
        feeds.on("/a", [document(&hub.url, "First")]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = listener.local_addr().unwrap();
        let world = World::with(&[("a", feeds.url("/a"))], |config| {
            config.poll.allow_private = true;
            config.feeds[0].headers = headers;
            config.web = Some(WebSettings {
                listen: door,
                public_url: "https://courant.example.org".to_owned(),
                is_public: public,
                trusted_proxies: Vec::new(),
            });
        })
        .await;
        tokio::spawn(subscribe::web::serve(
            world.ctx.clone(),
            Arc::new(Templates::builtin()),
            listener,
        ));
        world.tick().await;
        Self {
            world,
            feeds,
            hub,
            door,
        }
    }

    async fn tick(&self) {
        websub::tick(&self.world.ctx).await.unwrap();
    }

    async fn row(&self) -> Option<PushRow> {
        let feed: FeedId = self.world.feed("a").await.id;
        let read = self
            .world
            .ctx
            .db
            .read(move |conn| courant::store::websub::of_feed(conn, feed));
        read.await.unwrap()
    }

    /// Status and body of an answer of the door.
    async fn ask(&self, method: &str, target: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.door).await.unwrap();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: courant.example.org\r\nConnection: close\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        (status, body)
    }

    async fn verify(&self, path: &str, mode: &str, topic: &str, lease_secs: u64) -> (u16, String) {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("hub.mode", mode)
            .append_pair("hub.topic", topic)
            .append_pair("hub.challenge", "<challenge>")
            .append_pair("hub.lease_seconds", &lease_secs.to_string())
            .finish();
        self.ask("GET", &format!("{path}?{query}"), "", "").await
    }

    async fn push(&self, path: &str, secret: &str) -> u16 {
        let body = "<rss>anything</rss>";
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let hex = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
        let header = format!("X-Hub-Signature: sha256={hex}\r\n");
        self.ask("POST", path, &header, body).await.0
    }
}

/// A subscription the hub confirmed for this long: the callback's path and the secret.
async fn confirmed(here: &Installation, lease_secs: u64) -> (String, String) {
    here.tick().await;
    let form = here.hub.form();
    let callback = value(&form, "hub.callback");
    let path = callback.strip_prefix("https://courant.example.org").unwrap().to_owned();
    let answer = here.verify(&path, "subscribe", TOPIC, lease_secs).await;
    assert_eq!(answer, (200, "<challenge>".to_owned()));
    (path, value(&form, "hub.secret").to_owned())
}

#[tokio::test]
async fn a_hub_is_asked_and_believed_only_for_what_was_asked() {
    let here = Installation::new(StatusCode::ACCEPTED, true, Vec::new()).await;
    here.tick().await;
    let form = here.hub.form();
    assert_eq!(
        (value(&form, "hub.mode"), value(&form, "hub.topic")),
        ("subscribe", TOPIC)
    );
    let path = value(&form, "hub.callback")
        .strip_prefix("https://courant.example.org")
        .unwrap()
        .to_owned();
    let secret = path.strip_prefix("/websub/").unwrap();
    assert_eq!(secret.len(), 26, "128 bits in base32");
    assert!(value(&form, "hub.secret").len() >= 32, "160 bits in base32");

    for (path, mode, topic) in [
        ("/websub/aaaaaaaaaaaaaaaaaaaaaaaaaa", "subscribe", TOPIC),
        (path.as_str(), "subscribe", "https://news.example.org/other"),
        (path.as_str(), "unsubscribe", TOPIC),
        (path.as_str(), "", TOPIC),
    ] {
        let (status, body) = here.verify(path, mode, topic, 86_400).await;
        assert_eq!(status, 404);
        assert!(!body.contains("challenge"), "{body}");
    }
    assert_eq!(here.row().await.unwrap().status, PushStatus::Asked);
    // An unproven subscription is pushed to in vain.
    assert_eq!(here.push(&path, value(&form, "hub.secret")).await, 410);

    let answer = here.verify(&path, "subscribe", TOPIC, 86_400).await;
    assert_eq!(answer, (200, "<challenge>".to_owned()));
    let row = here.row().await.unwrap();
    assert_eq!(row.status, PushStatus::Active);
    assert_eq!(row.lease_until, NOW.plus(Duration::from_secs(86_400)));
    here.tick().await;
    here.hub.assert_silent();
}

#[tokio::test]
async fn a_push_is_a_hint_to_poll_and_needs_its_signature() {
    let here = Installation::new(StatusCode::ACCEPTED, true, Vec::new()).await;
    let (path, secret) = confirmed(&here, 864_000).await;
    let feed = here.world.next_poll("a").await;
    assert!(feed.next_reason.contains("hub"), "{}", feed.next_reason);
    let wait = feed.next_poll_at.since(here.world.ctx.now()).as_secs();
    assert!((6 * 3_600..7 * 3_600).contains(&wait), "{wait}");

    here.world.advance(1);
    here.feeds.take_seen();
    here.feeds.on("/a", [document(&here.hub.url, "Second")]);
    for header in ["", "X-Hub-Signature: sha256=00\r\n", "X-Hub-Signature: sha1=\r\n"] {
        assert_eq!(
            here.ask("POST", &path, header, "<rss/>").await.0,
            202,
            "no hint what was wrong"
        );
    }
    assert_eq!(here.push(&path, "another secret").await, 202);
    assert_eq!(here.world.tick().await, 0);
    assert!(here.feeds.take_seen().is_empty());

    assert_eq!(here.push(&path, &secret).await, 202);
    assert_eq!(here.world.tick().await, 1);
    let seen = here.feeds.take_seen();
    assert_eq!((seen.len(), seen[0].header("if-none-match")), (1, Some("\"v\"")));
    assert!(here.world.titles("a").await.contains(&"Second".to_owned()));
    assert!(!here.world.titles("a").await.iter().any(|title| title == "anything"));

    // A hub that never stops talking has the feed polled once a minute.
    for _ in 0..3 {
        here.push(&path, &secret).await;
        assert_eq!(here.world.tick().await, 0);
    }
    here.world.clock.advance(Duration::from_secs(60));
    assert_eq!(here.world.tick().await, 1);
    let row = here.row().await.unwrap();
    assert_eq!((row.n_pushes, row.status), (4, PushStatus::Active));
    let huge = "x".repeat(80 * 1024);
    assert_eq!(here.ask("POST", &path, "", &huge).await.0, 413);
}

#[tokio::test]
async fn a_lease_is_renewed_in_time_and_its_end_brings_polling_back() {
    let here = Installation::new(StatusCode::ACCEPTED, true, Vec::new()).await;
    let (path, secret) = confirmed(&here, 100_000).await;
    here.world.clock.set(NOW.plus(Duration::from_secs(79_000)));
    here.tick().await;
    here.hub.assert_silent();
    here.world.clock.set(NOW.plus(Duration::from_secs(80_000)));
    here.tick().await;
    let form = here.hub.form();
    assert_eq!(
        value(&form, "hub.callback"),
        format!("https://courant.example.org{path}")
    );
    assert_eq!(value(&form, "hub.secret"), secret);
    // Still told of news while the renewal is not confirmed.
    assert_eq!(here.row().await.unwrap().status, PushStatus::Active);
    // The hub stays silent until the lease is over: the feed is polled as before.
    here.world.clock.set(NOW.plus(Duration::from_secs(100_001)));
    here.world.tick().await;
    let feed = here.world.feed("a").await;
    assert!(!feed.next_reason.contains("hub"), "{}", feed.next_reason);
}

#[tokio::test]
async fn a_feed_that_leaves_its_hub_says_so() {
    let here = Installation::new(StatusCode::ACCEPTED, true, Vec::new()).await;
    let (path, secret) = confirmed(&here, 864_000).await;
    here.feeds.on("/a", [document("", "No hub")]);
    here.world.next_poll("a").await;
    here.tick().await;
    let form = here.hub.form();
    assert_eq!(value(&form, "hub.mode"), "unsubscribe");
    assert_eq!(here.verify(&path, "subscribe", TOPIC, 1_000).await.0, 404);
    let answer = here.verify(&path, "unsubscribe", TOPIC, 0).await;
    assert_eq!(answer, (200, "<challenge>".to_owned()));
    assert_eq!(here.row().await, None);
    assert_eq!(here.push(&path, &secret).await, 410);
    here.tick().await;
    here.hub.assert_silent();
}

#[tokio::test]
async fn a_hub_that_refuses_is_asked_less_and_less() {
    let here = Installation::new(StatusCode::FORBIDDEN, true, Vec::new()).await;
    let mut asked = Vec::new();
    for hour in 0..24 {
        here.world.clock.set(NOW.plus(Duration::from_secs(hour * 3_600)));
        here.tick().await;
        if !std::mem::take(&mut *here.hub.forms.lock().unwrap()).is_empty() {
            asked.push(hour);
        }
    }
    assert_eq!(asked, [0, 1, 3, 7, 15]);
    let row = here.row().await.unwrap();
    assert!(
        row.error.contains("403") && row.error.contains("said by the hub"),
        "{}",
        row.error
    );
    assert!(!here.world.feed("a").await.next_reason.contains("hub"));
}

#[tokio::test]
async fn nobody_is_asked_without_a_public_address_or_behind_a_login() {
    let here = Installation::new(StatusCode::ACCEPTED, false, Vec::new()).await;
    here.tick().await;
    here.hub.assert_silent();
    let login = vec![("authorization".to_owned(), "Bearer x".to_owned())];
    let here = Installation::new(StatusCode::ACCEPTED, true, login).await;
    here.tick().await;
    here.hub.assert_silent();
    assert_eq!(here.row().await, None);
}

#[tokio::test]
async fn a_hub_on_a_private_address_is_not_asked() {
    let here = Installation::new(StatusCode::ACCEPTED, true, Vec::new()).await;
    here.world
        .reload(|config| {
            config.poll.allow_private = false;
            config.feeds[0].allow_private = false;
        })
        .await;
    here.tick().await;
    here.hub.assert_silent();
    assert!(here.row().await.unwrap().error.contains("private"));
}
