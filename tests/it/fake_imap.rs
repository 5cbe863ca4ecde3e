//! A small IMAP server on loopback: one mailbox, mails with flags, every command kept, and faults on demand.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// What the server does instead of answering a command.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Cuts the connection.
    Cut,
    /// Says these bytes instead of the whole answer; `TAG` stands for the command's tag.
    Say(String),
    /// Says these bytes first, then answers.
    SayFirst(String),
    /// Says nothing, ever.
    Silence,
}

/// A mail in the mailbox.
#[derive(Debug, Clone)]
pub struct Held {
    pub uid: u32,
    pub raw: Vec<u8>,
    pub seen: bool,
    pub deleted: bool,
    /// The size it is said to have.
    pub size: usize,
}

#[derive(Default)]
struct State {
    mails: Vec<Held>,
    moved: Vec<(String, u32)>,
    folders: BTreeSet<String>,
    commands: Vec<String>,
    connections: usize,
    /// Command prefix, how often still, and what happens then.
    faults: Vec<(String, usize, Fault)>,
    next_uid: u32,
}

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub struct FakeImap {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    news: Arc<Notify>,
    capabilities: Arc<String>,
}

/// How it encrypts.
#[derive(Clone)]
pub enum Encrypts {
    Never,
    FromTheFirstByte(TlsAcceptor),
    AfterStartTls(TlsAcceptor),
}

