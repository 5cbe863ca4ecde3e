//! The IMAP door against a server at the socket: what it takes, what it leaves, and what it never says to whom.

use std::sync::Arc;
use std::time::Duration;

use courant::clock::{FakeClock, SeededRandom};
use courant::config::Config;
use courant::context::Ctx;
use courant::mail::render::Templates;
use courant::store::Db;
use courant::subscribe::imap::{Pace, serve};
use courant::time::Timestamp;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::fake_imap::{Encrypts, FakeImap, Fault};
use crate::program::PATIENCE;

pub const QUICK: Pace = Pace {
    idle: Duration::from_millis(50),
    retry: Duration::from_millis(10),
    retry_max: Duration::from_millis(20),
    login_retry: Duration::from_millis(20),
};

/// So long that only news of the server ends it.
const PATIENT: Pace = Pace {
    idle: PATIENCE,
    ..QUICK
};

pub struct World {
    ctx: Ctx,
    door: tokio::task::JoinHandle<()>,
    _config: watch::Sender<Arc<Config>>,
    folder: TempDir,
}

impl World {
    fn new(server: &FakeImap, imap: &str, pace: Pace) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::in_folder(folder, server, imap, pace)
    }

    pub fn in_folder(folder: TempDir, server: &FakeImap, imap: &str, pace: Pace) -> Self {
        let tls = if imap.contains("tls =") { "" } else { "tls = \"none\"" };
        let login = if imap.contains("token_file") || imap.contains("password =") {
            ""
        } else {
            "password = \"secret\""
        };
        let text = format!(
            "[database]\npath = \"courant.db\"\n[[feed]]\nurl = \"https://example.org/feed.xml\"\n\
             [[digest]]\nkey = \"daily\"\nschedule = \"0 7 * * *\"\n\
             [mail]\nlist_address = \"news@example.org\"\ncontact = \"Desk, 1 Main Street\"\n\
             [inbound]\nmessage_max = \"16KiB\"\n[inbound.imap]\nhost = \"localhost\"\nport = {}\n\
             username = \"news\"\n{login}\n{tls}\n{imap}\n",
            server.address.port()
        );
        let config = Config::from_toml_str(&text, folder.path()).unwrap_or_else(|problems| panic!("{problems}"));
        let db = Db::open(&folder.path().join("courant.db")).unwrap();
        let (sender, receiver) = watch::channel(Arc::new(config));
        let clock = Arc::new(FakeClock::at(Timestamp::from_unix(1_800_000_000)));
        let ctx = Ctx::new(receiver, db, clock, Arc::new(SeededRandom::new(1)));
        let door = tokio::spawn(serve(ctx.clone(), Arc::new(Templates::builtin()), pace));
        Self {
            ctx,
            door,
            _config: sender,
            folder,
        }
    }

    async fn outcomes(&self) -> Vec<String> {
        self.ctx
            .db
            .read(|c| {
                let mut statement = c.prepare("SELECT outcome FROM inbound ORDER BY outcome")?;
                let rows = statement.query_map([], |row| row.get(0))?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
            .unwrap()
    }

    pub async fn n_queued(&self) -> i64 {
        self.ctx
            .db
            .read(|c| Ok(c.query_row("SELECT count(*) FROM deliveries", [], |row| row.get(0))?))
            .await
            .unwrap()
    }

    async fn sql(&self, sql: &'static str) {
        self.ctx.db.write(move |tx| Ok(tx.execute_batch(sql)?)).await.unwrap();
    }

    /// Closes the door as the daemon does; it must come to an end by itself.
    pub async fn close(self) {
        self.ctx.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.door).await.unwrap().unwrap();
    }
}

/// Looks again until something holds of the server.
pub async fn until(what: &str, holds: impl FnMut() -> bool) {
    crate::program::until(what, holds).await;
}

fn mail(from: &str, to: &str) -> String {
    format!("From: {from}\r\nTo: {to}\r\nSubject: hello\r\nMessage-ID: <{from}>\r\n\r\nText\r\n")
}

pub fn subscribe(from: &str) -> String {
    mail(from, "news+subscribe@example.org")
}

#[tokio::test]
async fn mails_are_taken_once_and_marked_after_the_commit() {
    let server = FakeImap::start("IDLE", Encrypts::Never).await;
    server.deliver(&subscribe("anna@example.net"));
    let world = World::new(&server, "", PATIENT);
    until("the first mail to be read", || server.unseen().is_empty()).await;
    until("the door to idle", || server.n_commands("IDLE") == 1).await;

    // Told of by the server, while nobody would have looked for minutes.
    server.deliver(&subscribe("ben@example.net"));
    server.deliver(&mail("cleo@example.net", "someone@example.org"));
    until("all to be read", || server.unseen().is_empty()).await;
    assert_eq!(world.outcomes().await, ["confirm", "confirm", "ignored:not_to_us"]);
    assert_eq!(world.n_queued().await, 2);
    // Fetching alone must not mark a mail: whatever breaks before the commit, it is still unread.
    assert_eq!(server.n_commands("UID FETCH 1 (UID BODY.PEEK[])"), 1);
    assert_eq!(server.connections(), 1);
    world.close().await;
    assert_eq!(server.commands().last().unwrap(), "LOGOUT");
}

