//! The pages at the socket: scanners change nothing, buttons act, tokens are not guessed.

use std::net::SocketAddr;
use std::sync::Arc;

use courant::clock::{FakeClock, SeededRandom};
use courant::config::Config;
use courant::context::Ctx;
use courant::mail::render::Templates;
use courant::model::SubscriptionId;
use courant::store::Db;
use courant::subscribe::web;
use courant::time::Timestamp;
use courant::token;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const FORM: &str = "application/x-www-form-urlencoded";

struct Door {
    ctx: Ctx,
    address: SocketAddr,
    _folder: TempDir,
    _config: watch::Sender<Arc<Config>>,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Door {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = "[[feed]]\nurl = \"https://example.org/feed.xml\"\n\
             [[digest]]\nkey = \"daily\"\ntitle = \"Daily business\"\nschedule = \"0 7 * * *\"\nzone = \"Europe/Berlin\"\n\
             [mail]\nlist_address = \"news@example.org\"\ncontact = \"Example Desk, 1 Main Street\"\n\
             [web]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://news.example.org\"\n";
        let config = Config::from_toml_str(text, folder.path()).unwrap_or_else(|problems| panic!("{problems}"));
        let db = Db::open(&folder.path().join("courant.db")).unwrap();
        let (sender, receiver) = watch::channel(Arc::new(config));
        let clock = Arc::new(FakeClock::at(NOW));
        let ctx = Ctx::new(receiver, db, clock, Arc::new(SeededRandom::new(7)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(web::serve(ctx.clone(), Arc::new(Templates::builtin()), listener));
        Self {
            ctx,
            address,
            _folder: folder,
            _config: sender,
        }
    }

    async fn ask(&self, method: &str, path: &str, content_type: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: news.example.org\r\nConnection: close\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, FORM, "").await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, FORM, body).await
    }

    /// Everything that a request could change, as one text.
    async fn state(&self) -> String {
        let rows = self.ctx.db.read(|conn| {
            let mut statement = conn.prepare(
                "SELECT 'subscription ' || id || ' ' || status || ' ' || choices || ' ' || end_reason FROM subscriptions
                 UNION ALL SELECT 'delivery ' || id || ' ' || kind || ' ' || status FROM deliveries
                 UNION ALL SELECT 'consent ' || id || ' ' || step || ' ' || way FROM consents",
            )?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        });
        rows.await.unwrap().join("\n")
    }

    /// The confirm token in the newest mail.
    async fn confirm_token(&self) -> String {
        let read = self.ctx.db.read(|conn| {
            let newest = "SELECT message FROM deliveries WHERE kind = 'confirm' ORDER BY id DESC LIMIT 1";
            Ok(conn.query_row(newest, [], |row| row.get::<_, Vec<u8>>(0))?)
        });
        let mail = String::from_utf8(read.await.unwrap()).unwrap().replace("=\r\n", "");
        let rest = mail
            .split("/confirm/")
            .nth(1)
            .unwrap_or_else(|| panic!("no link in\n{mail}"));
        rest.chars().take_while(char::is_ascii_alphanumeric).collect()
    }

    /// A reader who asked and confirmed.
    async fn reader(&self) -> SubscriptionId {
        assert_eq!(
            self.post("/subscribe", "address=anna%40example.com&digest=daily")
                .await
                .status,
            200
        );
        let token = self.confirm_token().await;
        assert_eq!(self.post(&format!("/confirm/{token}"), "").await.status, 200);
        SubscriptionId::new(1)
    }

    async fn leave_path(&self, id: SubscriptionId) -> String {
        format!(
            "/leave/{}",
            token::leave_token(&self.ctx.token_key().await.unwrap(), id)
        )
    }

    async fn settings_path(&self, id: SubscriptionId) -> String {
        format!(
            "/settings/{}",
            token::settings_token(&self.ctx.token_key().await.unwrap(), id)
        )
    }
}

#[tokio::test]
async fn from_the_form_to_a_confirmed_reader() {
    let door = Door::open().await;
    assert!(door.get("/").await.body.contains("Daily business"));
    door.reader().await;
    let state = door.state().await;
    assert!(state.contains("subscription 1 active"), "{state}");
    assert!(state.contains("confirmed web"), "{state}");
    let used = door.post(&format!("/confirm/{}", door.confirm_token().await), "").await;
    assert_eq!(used.status, 404, "a token is used once");
}