impl FakeImap {
    pub async fn start(capabilities: &str, encrypts: Encrypts) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::default(),
            news: Arc::default(),
            capabilities: Arc::new(capabilities.to_owned()),
        };
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.with(|state| state.connections += 1);
                let (server, encrypts) = (accepting.clone(), encrypts.clone());
                tokio::spawn(async move {
                    if let Encrypts::FromTheFirstByte(acceptor) = &encrypts {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            server.converse(Box::new(stream), true, &encrypts).await;
                        }
                    } else {
                        server.converse(Box::new(stream), true, &encrypts).await;
                    }
                });
            }
        });
        server
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    /// Puts a mail into the mailbox, and tells whoever idles.
    pub fn deliver(&self, raw: &str) -> u32 {
        self.deliver_said_to_be(raw, raw.len())
    }

    pub fn deliver_said_to_be(&self, raw: &str, size: usize) -> u32 {
        let uid = self.with(|state| {
            state.next_uid += 1;
            let uid = state.next_uid;
            state.mails.push(Held {
                uid,
                raw: raw.as_bytes().to_vec(),
                seen: false,
                deleted: false,
                size,
            });
            uid
        });
        self.news.notify_waiters();
        uid
    }

    /// At the next `n` commands that begin so, this happens.
    pub fn fault(&self, prefix: &str, n: usize, fault: Fault) {
        self.with(|state| state.faults.push((prefix.to_owned(), n, fault)));
    }

    pub fn commands(&self) -> Vec<String> {
        self.with(|state| state.commands.clone())
    }

    /// How many commands began so.
    pub fn n_commands(&self, prefix: &str) -> usize {
        self.commands().iter().filter(|line| line.starts_with(prefix)).count()
    }

    pub fn connections(&self) -> usize {
        self.with(|state| state.connections)
    }

    /// The mails nobody has read.
    pub fn unseen(&self) -> Vec<u32> {
        self.with(|state| {
            let unread = state.mails.iter().filter(|mail| !mail.seen && !mail.deleted);
            unread.map(|mail| mail.uid).collect()
        })
    }

    pub fn moved(&self) -> Vec<(String, u32)> {
        self.with(|state| state.moved.clone())
    }

    pub fn held(&self) -> Vec<Held> {
        self.with(|state| state.mails.clone())
    }

    fn fault_at(&self, command: &str) -> Option<Fault> {
        self.with(|state| {
            let found = state
                .faults
                .iter_mut()
                .find(|(prefix, n, _)| *n > 0 && command.starts_with(prefix.as_str()))?;
            found.1 -= 1;
            Some(found.2.clone())
        })
    }

    async fn converse(&self, stream: Box<dyn Both>, greet: bool, encrypts: &Encrypts) {
        let mut stream = BufReader::new(stream);
        // The last mail that this client has been told of.
        let mut n_told = 0;
        if greet && say(&mut stream, "* OK ready\r\n").await.is_err() {
            return;
        }
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end();
            let (tag, command) = line.split_once(' ').unwrap_or((line, ""));
            self.with(|state| state.commands.push(command.to_owned()));
            match self.fault_at(command) {
                Some(Fault::Cut) => return,
                Some(Fault::Silence) => std::future::pending().await,
                Some(Fault::Say(bytes)) => {
                    if say(&mut stream, &bytes.replace("TAG", tag)).await.is_err() {
                        return;
                    }
                    continue;
                }
                Some(Fault::SayFirst(bytes)) if say(&mut stream, &bytes).await.is_err() => return,
                Some(Fault::SayFirst(_)) | None => {}
            }
            if command == "STARTTLS"
                && let Encrypts::AfterStartTls(acceptor) = encrypts
            {
                let _ = say(&mut stream, &format!("{tag} OK begin\r\n")).await;
                if let Ok(encrypted) = acceptor.accept(stream.into_inner()).await {
                    Box::pin(self.converse(Box::new(encrypted), false, &Encrypts::Never)).await;
                }
                return;
            }
            if self.answer(&mut stream, tag, command, &mut n_told).await.is_err() {
                return;
            }
        }
    }

    async fn answer(
        &self,
        stream: &mut BufReader<Box<dyn Both>>,
        tag: &str,
        command: &str,
        n_told: &mut u32,
    ) -> std::io::Result<()> {
        let words: Vec<&str> = command.split(' ').collect();
        let uid = || words[2].parse::<u32>().unwrap();
        match words.as_slice() {
            ["CAPABILITY"] => say(stream, &format!("* CAPABILITY IMAP4rev1 {}\r\n", self.capabilities)).await?,
            ["AUTHENTICATE", ..] => {
                say(stream, "+ \r\n").await?;
                let mut line = String::new();
                stream.read_line(&mut line).await?;
                let decoded = data_encoding::BASE64.decode(line.trim().as_bytes()).unwrap();
                let words = String::from_utf8(decoded).unwrap().replace(['\0', '\x01'], "|");
                let right = words.contains("secret");
                self.with(|state| state.commands.push(format!("login {words}")));
                if !right {
                    // A reason in base64, which the client answers with an empty line.
                    say(stream, "+ eyJzdGF0dXMiOiI0MDEifQ==\r\n").await?;
                    stream.read_line(&mut String::new()).await?;
                    return say(
                        stream,
                        &format!("{tag} NO [AUTHENTICATIONFAILED] wrong for anna@example.net\r\n"),
                    )
                    .await;
                }
            }
            ["LOGIN", _, password] if !password.contains("secret") => {
                return say(stream, &format!("{tag} NO [AUTHENTICATIONFAILED] wrong\r\n")).await;
            }
            ["SELECT", ..] => say(stream, "* FLAGS (\\Seen \\Deleted)\r\n* 1 EXISTS\r\n").await?,
            ["UID", "SEARCH", ..] => {
                *n_told = self.with(|state| state.next_uid);
                let list: Vec<String> = self.unseen().iter().map(ToString::to_string).collect();
                say(stream, &format!("* SEARCH {}\r\n", list.join(" "))).await?;
            }
            ["UID", "FETCH", _, _, "RFC822.SIZE)"] => {
                if let Some(mail) = self.held().iter().find(|mail| mail.uid == uid()) {
                    say(
                        stream,
                        &format!("* 1 FETCH (UID {} RFC822.SIZE {})\r\n", mail.uid, mail.size),
                    )
                    .await?;
                }
            }
            ["UID", "FETCH", ..] => {
                if let Some(mail) = self.held().iter().find(|mail| mail.uid == uid()) {
                    say(stream, "* 9 FETCH (FLAGS (\\Flagged))\r\n").await?;
                    say(
                        stream,
                        &format!("* 1 FETCH (UID {} BODY[] {{{}}}\r\n", mail.uid, mail.raw.len()),
                    )
                    .await?;
                    stream.get_mut().write_all(&mail.raw).await?;
                    say(stream, ")\r\n").await?;
                }
            }
            ["UID", "STORE", _, _, flags] => self.with(|state| {
                let mail = state.mails.iter_mut().find(|mail| mail.uid == uid()).unwrap();
                mail.seen |= flags.contains("Seen");
                mail.deleted |= flags.contains("Deleted");
            }),
            ["UID", verb @ ("MOVE" | "COPY"), ..] => {
                let folder = command.split('"').nth(1).unwrap().to_owned();
                if !self.with(|state| state.folders.contains(&folder)) {
                    return say(stream, &format!("{tag} NO [TRYCREATE] no such folder\r\n")).await;
                }
                self.with(|state| {
                    state.moved.push((folder, uid()));
                    if *verb == "MOVE" {
                        state.mails.retain(|mail| mail.uid != uid());
                    }
                });
            }
            ["UID", "EXPUNGE", _] => self.with(|state| state.mails.retain(|mail| mail.uid != uid() || !mail.deleted)),
            ["CREATE", ..] => {
                let folder = command.split('"').nth(1).unwrap().to_owned();
                self.with(|state| state.folders.insert(folder));
            }
            ["IDLE"] => {
                // Registered before anything is said, so that no delivery after that is missed.
                let mut news = Box::pin(self.news.notified());
                say(stream, "+ idling\r\n").await?;
                if self.with(|state| state.next_uid) > *n_told {
                    say(stream, "* 1 EXISTS\r\n").await?;
                }
                let mut line = String::new();
                loop {
                    tokio::select! {
                        () = &mut news => {
                            news.set(self.news.notified());
                            say(stream, "* 1 EXISTS\r\n").await?;
                        }
                        read = stream.read_line(&mut line) => { read?; break; }
                    }
                }
                assert_eq!(line, "DONE\r\n");
            }
            ["LOGOUT"] => say(stream, "* BYE good night\r\n").await?,
            _ => {}
        }
        say(stream, &format!("{tag} OK done\r\n")).await
    }
}

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

async fn say(stream: &mut BufReader<Box<dyn Both>>, text: &str) -> std::io::Result<()> {
    stream.get_mut().write_all(text.as_bytes()).await?;
    stream.get_mut().flush().await
}
