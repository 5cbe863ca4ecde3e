//! A scripted SMTP server on loopback. It does what a script says at each step, and keeps its own list of what it took.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Where in the dialogue the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The first bytes of the message came.
    Body,
    /// The final dot came.
    Dot,
    Rset,
    Other,
}

/// What the script sees.
#[derive(Debug, Clone)]
pub struct Step {
    pub at: At,
    /// The line, without its end; the message at [`At::Dot`].
    pub line: String,
    /// Connections so far, from 1.
    pub connection: usize,
    /// Messages taken so far.
    pub taken: usize,
}

/// What the server does.
#[derive(Debug, Clone)]
pub enum Act {
    /// What an ordinary server does.
    Usual,
    /// These bytes instead of the usual reply; a message is taken when they begin with 2.
    Say(String),
    /// Takes the message, then says this.
    TakeAndSay(String),
    /// Takes the message, then cuts the connection.
    TakeAndCut,
    /// Says nothing, ever.
    Silence,
    /// This after a while, however long the other side waits.
    Late(Duration, String),
    /// Closes after these bytes.
    SayAndClose(String),
    /// Cuts the connection (RST).
    Cut,
}

/// A message that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    pub from: String,
    pub to: String,
    pub data: String,
}

impl Taken {
    pub fn message_id(&self) -> String {
        let line = self.data.lines().find(|line| line.starts_with("Message-ID:")).unwrap();
        line.split(['<', '>']).nth(1).unwrap().to_owned()
    }
}

#[derive(Default)]
struct Seen {
    taken: Vec<Taken>,
    lines: Vec<String>,
    connections: usize,
}

type Script = dyn Fn(&Step) -> Act + Send + Sync;

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub struct FakeSmtp {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Clone)]
struct Session {
    seen: Arc<Mutex<Seen>>,
    script: Arc<Script>,
    extensions: Arc<Vec<String>>,
    connection: usize,
}

impl FakeSmtp {
    pub async fn start(script: impl Fn(&Step) -> Act + Send + Sync + 'static) -> Self {
        Self::start_with(&["8BITMIME", "SIZE 10000000"], None, false, script).await
    }

    /// `tls` makes it encrypt: from the first byte, or after STARTTLS.
    pub async fn start_with(
        extensions: &[&str],
        tls: Option<TlsAcceptor>,
        from_the_first_byte: bool,
        script: impl Fn(&Step) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let script: Arc<Script> = Arc::new(script);
        let extensions = Arc::new(extensions.iter().map(ToString::to_string).collect::<Vec<_>>());
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = {
                    let mut seen = shared.lock().unwrap();
                    seen.connections += 1;
                    seen.connections
                };
                let session = Session {
                    seen: Arc::clone(&shared),
                    script: Arc::clone(&script),
                    extensions: Arc::clone(&extensions),
                    connection,
                };
                tokio::spawn(session.serve(stream, tls.clone(), from_the_first_byte));
            }
        });
        Self { address, seen }
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.seen.lock().unwrap().taken.clone()
    }

    /// Recipients of what was taken, sorted.
    pub fn recipients(&self) -> Vec<String> {
        let mut to: Vec<String> = self.taken().into_iter().map(|taken| taken.to).collect();
        to.sort();
        to
    }

    pub fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// Commands that were said, by their first word.
    pub fn commands(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.lines
            .iter()
            .map(|line| line.split(' ').next().unwrap().to_uppercase())
            .collect()
    }
}

/// How a dialogue goes on.
enum Then {
    GoOn,
    /// DATA was refused: the next line is a command.
    NoMessage,
    End,
    Encrypt,
}

impl Session {
    async fn serve(self, stream: TcpStream, tls: Option<TlsAcceptor>, from_the_first_byte: bool) {
        match (tls, from_the_first_byte) {
            (Some(acceptor), true) => {
                if let Ok(stream) = acceptor.accept(stream).await {
                    self.dialogue(stream, true).await;
                }
            }
            (Some(acceptor), false) => {
                if let Some(plain) = self.dialogue(stream, true).await
                    && let Ok(stream) = acceptor.accept(plain).await
                {
                    self.dialogue(stream, false).await;
                }
            }
            (None, _) => {
                self.dialogue(stream, true).await;
            }
        }
    }