#[tokio::test]
async fn opening_links_changes_nothing() {
    let door = Door::open().await;
    let id = door.reader().await;
    door.post("/subscribe", "address=ben%40example.com&digest=daily").await;
    let paths = [
        "/".to_owned(),
        format!("/confirm/{}", door.confirm_token().await),
        door.leave_path(id).await,
        door.settings_path(id).await,
        "/archive/daily".to_owned(),
        "/subscribe".to_owned(),
    ];
    let before = door.state().await;
    for path in &paths {
        for method in ["GET", "HEAD", "OPTIONS", "GET"] {
            let answer = door.ask(method, path, FORM, "").await;
            assert!(answer.status < 500, "{method} {path}: {}", answer.status);
        }
    }
    assert_eq!(door.state().await, before);
}

#[track_caller]
fn assert_ended(state: &str, reason: &str) {
    assert!(
        state.contains("subscription 1 ended") && state.contains(&format!(" {reason}")),
        "{state}"
    );
}

#[tokio::test]
async fn one_click_acts_at_once_in_both_encodings_and_again_does_nothing() {
    let urlencoded = (FORM, "List-Unsubscribe=One-Click");
    let multipart = (
        "multipart/form-data; boundary=x",
        "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n",
    );
    for (content_type, body) in [urlencoded, multipart] {
        let door = Door::open().await;
        let path = door.leave_path(door.reader().await).await;
        let answer = door.ask("POST", &path, content_type, body).await;
        assert_eq!(answer.status, 200);
        assert!(
            !answer.head.contains("location:") && !answer.head.contains("set-cookie"),
            "{}",
            answer.head
        );
        let state = door.state().await;
        assert_ended(&state, "one_click");
        for _ in 0..2 {
            assert_eq!(door.ask("POST", &path, content_type, body).await.status, 200);
        }
        assert_eq!(door.state().await, state);
    }
}

#[tokio::test]
async fn the_form_says_the_same_of_known_and_unknown_addresses() {
    let door = Door::open().await;
    door.reader().await;
    let known = door.post("/subscribe", "address=anna%40example.com&digest=daily").await;
    let unknown = door.post("/subscribe", "address=cleo%40example.com&digest=daily").await;
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
}

#[tokio::test]
async fn tokens_are_not_guessed() {
    let door = Door::open().await;
    let first = door.get("/confirm/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").await;
    assert_eq!(first.status, 404);
    let used = door.get("/leave/garbage").await;
    assert_eq!(used.body, first.body, "one answer for all bad tokens");
    let mut last = 0;
    for _ in 0..40 {
        last = door.get("/settings/garbage").await.status;
    }
    assert_eq!(last, 429);
    let good = door.reader().await;
    assert_eq!(
        door.get(&door.settings_path(good).await).await.status,
        200,
        "a good token is never limited"
    );
}

#[tokio::test]
async fn settings_are_kept_or_explained() {
    let door = Door::open().await;
    let path = door.settings_path(door.reader().await).await;
    let saved = door
        .post(
            &path,
            "time=07%3A30&frequency=weekdays&zone=Europe%2FParis&length=short&format=text",
        )
        .await;
    assert!(saved.body.contains("Saved"), "{}", saved.body);
    let state = door.state().await;
    assert!(
        state.contains("07:30") && state.contains("weekdays") && state.contains("short"),
        "{state}"
    );
    let wrong = door
        .post(&path, "companies=Nvidiaa&time=25%3A00&zone=Mars%2FBase")
        .await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("Nvidiaa") && wrong.body.contains("25:00"),
        "{}",
        wrong.body
    );
    assert_eq!(door.state().await, state, "nothing of a wrong form is kept");
}

#[tokio::test]
async fn every_answer_carries_the_guards() {
    let door = Door::open().await;
    for path in ["/", "/style.css", "/nothing", "/healthz", "/confirm/x"] {
        let head = door.get(path).await.head;
        for wanted in [
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "nosniff",
            "default-src 'none'",
            "noindex",
        ] {
            assert!(head.contains(wanted), "{path} lacks {wanted}\n{head}");
        }
        assert!(!head.contains("set-cookie"), "{path}");
    }
    assert_eq!(door.get(&format!("/{}", "a".repeat(3_000))).await.status, 414);
    assert_eq!(
        door.post("/subscribe", &format!("address={}", "a".repeat(40_000)))
            .await
            .status,
        413
    );
}
