//! One connection: commands sent, responses collected, each with a limit in time and in bytes.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::dial::Stream;
use super::wire::{self, Response};
use crate::address::masked;
use crate::store::StoreError;

/// Bytes of all that an ordinary command is answered with.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;
/// Characters of a server's own words kept for people.
const WORDS_CHARS_MAX: usize = 160;

/// Why a mailbox could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The connection could not be made or broke.
    #[error("{0}")]
    Broken(String),
    /// Nothing came in time.
    #[error("the server was silent for too long")]
    Silent,
    /// More came than was asked for.
    #[error(transparent)]
    TooMuch(#[from] wire::TooMuch),
    /// The login was refused.
    #[error("the login was refused: {0}")]
    Login(String),
    /// A command was refused.
    #[error("`{command}` was refused: {words}")]
    Refused {
        /// Its first word.
        command: String,
        /// The server's words.
        words: String,
    },
    /// The database failed: the mail stays as it was.
    #[error("a mail could not be written down: {0}")]
    Store(#[from] StoreError),
}

/// A connection to a server.
pub struct Connection {
    stream: Box<dyn Stream>,
    /// What came and was not read yet.
    unread: Vec<u8>,
    limit: Duration,
    n_commands: u32,
    /// Bytes of all responses so far.
    n_bytes: usize,
    /// The server said that there are mails, in whatever answer.
    pub has_news: bool,
}

impl Connection {
    /// Over a stream, with so much time for each answer.
    #[must_use]
    pub fn new(stream: Box<dyn Stream>, limit: Duration) -> Self {
        Self {
            stream,
            unread: Vec::new(),
            limit,
            n_commands: 0,
            n_bytes: 0,
            has_news: false,
        }
    }

    /// Reads the greeting.
    ///
    /// # Errors
    /// When there is none.
    pub async fn greeting(&mut self) -> Result<(), Failure> {
        let greeting = self.response(ANSWER_BYTES_MAX).await?;
        match greeting.atom(1).as_str() {
            "OK" | "PREAUTH" => Ok(()),
            _ => Err(Failure::Broken(format!(
                "no greeting of a mailbox: {}",
                words(&greeting)
            ))),
        }
    }

    /// Sends a command and collects what it is answered with.
    ///
    /// # Errors
    /// When it is refused, or the connection fails.
    pub async fn command(&mut self, command: &str) -> Result<Vec<Response>, Failure> {
        self.command_with(command, ANSWER_BYTES_MAX).await
    }

    /// The same, with an answer of so many bytes.
    ///
    /// # Errors
    /// When it is refused, or the connection fails.
    pub async fn command_with(&mut self, command: &str, bytes_max: usize) -> Result<Vec<Response>, Failure> {
        let tag = self.send(command).await?;
        self.answer(&tag, command, bytes_max).await
    }

    /// Sends a command; returns its tag.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn send(&mut self, command: &str) -> Result<String, Failure> {
        self.n_commands = self.n_commands.wrapping_add(1);
        let tag = format!("C{}", self.n_commands);
        self.line(&format!("{tag} {command}")).await?;
        Ok(tag)
    }

    /// Sends one line.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn line(&mut self, line: &str) -> Result<(), Failure> {
        let sent = async {
            self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
            self.stream.flush().await
        };
        tokio::time::timeout(self.limit, sent)
            .await
            .map_err(|_| Failure::Silent)?
            .map_err(broken)
    }

    /// Collects responses up to the one with this tag.
    ///
    /// # Errors
    /// When that is no OK, or the connection fails.
    pub async fn answer(&mut self, tag: &str, command: &str, bytes_max: usize) -> Result<Vec<Response>, Failure> {
        let (mut answer, before) = (Vec::new(), self.n_bytes);
        loop {
            let left = bytes_max.saturating_sub(self.n_bytes.wrapping_sub(before));
            let response = self.response(left).await.map_err(|failure| match failure {
                Failure::TooMuch(_) => Failure::TooMuch(wire::TooMuch(bytes_max)),
                other => other,
            })?;
            if response.words.first() != Some(&wire::Word::Atom(tag.to_owned())) {
                answer.push(response);
                continue;
            }
            if response.atom(1) == "OK" {
                answer.push(response);
                return Ok(answer);
            }
            return Err(Failure::Refused {
                command: command.split(' ').next().unwrap_or_default().to_owned(),
                words: words(&response),
            });
        }
    }

    /// The next response, in the usual time.
    ///
    /// # Errors
    /// When it does not come, is too long, or says that the connection ends.
    pub async fn response(&mut self, bytes_max: usize) -> Result<Response, Failure> {
        let limit = self.limit;
        tokio::time::timeout(limit, self.next(bytes_max))
            .await
            .map_err(|_| Failure::Silent)?
    }

    /// The next response, however long it takes. Nothing is lost when this is dropped while it waits.
    ///
    /// # Errors
    /// When the connection ends, or the response is too long.
    pub async fn next(&mut self, bytes_max: usize) -> Result<Response, Failure> {
        loop {
            if let Some((response, n)) = wire::response(&self.unread, bytes_max)? {
                self.unread.drain(..n);
                self.n_bytes = self.n_bytes.wrapping_add(n);
                self.has_news |= response.counts("EXISTS");
                if response.atom(0) == "*" && response.atom(1) == "BYE" && self.n_commands > 0 {
                    return Err(Failure::Broken(format!("the server hung up: {}", words(&response))));
                }
                return Ok(response);
            }
            self.unread.reserve(READ_BYTES);
            let n = self.stream.read_buf(&mut self.unread).await.map_err(broken)?;
            if n == 0 {
                return Err(Failure::Broken("the server closed the connection".to_owned()));
            }
        }
    }

    /// The stream below, to be encrypted.
    ///
    /// # Errors
    /// When something came that nobody asked for.
    pub fn into_stream(self) -> Result<Box<dyn Stream>, Failure> {
        if self.unread.is_empty() {
            Ok(self.stream)
        } else {
            Err(Failure::Broken(
                "the server spoke out of turn before encryption".to_owned(),
            ))
        }
    }
}

fn broken(error: std::io::Error) -> Failure {
    Failure::Broken(format!("the connection broke: {error}"))
}

/// A server's words for people: short, on one line, without addresses.
pub(super) fn words(response: &Response) -> String {
    let line: String = response
        .line
        .split_whitespace()
        .skip(1)
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .filter(|c| !c.is_control())
        .take(WORDS_CHARS_MAX)
        .collect();
    masked(&line)
}