#[tokio::test]
async fn a_break_between_commit_and_mark_repeats_nothing() {
    let server = FakeImap::start("IDLE", Encrypts::Never).await;
    server.fault("UID STORE", 2, Fault::Cut);
    server.deliver(&subscribe("anna@example.net"));
    let world = World::new(&server, "", QUICK);
    until("the mail to be marked", || server.unseen().is_empty()).await;
    assert_eq!(server.n_commands("UID FETCH 1 (UID BODY.PEEK[])"), 3);
    assert_eq!(world.outcomes().await, ["confirm"]);
    assert_eq!(world.n_queued().await, 1);
    world.close().await;
}

#[tokio::test]
async fn a_mail_that_cannot_be_written_down_stays_unread() {
    let server = FakeImap::start("IDLE", Encrypts::Never).await;
    let world = World::new(&server, "", QUICK);
    world.sql("ALTER TABLE inbound RENAME TO away").await;
    server.deliver(&subscribe("anna@example.net"));
    until("three tries", || {
        server.n_commands("UID FETCH 1 (UID BODY.PEEK[])") >= 4
    })
    .await;
    assert_eq!(server.unseen(), [1]);
    assert_eq!(server.n_commands("UID STORE"), 0);
    world.sql("ALTER TABLE away RENAME TO inbound").await;
    until("the mail to be read", || server.unseen().is_empty()).await;
    assert_eq!(world.n_queued().await, 1);
    world.close().await;
}

#[tokio::test]
async fn what_was_read_is_moved_where_the_operator_wants_it() {
    for (capabilities, verb) in [
        ("IDLE MOVE", "UID MOVE"),
        ("IDLE UIDPLUS", "UID COPY"),
        ("IDLE", "UID COPY"),
    ] {
        let server = FakeImap::start(capabilities, Encrypts::Never).await;
        server.deliver(&subscribe("anna@example.net"));
        let world = World::new(&server, "move_to = \"Fertig & gelöscht\"", QUICK);
        until("the mail to be moved", || {
            !server.moved().is_empty() && server.unseen().is_empty()
        })
        .await;
        until("the door to idle", || server.n_commands("IDLE") > 0).await;
        assert_eq!(
            server.moved(),
            [("Fertig &- gel&APY-scht".to_owned(), 1)],
            "{capabilities}"
        );
        assert_eq!(server.n_commands("CREATE"), 1);
        assert_eq!(server.n_commands(verb), 2, "once before the folder was there");
        let held = server.held();
        assert!(held.iter().all(|mail| mail.deleted), "{held:?}");
        assert_eq!(held.is_empty(), capabilities != "IDLE");
        world.close().await;
    }
}

#[tokio::test]
async fn size_is_asked_before_the_mail_is() {
    let server = FakeImap::start("IDLE", Encrypts::Never).await;
    server.deliver(&format!("{}{}", subscribe("anna@example.net"), "x".repeat(17 * 1024)));
    let world = World::new(&server, "", QUICK);
    until("it to be passed over", || server.unseen().is_empty()).await;
    assert_eq!(server.n_commands("UID FETCH 1 (UID BODY.PEEK[])"), 0);
    assert_eq!(world.n_queued().await, 0);
    world.close().await;
}

#[tokio::test]
async fn a_mail_larger_than_it_was_said_to_be_does_not_keep_the_others_out() {
    let server = FakeImap::start("IDLE", Encrypts::Never).await;
    server.deliver_said_to_be(&"x".repeat(1 << 20), 100);
    server.deliver(&subscribe("anna@example.net"));
    let world = World::new(&server, "", QUICK);
    until("the second mail to be read", || server.unseen() == [1]).await;
    assert_eq!(server.n_commands("UID FETCH 1 (UID BODY.PEEK[])"), 3);
    assert_eq!(world.n_queued().await, 1);
    world.close().await;
}

#[tokio::test]
async fn idle_is_asked_for_again_and_polling_does_without_it() {
    let server = FakeImap::start("IDLE", Encrypts::Never).await;
    let world = World::new(&server, "", QUICK);
    until("idle to be asked for again", || server.n_commands("IDLE") >= 3).await;
    assert!(server.n_commands("UID SEARCH") >= 3, "each time somebody looks");
    assert_eq!(server.connections(), 1);
    world.close().await;

    let server = FakeImap::start("", Encrypts::Never).await;
    let world = World::new(&server, "poll = \"1s\"", PATIENT);
    until("a first look", || server.n_commands("UID SEARCH") == 1).await;
    server.deliver(&subscribe("anna@example.net"));
    until("the mail to be read", || server.unseen().is_empty()).await;
    assert_eq!(server.n_commands("IDLE"), 0);
    world.close().await;
}