    /// Gives the stream back when it is to be encrypted.
    async fn dialogue<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, greet: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greet
            && !matches!(
                self.step(&mut stream, At::Greeting, "", "220 fake ready", None).await,
                Then::GoOn
            )
        {
            return None;
        }
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            self.seen.lock().unwrap().lines.push(line.clone());
            let word = line.split(' ').next().unwrap_or_default().to_uppercase();
            let path = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            let offered = self.offered();
            let (at, usual) = match word.as_str() {
                "EHLO" | "LHLO" => (At::Ehlo, offered.as_str()),
                "STARTTLS" => (At::StartTls, "220 go ahead"),
                "AUTH" => (At::Auth, "235 2.7.0 welcome"),
                "MAIL" => {
                    from = path;
                    (At::Mail, "250 2.1.0 ok")
                }
                "RCPT" => {
                    to = path;
                    (At::Rcpt, "250 2.1.5 ok")
                }
                "DATA" => (At::Data, "354 go ahead"),
                "RSET" => (At::Rset, "250 2.0.0 ok"),
                _ => (At::Other, "250 2.0.0 ok"),
            };
            match self.step(&mut stream, at, &line, usual, None).await {
                Then::GoOn if at == At::Data => {
                    self.message(&mut stream, &from, &to).await?;
                }
                Then::GoOn if word == "QUIT" => return None,
                Then::GoOn | Then::NoMessage => {}
                Then::End => return None,
                Then::Encrypt => return Some(stream.into_inner()),
            }
        }
    }

    fn offered(&self) -> String {
        let mut lines = vec!["fake".to_owned()];
        lines.extend(self.extensions.iter().cloned());
        let last = lines.len() - 1;
        let lines: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(n, line)| format!("250{}{line}", if n == last { ' ' } else { '-' }))
            .collect();
        lines.join("\r\n")
    }

    async fn message<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        from: &str,
        to: &str,
    ) -> Option<()> {
        let mut data = Vec::new();
        let mut first = true;
        loop {
            let n = stream.read_until(b'\n', &mut data).await.ok()?;
            if n == 0 {
                return None;
            }
            if std::mem::take(&mut first) && !matches!(self.step(stream, At::Body, "", "", None).await, Then::GoOn) {
                return None;
            }
            if data.ends_with(b"\r\n.\r\n") || data == b".\r\n" {
                break;
            }
        }
        let text = String::from_utf8(data).unwrap().replace("\r\n..", "\r\n.");
        let taken = Taken {
            from: from.to_owned(),
            to: to.to_owned(),
            data: text.trim_end_matches(".\r\n").to_owned(),
        };
        let then = self
            .step(stream, At::Dot, &text, "250 2.0.0 queued as FAKE1", Some(taken))
            .await;
        matches!(then, Then::GoOn).then_some(())
    }

    /// Asks the script, does what it says.
    async fn step<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        at: At,
        line: &str,
        usual: &str,
        taken: Option<Taken>,
    ) -> Then {
        let step = Step {
            at,
            line: line.to_owned(),
            connection: self.connection,
            taken: self.seen.lock().unwrap().taken.len(),
        };
        let act = (self.script)(&step);
        let take = |taken: Option<Taken>| {
            if let Some(taken) = taken {
                self.seen.lock().unwrap().taken.push(taken);
            }
        };
        let (say, then) = match act {
            Act::Usual if at == At::Body => return Then::GoOn,
            Act::Usual => {
                take(taken);
                (
                    usual.to_owned(),
                    if at == At::StartTls { Then::Encrypt } else { Then::GoOn },
                )
            }
            Act::Say(words) => {
                if words.starts_with('2') {
                    take(taken);
                }
                let then = match at {
                    At::StartTls => Then::Encrypt,
                    At::Data if !words.starts_with('3') => Then::NoMessage,
                    _ => Then::GoOn,
                };
                (words, then)
            }
            Act::TakeAndSay(words) => {
                take(taken);
                (words, Then::GoOn)
            }
            Act::TakeAndCut => {
                take(taken);
                return Then::End;
            }
            Act::Silence => {
                let mut hole = [0; 1024];
                while stream.read(&mut hole).await.is_ok_and(|n| n > 0) {}
                return Then::End;
            }
            Act::Late(wait, words) => {
                tokio::time::sleep(wait).await;
                (words, Then::GoOn)
            }
            Act::SayAndClose(words) => {
                let _ = stream.get_mut().write_all(format!("{words}\r\n").as_bytes()).await;
                return Then::End;
            }
            Act::Cut => return Then::End,
        };
        let said = stream.get_mut().write_all(format!("{say}\r\n").as_bytes()).await;
        let flushed = stream.get_mut().flush().await;
        if said.is_ok() && flushed.is_ok() {
            then
        } else {
            Then::End
        }
    }
}
