//! The LMTP door: a mail server hands mails over (RFC 2033), each recipient is answered by itself, and 250 is said only
//! after the commit.
//!
//! Limits stand around everything: connections, mails a minute, bytes of a line and of a message, time for each. What is
//! over a limit is answered with a code that lets the mail server try again.

mod dots;
mod session;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::inbound::{Envelope, Ignored};
use super::{Handled, handle};
use crate::address::Address;
use crate::config::LmtpListen;
use crate::context::Ctx;
use crate::mail::render::Templates;
use dots::Dots;
use session::{Next, Session};

/// Connections at once; more are told to come again.
const CONNECTIONS_MAX: usize = 32;
/// Mails a minute over all connections; a list of a million readers answers slower than that.
const MAILS_A_MINUTE: u32 = 1_200;
/// Bytes of a command line (RFC 5321 allows 512 and extensions more).
const LINE_BYTES_MAX: usize = 2_048;
/// Waiting for a command (RFC 5321 section 4.5.3.2.7).
const LINE_MAX: Duration = Duration::from_mins(5);
/// Waiting for the whole of a message.
const MESSAGE_MAX: Duration = Duration::from_mins(10);
/// Waiting for a reply to be taken.
const REPLY_MAX: Duration = Duration::from_secs(10);
const GOING_DOWN: &str = "421 4.3.2 going down; come again";
/// After a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// A bound door.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A Unix socket, removed when the door closes.
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Listens.
    ///
    /// # Errors
    /// When the address is taken or cannot be used. A socket that nobody listens on any more is replaced.
    pub async fn bind(listen: &LmtpListen) -> io::Result<Self> {
        match listen {
            LmtpListen::Tcp(address) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            LmtpListen::Unix(path) => {
                remove_dead(path).await?;
                let listener = UnixListener::bind(path)?;
                // The group may connect: whoever writes here may hand over any mail.
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o660);
                std::fs::set_permissions(path, mode)?;
                Ok(Self::Unix(listener, path.clone()))
            }
        }
    }
}

async fn remove_dead(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    let Ok(found) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !found.file_type().is_socket() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is a file that is no socket",
        ));
    }
    if tokio::net::UnixStream::connect(path).await.is_ok() {
        return Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "another process listens there",
        ));
    }
    std::fs::remove_file(path)
}

/// What all connections share.
struct Door {
    ctx: Ctx,
    templates: Arc<Templates>,
    minute: Mutex<Instant>,
    n_mails: AtomicU32,
}

