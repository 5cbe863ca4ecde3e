//! A mailbox of ours on a server: logged in, looked through, mails taken and marked.

use std::collections::BTreeSet;
use std::time::Duration;

use data_encoding::BASE64;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Failure};
use super::wire::{self, Response, Word};
use crate::config::{ImapSettings, Secret};

/// Bytes of the list of unread mails: some hundred thousand.
const SEARCH_BYTES_MAX: usize = 1 << 20;
/// Bytes a server may say around the body of a mail.
const AROUND_BODY_BYTES: usize = 16 * 1024;
/// Bytes of a response while nothing was asked.
const NEWS_BYTES_MAX: usize = 64 * 1024;
/// Longest access token.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// A selected mailbox.
pub struct Mailbox {
    connection: Connection,
    capabilities: BTreeSet<String>,
    /// Where mails go that were read; `None` leaves them, flagged as seen.
    move_to: Option<String>,
}

/// What a login is made with.
pub enum Login {
    /// A password.
    Password(Secret),
    /// An access token of OAuth 2.0.
    Token(Secret),
}

impl Mailbox {
    /// Logs in and selects the mailbox.
    ///
    /// # Errors
    /// When the login or the mailbox is refused, or the connection fails.
    pub async fn open(mut connection: Connection, settings: &ImapSettings, login: &Login) -> Result<Self, Failure> {
        let offered = capabilities(&mut connection).await?;
        log_in(&mut connection, &offered, &settings.username, login)
            .await
            .map_err(|failure| match failure {
                Failure::Refused { words, .. } => Failure::Login(words),
                other => other,
            })?;
        // What is offered may differ once the server knows who asks.
        let capabilities = capabilities(&mut connection).await?;
        let select = format!("SELECT \"{}\"", wire::mailbox(&settings.mailbox));
        let answer = connection.command(&select).await?;
        if answer
            .last()
            .is_some_and(|last| last.line.to_ascii_uppercase().contains("[READ-ONLY]"))
        {
            return Err(Failure::Broken(format!(
                "the mailbox `{}` is read-only: what was read could not be marked",
                settings.mailbox
            )));
        }
        Ok(Self {
            connection,
            capabilities,
            move_to: settings.move_to.as_deref().map(wire::mailbox),
        })
    }

    /// The mails nobody has read, oldest first.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn unseen(&mut self) -> Result<BTreeSet<u32>, Failure> {
        self.connection.has_news = false;
        let search = "UID SEARCH UNSEEN UNDELETED";
        let answer = self.connection.command_with(search, SEARCH_BYTES_MAX).await?;
        Ok(found(&answer))
    }

    /// The size of a mail in bytes; `None` when it is gone.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn size(&mut self, uid: u32) -> Result<Option<u64>, Failure> {
        let answer = self
            .connection
            .command(&format!("UID FETCH {uid} (UID RFC822.SIZE)"))
            .await?;
        Ok(of_mail(&answer, uid, |fetched| fetched.number("RFC822.SIZE")))
    }

    /// The bytes of a mail, which stays unread; `None` when it is gone.
    ///
    /// # Errors
    /// When the connection fails, or the mail is larger than it was said to be.
    pub async fn body(&mut self, uid: u32, bytes_max: usize) -> Result<Option<Vec<u8>>, Failure> {
        let fetch = format!("UID FETCH {uid} (UID BODY.PEEK[])");
        let limit = bytes_max.saturating_add(AROUND_BODY_BYTES);
        let answer = self.connection.command_with(&fetch, limit).await?;
        Ok(of_mail(&answer, uid, |fetched| match fetched.value("BODY[]")? {
            Word::Bytes(bytes) => Some(bytes.clone()),
            Word::Atom(_) => None,
        }))
    }

    /// Marks a mail as read, and moves it where such mails go.
    ///
    /// # Errors
    /// When the server refuses, or the connection fails.
    pub async fn mark(&mut self, uid: u32) -> Result<(), Failure> {
        self.connection
            .command(&format!("UID STORE {uid} +FLAGS.SILENT (\\Seen)"))
            .await?;
        let Some(folder) = self.move_to.clone() else {
            return Ok(());
        };
        let verb = if self.capabilities.contains("MOVE") {
            "MOVE"
        } else {
            "COPY"
        };
        let transfer = format!("UID {verb} {uid} \"{folder}\"");
        match self.connection.command(&transfer).await {
            Ok(_) => {}
            Err(Failure::Refused { words, .. }) if words.to_ascii_uppercase().contains("TRYCREATE") => {
                self.connection.command(&format!("CREATE \"{folder}\"")).await?;
                self.connection.command(&transfer).await?;
            }
            Err(failure) => return Err(failure),
        }
        if verb == "COPY" {
            self.connection
                .command(&format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)"))
                .await?;
            // Without UIDPLUS an expunge would take mails that others marked as deleted; those stay until somebody does.
            if self.capabilities.contains("UIDPLUS") {
                self.connection.command(&format!("UID EXPUNGE {uid}")).await?;
            }
        }
        Ok(())
    }

    /// Whether the server tells of new mails by itself (RFC 2177).
    #[must_use]
    pub fn can_idle(&self) -> bool {
        self.capabilities.contains("IDLE")
    }

    /// Whether the server has told of new mails since the last search.
    #[must_use]
    pub const fn has_news(&self) -> bool {
        self.connection.has_news
    }

    /// Waits until the server tells of a mail, so much time is over, or somebody wants us to stop; `false` when it would
    /// not tell, and nothing was waited for.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn idle(&mut self, at_most: Duration, stop: &CancellationToken) -> Result<bool, Failure> {
        let tag = self.connection.send("IDLE").await?;
        loop {
            let response = self.connection.response(NEWS_BYTES_MAX).await?;
            match response.atom(0).as_str() {
                "+" => break,
                "*" => {}
                // Refused: it is asked again at the next look.
                _ => return Ok(false),
            }
        }
        let until = tokio::time::sleep(at_most);
        tokio::pin!(until);
        while !self.connection.has_news {
            tokio::select! {
                response = self.connection.next(NEWS_BYTES_MAX) => { response?; }
                () = &mut until => break,
                () = stop.cancelled() => break,
            }
        }
        self.connection.line("DONE").await?;
        self.connection.answer(&tag, "IDLE", NEWS_BYTES_MAX).await?;
        Ok(true)
    }

    /// Says goodbye, as far as there is still somebody there.
    pub async fn close(mut self) {
        let _ = self.connection.command("LOGOUT").await;
    }
}