#[tokio::test]
async fn a_server_that_would_not_idle_or_always_has_news_is_not_asked_without_end() {
    let refuses = Fault::Say("TAG NO not now\r\n".to_owned());
    let has_news = Fault::SayFirst("* 1 EXISTS\r\n".to_owned());
    for (prefix, fault) in [("IDLE", refuses), ("UID SEARCH", has_news)] {
        let server = FakeImap::start("IDLE", Encrypts::Never).await;
        server.fault(prefix, 1_000, fault);
        let world = World::new(&server, "poll = \"1s\"", QUICK);
        until("a third look", || server.n_commands("UID SEARCH") >= 3).await;
        server.deliver(&subscribe("anna@example.net"));
        until("the mail to be read", || server.unseen().is_empty()).await;
        let n = server.n_commands("UID SEARCH");
        assert!(n < 20, "{prefix}: {n} looks in about two seconds");
        world.close().await;
    }
}

#[tokio::test]
async fn a_mail_that_cannot_be_written_down_does_not_keep_the_others_out() {
    let server = FakeImap::start("IDLE", Encrypts::Never).await;
    let world = World::new(&server, "", QUICK);
    world
        .sql(
            "CREATE TRIGGER poison BEFORE INSERT ON subscribers WHEN new.address LIKE 'eva@%'
             BEGIN SELECT raise(ABORT, 'no'); END",
        )
        .await;
    server.deliver(&subscribe("eva@example.net"));
    server.deliver(&subscribe("anna@example.net"));
    until("the second mail to be read", || server.unseen() == [1]).await;
    assert_eq!(world.n_queued().await, 1);
    world.sql("DROP TRIGGER poison").await;
    until("the first mail to be read", || server.unseen().is_empty()).await;
    assert_eq!(world.n_queued().await, 2);
    world.close().await;
}

#[tokio::test]
async fn logins_with_password_and_with_token() {
    // A server that offers AUTH=PLAIN, one that knows only LOGIN, one that wants an access token.
    let server = FakeImap::start("IDLE AUTH=PLAIN", Encrypts::Never).await;
    let world = World::new(&server, "password = \"sch\u{f6}n secret\"", QUICK);
    until("a login", || server.n_commands("SELECT") > 0).await;
    assert!(server.commands().contains(&"login |news|schön secret".to_owned()));
    world.close().await;

    let server = FakeImap::start("IDLE", Encrypts::Never).await;
    let world = World::new(&server, "password = 'a \"secret\" \\'", QUICK);
    until("a login", || server.n_commands("SELECT") > 0).await;
    assert!(
        server
            .commands()
            .contains(&"LOGIN \"news\" \"a \\\"secret\\\" \\\\\"".to_owned())
    );
    world.close().await;

    let server = FakeImap::start("IDLE AUTH=XOAUTH2", Encrypts::Never).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "old-token\n").unwrap();
    let imap = format!("token_file = \"{}\"", path.display());
    let world = World::in_folder(folder, &server, &imap, QUICK);
    until("a refused login", || server.n_commands("login ") >= 1).await;
    std::fs::write(&path, "secret-token\n").unwrap();
    until("the renewed token to be used", || server.n_commands("SELECT") > 0).await;
    let used = "login user=news|auth=Bearer secret-token||".to_owned();
    assert!(server.commands().contains(&used), "{:?}", server.commands());
    assert!(world.folder.path().exists());
    world.close().await;
}

#[tokio::test]
async fn what_a_server_breaks_is_tried_again() {
    let bare_no = Fault::Say("TAG NO\r\n".to_owned());
    let flood = Fault::SayFirst("* 1 FETCH (FLAGS ())\r\n".repeat(20_000));
    let deep = Fault::SayFirst(format!("* 1 FETCH (BODYSTRUCTURE {}\r\n", "(".repeat(30_000)));
    let claims = Fault::Say("* 1 FETCH (UID 1 BODY[] {4000000000}\r\n".to_owned());
    for (at, fault) in [
        ("CAPABILITY", Fault::Cut),
        ("LOGIN", Fault::Say("* BYE come again\r\n".to_owned())),
        ("SELECT", bare_no.clone()),
        ("UID SEARCH", bare_no.clone()),
        ("UID SEARCH", Fault::SayFirst("\0\u{fffd}((\r\n".to_owned())),
        ("UID FETCH 1 (UID RFC822.SIZE)", flood),
        ("UID FETCH 1 (UID RFC822.SIZE)", deep),
        ("UID FETCH 1 (UID BODY.PEEK[])", claims),
        ("UID FETCH 1 (UID BODY.PEEK[])", Fault::Silence),
        ("IDLE", Fault::Say("TAG BAD\r\n".to_owned())),
        ("DONE", Fault::Cut),
    ] {
        let server = FakeImap::start("IDLE", Encrypts::Never).await;
        server.fault(at, 1, fault.clone());
        server.deliver(&subscribe("anna@example.net"));
        let world = World::new(&server, "timeout = \"1s\"", QUICK);
        until(&format!("{at} {fault:?}"), || {
            server.unseen().is_empty() && server.n_commands("IDLE") >= 2
        })
        .await;
        assert_eq!(world.n_queued().await, 1, "{at} {fault:?}");
        world.close().await;
    }
}