/// Takes mails until shutdown; a mail that is being written is finished and answered.
pub async fn serve(ctx: Ctx, templates: Arc<Templates>, listener: Listener) {
    let shutdown = ctx.shutdown.clone();
    let door = Arc::new(Door {
        ctx,
        templates,
        minute: Mutex::new(Instant::now()),
        n_mails: AtomicU32::new(0),
    });
    let (permits, running) = (Arc::new(Semaphore::new(CONNECTIONS_MAX)), TaskTracker::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        let Ok((reader, mut writer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (door, permit) = (Arc::clone(&door), Arc::clone(&permits).try_acquire_owned());
        running.spawn(async move {
            // How a connection breaks is the mail server's to notice: what was not answered it keeps.
            let _ = match permit {
                Ok(_held) => door.converse(reader, writer).await,
                Err(_) => say(&mut writer, "421 4.3.2 too many connections; come again").await,
            };
        });
    }
    running.close();
    running.wait().await;
    if let Listener::Unix(_, path) = &listener {
        let _ = std::fs::remove_file(path);
    }
}

type Reader = BufReader<Box<dyn AsyncRead + Send + Unpin>>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

impl Listener {
    async fn accept(&self) -> io::Result<(Reader, Writer)> {
        let (reader, writer): (Box<dyn AsyncRead + Send + Unpin>, Writer) = match self {
            Self::Tcp(listener) => {
                let (reader, writer) = listener.accept().await?.0.into_split();
                (Box::new(reader), Box::new(writer))
            }
            Self::Unix(listener, _) => {
                let (reader, writer) = listener.accept().await?.0.into_split();
                (Box::new(reader), Box::new(writer))
            }
        };
        Ok((BufReader::new(reader), writer))
    }
}

impl Door {
    async fn converse(&self, mut reader: Reader, mut writer: Writer) -> io::Result<()> {
        let config = self.ctx.config();
        let host = Address::parse(&config.mail.list_address)
            .map_or_else(|_| "localhost".to_owned(), |a| a.domain().to_owned());
        let mut session = Session::new(&host, config.inbound.message_max);
        say(&mut writer, &session.greeting()).await?;
        loop {
            let line = tokio::select! {
                line = tokio::time::timeout(LINE_MAX, read_line(&mut reader)) => line,
                () = self.ctx.shutdown.cancelled() => return say(&mut writer, GOING_DOWN).await,
            };
            let Ok(line) = line else {
                return say(&mut writer, "421 4.4.2 nothing was said for too long").await;
            };
            let Some(line) = line? else { return Ok(()) };
            if is_mail(&line) && !self.within_rate() {
                say(&mut writer, "451 4.7.1 too many mails at once; come again").await?;
                continue;
            }
            match session.line(&line) {
                Next::Reply(reply) => say(&mut writer, &reply).await?,
                Next::Close(reply) => return say(&mut writer, &reply).await,
                Next::Message => {
                    say(&mut writer, "354 end with a dot on a line of its own").await?;
                    let dots = Dots::new(config.inbound.message_max);
                    let message = tokio::select! {
                        message = tokio::time::timeout(MESSAGE_MAX, read_message(&mut reader, dots)) => message,
                        // Nothing of it was taken: the mail server keeps it.
                        () = self.ctx.shutdown.cancelled() => return say(&mut writer, GOING_DOWN).await,
                    };
                    let Ok(message) = message else {
                        return say(&mut writer, "421 4.4.2 the message took too long").await;
                    };
                    let replies = self.take(&mut session, message?).await;
                    say(&mut writer, &replies.join("\r\n")).await?;
                }
            }
        }
    }

    /// One reply for each recipient.
    async fn take(&self, session: &mut Session, message: Option<Vec<u8>>) -> Vec<String> {
        let (sender, recipients) = session.take_envelope();
        let mut replies = Vec::with_capacity(recipients.len());
        for recipient in recipients {
            let Some(raw) = &message else {
                replies.push("552 5.3.4 the message is too large".to_owned());
                continue;
            };
            let envelope = Envelope {
                sender: Some(sender.clone()),
                recipient: Some(recipient),
            };
            replies.push(match handle(&self.ctx, &self.templates, raw, &envelope).await {
                Ok(Handled::Ignored(Ignored::Unreadable)) => "554 5.6.0 the message cannot be read".to_owned(),
                Ok(handled) => format!("250 2.0.0 {}", handled.name()),
                Err(error) => {
                    tracing::warn!(%error, "A mail could not be written down; the mail server keeps it");
                    "451 4.3.0 not now; come again".to_owned()
                }
            });
        }
        replies
    }

    /// Counts a mail; `false` when this minute has had enough.
    fn within_rate(&self) -> bool {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.elapsed() >= Duration::from_mins(1) {
            *minute = Instant::now();
            self.n_mails.store(0, Ordering::Relaxed);
        }
        self.n_mails.fetch_add(1, Ordering::Relaxed) < MAILS_A_MINUTE
    }
}

fn is_mail(line: &str) -> bool {
    line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case("MAIL"))
}

/// Says a reply; who does not take it for so long is hung up on.
async fn say(writer: &mut Writer, reply: &str) -> io::Result<()> {
    let saying = async {
        writer.write_all(format!("{reply}\r\n").as_bytes()).await?;
        writer.flush().await
    };
    tokio::time::timeout(REPLY_MAX, saying).await?
}

/// A line without its end; `None` when the other side has closed. A line that is too long ends the connection.
async fn read_line(reader: &mut Reader) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    loop {
        let bytes = reader.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let end = bytes.iter().position(|b| *b == b'\n');
        let n = end.map_or(bytes.len(), |at| at + 1);
        line.extend_from_slice(bytes.get(..n).unwrap_or_default());
        reader.consume(n);
        if line.len() > LINE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"));
        }
        if end.is_some() {
            return Ok(Some(
                String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned(),
            ));
        }
    }
}

/// A message; `None` when it is too large. An end of the connection before the end of the message is an error.
async fn read_message(reader: &mut Reader, mut dots: Dots) -> io::Result<Option<Vec<u8>>> {
    loop {
        let bytes = reader.fill_buf().await?;
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (end, n) = (dots.take(bytes), bytes.len());
        reader.consume(end.unwrap_or(n));
        if end.is_some() {
            return Ok(dots.into_message());
        }
    }
}