async fn capabilities(connection: &mut Connection) -> Result<BTreeSet<String>, Failure> {
    let answer = connection.command("CAPABILITY").await?;
    let said = answer.iter().filter(|response| response.atom(1) == "CAPABILITY");
    Ok(said
        .flat_map(|response| (2..response.words.len()).map(|at| response.atom(at)))
        .collect())
}

async fn log_in(
    connection: &mut Connection,
    offered: &BTreeSet<String>,
    username: &str,
    login: &Login,
) -> Result<(), Failure> {
    match login {
        Login::Token(token) => {
            let words = format!("user={username}\x01auth=Bearer {}\x01\x01", token.expose());
            sasl(connection, "XOAUTH2", words.as_bytes()).await
        }
        Login::Password(password) if offered.contains("AUTH=PLAIN") => {
            let words = format!("\0{username}\0{}", password.expose());
            sasl(connection, "PLAIN", words.as_bytes()).await
        }
        Login::Password(_) if offered.contains("LOGINDISABLED") => Err(Failure::Login(
            "the server takes no password over this connection; set tls = \"implicit\"".to_owned(),
        )),
        Login::Password(password) => {
            let (Some(user), Some(password)) = (wire::quoted(username), wire::quoted(password.expose())) else {
                return Err(Failure::Login(
                    "the server takes only plain ASCII in user name and password".to_owned(),
                ));
            };
            let tag = connection.send(&format!("LOGIN {user} {password}")).await?;
            connection.answer(&tag, "LOGIN", NEWS_BYTES_MAX).await.map(|_| ())
        }
    }
}

/// A login in two steps. A server that asks further says why it refuses (RFC 7628): it gets an empty line.
async fn sasl(connection: &mut Connection, mechanism: &str, words: &[u8]) -> Result<(), Failure> {
    let tag = connection.send(&format!("AUTHENTICATE {mechanism}")).await?;
    for line in [BASE64.encode(words), String::new()] {
        loop {
            let response = connection.response(NEWS_BYTES_MAX).await?;
            match response.atom(0) {
                first if first == "+" => break,
                first if first == "*" => {}
                _ if response.atom(1) == "OK" => return Ok(()),
                _ => return Err(Failure::Login(super::connection::words(&response))),
            }
        }
        connection.line(&line).await?;
    }
    connection
        .answer(&tag, "AUTHENTICATE", NEWS_BYTES_MAX)
        .await
        .map(|_| ())
}

/// What the login needs: the password, or the access token as its file has it now; another program renews it.
///
/// # Errors
/// When the file cannot be read.
pub async fn login(settings: &ImapSettings) -> Result<Login, Failure> {
    if let Some(path) = &settings.token_file {
        let text = tokio::fs::read_to_string(path).await;
        let text = text.map_err(|e| Failure::Login(format!("`{}` cannot be read: {e}", path.display())))?;
        let token = text.trim();
        let fine = !token.is_empty() && token.len() <= TOKEN_BYTES_MAX && token.bytes().all(|b| b.is_ascii_graphic());
        return if fine {
            Ok(Login::Token(Secret::new(token.to_owned())))
        } else {
            Err(Failure::Login(format!("`{}` holds no access token", path.display())))
        };
    }
    match &settings.password {
        Some(password) => Ok(Login::Password(password.clone())),
        None => Err(Failure::Login("there is no password".to_owned())),
    }
}

fn found(answer: &[Response]) -> BTreeSet<u32> {
    let lists = answer
        .iter()
        .filter(|response| response.atom(0) == "*" && response.atom(1) == "SEARCH");
    lists
        .flat_map(|response| (2..response.words.len()).filter_map(|at| response.atom(at).parse().ok()))
        .collect()
}

/// A fact from the FETCH response about this mail; servers also tell of others unasked.
fn of_mail<T>(answer: &[Response], uid: u32, fact: impl Fn(&Response) -> Option<T>) -> Option<T> {
    answer
        .iter()
        .filter(|response| response.counts("FETCH") && response.number("UID") == Some(u64::from(uid)))
        .find_map(fact)
}
