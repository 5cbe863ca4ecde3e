//! One message over SMTP: our own loop over lettre's connection, since its pool can report a refused message as sent.
//!
//! The rules: every wait has a limit. A connection is used again only after a reply that ended its command; after any
//! timeout, error or unexpected reply it is closed. Only a 2yz reply to the final dot means sent. What fails before the
//! final dot was not sent; what gives no clear reply after it is in doubt. Between 354 and the first byte of the message
//! the caller's commit is awaited, so that a crash later is known to be in doubt.

mod dial;
mod login;
mod stop;
mod wire;

use std::time::Duration;

use bytes::Bytes;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use tokio::time::timeout;

use self::dial::Dialer;
use self::login::Login;
use self::stop::{
    Stop, address, completed, own_refusal, refusal, replied, reply_words, said_before, unexpected, within,
};
use self::wire::Dot;
use crate::config::{LmtpListen, SmtpSettings};
use crate::crash;
use crate::model::{SendOutcome, SmtpPhase};

const QUIT_MAX: Duration = Duration::from_secs(5);

/// How long each phase may take (RFC 5321, 4.5.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connecting, and the TLS handshake.
    pub connect: Duration,
    /// A reply to anything before the message itself.
    pub command: Duration,
    /// The message on its way and the reply to its final dot.
    pub body: Duration,
}

impl Limits {
    /// The configured limit for each phase; the message has 3 minutes and its reply 10 in any case, since a server may
    /// scan it before it answers, and giving up early makes a doubt.
    #[must_use]
    pub fn new(settings: &SmtpSettings) -> Self {
        Self {
            connect: settings.timeout.min(Duration::from_secs(30)),
            command: settings.timeout,
            body: Duration::from_mins(13),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_mins(2),
            body: Duration::from_mins(13),
        }
    }
}

/// Who it is from and to, as the relay is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Return path; empty is the null sender.
    pub from: String,
    /// Recipient.
    pub to: String,
}

/// A relay.
pub struct Relay {
    dialer: Dialer,
    helo: ClientId,
    login: Option<Login>,
    limits: Limits,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A connection that is ready for a message.
pub struct Session {
    connection: AsyncSmtpConnection,
    dot: Dot,
    limits: Limits,
    /// `SIZE` of the server; `None` when it names none.
    size_max: Option<usize>,
    /// Whether the server takes several commands in one piece.
    pipelining: bool,
    /// Messages accepted so far.
    pub n_sent: u32,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("n_sent", &self.n_sent)
            .finish_non_exhaustive()
    }
}

impl Relay {
    /// Prepares the way to a relay.
    ///
    /// # Errors
    /// A message for the operator: unreadable certificates, a host name that cannot be verified.
    pub fn new(settings: &SmtpSettings, limits: Limits) -> Result<Self, String> {
        Ok(Self {
            dialer: Dialer::new(settings)?,
            helo: ClientId::Domain(settings.helo.clone()),
            login: Login::new(settings),
            limits,
        })
    }

    /// Prepares the way to an LMTP server on this machine (RFC 2033).
    #[must_use]
    pub fn lmtp(address: &LmtpListen, helo: &str, limits: Limits) -> Self {
        Self {
            dialer: Dialer::Lmtp(address.clone()),
            helo: ClientId::Domain(helo.to_owned()),
            login: None,
            limits,
        }
    }

    /// Opens a session: connection, encryption, greeting, login.
    ///
    /// # Errors
    /// The outcome for the message that needed it, never [`SendOutcome::Unknown`].
    pub async fn open(&self) -> Result<Session, SendOutcome> {
        let dot = Dot::default();
        let wire = self.dialer.dial(&self.limits, &dot).await?;
        let opening = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &self.helo);
        let mut connection = within(self.limits.command, SmtpPhase::Connect, opening).await?;
        if let Some(login) = &self.login {
            let credentials = login.credentials(self.limits.command).await?;
            let saying = connection.auth(&login.mechanisms, &credentials);
            let reply = within(self.limits.command, SmtpPhase::Auth, saying).await?;
            completed(SmtpPhase::Auth, &reply)?;
        }
        // lettre keeps only the extensions it knows, and SIZE is not among them; asking again is allowed at any time.
        let hello = within(
            self.limits.command,
            SmtpPhase::Connect,
            connection.command(Ehlo::new(self.helo.clone())),
        )
        .await?;
        Ok(Session {
            size_max: size_max(&hello),
            pipelining: hello
                .message()
                .any(|line| line.trim().eq_ignore_ascii_case("PIPELINING")),
            connection,
            dot,
            limits: self.limits,
            n_sent: 0,
        })
    }
}

impl Session {
    /// Sends one message. The session comes back only when it can be used again. `commit` is awaited after 354; when it
    /// is false, nothing of the message is sent.
    pub async fn send(
        mut self,
        envelope: &Envelope,
        message: &Bytes,
        commit: impl Future<Output = bool>,
    ) -> (SendOutcome, Option<Self>) {
        match self.transact(envelope, message, commit).await {
            Ok(reply) => {
                self.n_sent += 1;
                (SendOutcome::Accepted { reply }, Some(self))
            }
            Err(Stop::Close(outcome)) => (outcome, None),
            Err(Stop::Refused(outcome)) => {
                let usable = self.reset(&outcome).await;
                (outcome, usable.then_some(self))
            }
        }
    }

    async fn transact(
        &mut self,
        envelope: &Envelope,
        message: &Bytes,
        commit: impl Future<Output = bool>,
    ) -> Result<String, Stop> {
        let recipient = address(&envelope.to, SmtpPhase::Rcpt)?;
        let sender = match envelope.from.as_str() {
            "" => None,
            from => Some(address(from, SmtpPhase::Mail)?),
        };
        let parameters = self.parameters(envelope, message)?;

        let (mail, rcpt) = (Mail::new(sender, parameters), Rcpt::new(recipient, Vec::new()));
        if self.pipelining {
            self.name_together(&mail, &rcpt).await?;
        } else {
            self.command(SmtpPhase::Mail, mail).await?;
            self.command(SmtpPhase::Rcpt, rcpt).await?;
            let go = within(self.limits.command, SmtpPhase::Data, self.connection.command(Data)).await?;
            if !go.has_code(354) {
                return Err(unexpected(SmtpPhase::Data, &go));
            }
        }
        crash::point("after_354");
        if !commit.await {
            return Err(Stop::Close(SendOutcome::NotSent {
                phase: SmtpPhase::Data,
                error: "withdrawn before the message was sent".to_owned(),
            }));
        }
        crash::point("after_committing");
        self.body(message).await
    }

    /// Sender, recipient and `DATA` in one piece, for a server that takes them so (RFC 2920). All three replies are
    /// read, whatever the first ones say, so that none is credited to another command.
    async fn name_together(&mut self, mail: &Mail, rcpt: &Rcpt) -> Result<(), Stop> {
        let limit = self.limits.command;
        let group = format!("{mail}{rcpt}{Data}");
        let mail = replied(SmtpPhase::Mail, timeout(limit, self.connection.command(group)).await)?;
        let rcpt = replied(SmtpPhase::Rcpt, timeout(limit, self.connection.read_response()).await)
            .map_err(|broken| said_before(&[&mail], broken))?;
        let data = replied(SmtpPhase::Data, timeout(limit, self.connection.read_response()).await)
            .map_err(|broken| said_before(&[&mail, &rcpt], broken))?;
        let refused = match (mail, rcpt, &data) {
            (Err(refused), _, _) | (Ok(_), Err(refused), _) => refused,
            (Ok(mail), Ok(rcpt), _) => {
                completed(SmtpPhase::Mail, &mail)?;
                completed(SmtpPhase::Rcpt, &rcpt)?;
                return match data {
                    Ok(go) if go.has_code(354) => Ok(()),
                    Ok(other) => Err(unexpected(SmtpPhase::Data, &other)),
                    Err(refused) => Err(Stop::Refused(refused)),
                };
            }
        };
        // It waits for a message that has nobody to go to: nothing is said to it any more.
        Err(match data {
            Ok(_) => Stop::Close(refused),
            Err(_) => Stop::Refused(refused),
        })
    }

    /// The message and its final dot: from here on a failure is in doubt once the dot may be out.
    async fn body(&mut self, message: &Bytes) -> Result<String, Stop> {
        // lettre ends every message with CRLF and a dot: our own last line end would be an empty line before it.
        let n_bytes = message.strip_suffix(b"\r\n").map_or(message.len(), <[u8]>::len);
        self.dot.load(message.slice(..n_bytes));
        let nothing_more = std::iter::empty::<&[u8]>();
        let sent = timeout(self.limits.body, self.connection.message_iter(nothing_more)).await;
        let failed = |error: String, dot: &Dot| {
            if dot.is_sent() {
                Stop::Close(SendOutcome::Unknown { error })
            } else {
                Stop::Close(SendOutcome::NotSent {
                    phase: SmtpPhase::Body,
                    error,
                })
            }
        };
        match sent {
            Err(_) => Err(failed("no reply to the message in time".to_owned(), &self.dot)),
            Ok(Err(error)) if error.status().is_some() => Err(match refusal(SmtpPhase::Body, &error) {
                // It did not wait for the final dot, and may answer that one too.
                Stop::Refused(refused) if self.dot.is_late() => Stop::Close(refused),
                refused => refused,
            }),
            Ok(Err(error)) => Err(failed(error.to_string(), &self.dot)),
            Ok(Ok(reply)) if reply.code().severity == Severity::PositiveCompletion => {
                crash::point("after_250");
                Ok(reply_words(&reply))
            }
            Ok(Ok(reply)) => Err(failed(format!("unexpected reply `{}`", reply_words(&reply)), &self.dot)),
        }
    }

    fn parameters(&self, envelope: &Envelope, message: &[u8]) -> Result<Vec<MailParameter>, Stop> {
        let mut parameters = Vec::new();
        if let Some(max) = self.size_max {
            if max > 0 && message.len() > max {
                let reply = format!("5.3.4 the message has {} bytes, the relay takes {max}", message.len());
                return Err(own_refusal(SmtpPhase::Mail, 552, "5.3.4", reply));
            }
            parameters.push(MailParameter::Size(message.len()));
        }
        if !envelope.to.is_ascii() || !envelope.from.is_ascii() {
            if !self.connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let reply = "5.6.7 the relay does not take addresses outside ASCII".to_owned();
                return Err(own_refusal(SmtpPhase::Rcpt, 553, "5.6.7", reply));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        Ok(parameters)
    }

    async fn command(&mut self, phase: SmtpPhase, command: impl std::fmt::Display) -> Result<(), Stop> {
        let reply = within(self.limits.command, phase, self.connection.command(command)).await?;
        completed(phase, &reply)
    }

    /// Makes the connection ready after a refusal; false closes it.
    async fn reset(&mut self, outcome: &SendOutcome) -> bool {
        match outcome {
            SendOutcome::Refused { code: 421, .. } => false,
            SendOutcome::Refused {
                phase: SmtpPhase::Body, ..
            } => true,
            _ => self.command(SmtpPhase::Mail, Rset).await.is_ok(),
        }
    }

    /// Says goodbye; a server that does not answer is left.
    pub async fn quit(mut self) {
        let _ = timeout(QUIT_MAX, self.connection.quit()).await;
    }
}

fn size_max(hello: &Response) -> Option<usize> {
    hello.message().find_map(|line| {
        let (word, size) = line.split_once(' ')?;
        word.eq_ignore_ascii_case("SIZE")
            .then(|| size.trim().parse().ok())
            .flatten()
    })
}
