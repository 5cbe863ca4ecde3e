//! From a host name to a stream on which lettre can begin: connected, encrypted as configured, the other side verified.
//!
//! STARTTLS is spoken here and not by lettre: lettre keeps plaintext that arrived before encryption and reads it as the
//! first encrypted reply, so whoever sits on the line could answer for the server. Here the buffer must be empty when
//! encryption begins; anything in it ends the connection before a login or a sender is said.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Limits;
use super::wire::{Dot, Wire};
use crate::config::{LmtpListen, SmtpSettings, SmtpTls};
use crate::connect::connect;
use crate::model::{SendOutcome, SmtpPhase};
use crate::reply_code::enhanced_code;
use crate::tls;

/// Most bytes of a reply before encryption.
const PLAIN_REPLY_MAX: usize = 8 * 1024;

/// Knows how to reach one relay.
pub(super) enum Dialer {
    /// Over TCP.
    Relay(Box<Host>),
    /// An LMTP server on this machine, not encrypted.
    Lmtp(LmtpListen),
}

/// A relay by name.
pub(super) struct Host {
    name: String,
    port: u16,
    helo: String,
    security: Security,
}

enum Security {
    Plain,
    Implicit(TlsConnector, ServerName<'static>),
    StartTls(TlsConnector, ServerName<'static>),
}

impl Dialer {
    /// Reads the certificates. The error is for the operator.
    pub(super) fn new(settings: &SmtpSettings) -> Result<Self, String> {
        let security = match settings.tls {
            SmtpTls::None => Security::Plain,
            SmtpTls::Implicit | SmtpTls::StartTls => {
                let name = ServerName::try_from(settings.host.clone())
                    .map_err(|_| format!("`{}` is no host name a certificate could be for", settings.host))?;
                let connector = TlsConnector::from(Arc::new(tls::client_config(settings.ca_file.as_deref())?));
                match settings.tls {
                    SmtpTls::StartTls => Security::StartTls(connector, name),
                    _ => Security::Implicit(connector, name),
                }
            }
        };
        Ok(Self::Relay(Box::new(Host {
            name: settings.host.clone(),
            port: settings.port,
            helo: settings.helo.clone(),
            security,
        })))
    }

    /// Connects.
    pub(super) async fn dial(&self, limits: &Limits, dot: &Dot) -> Result<Wire, SendOutcome> {
        let address = match self {
            Self::Relay(host) => return host.dial(limits, dot).await,
            Self::Lmtp(address) => address,
        };
        let failed = |e: io::Error| not_sent(&format!("unable to connect to {address}: {e}"));
        let in_time = |_| not_sent("no connection in time");
        match address {
            LmtpListen::Tcp(address) => {
                let stream = timeout(limits.connect, TcpStream::connect(address)).await;
                let stream = stream.map_err(in_time)?.map_err(failed)?;
                stream.set_nodelay(true).map_err(failed)?;
                Ok(Wire::lmtp(Box::new(stream), *address, dot.clone()))
            }
            LmtpListen::Unix(path) => {
                let stream = timeout(limits.connect, UnixStream::connect(path)).await;
                let stream = stream.map_err(in_time)?.map_err(failed)?;
                let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                Ok(Wire::lmtp(Box::new(stream), nowhere, dot.clone()))
            }
        }
    }
}

impl Host {
    /// Connects. Without encryption only to this machine.
    async fn dial(&self, limits: &Limits, dot: &Dot) -> Result<Wire, SendOutcome> {
        let failed = |e: io::Error| not_sent(&format!("unable to connect to {}:{}: {e}", self.name, self.port));
        let stream = connect(&self.name, self.port, limits.connect).await.map_err(failed)?;
        let peer = stream.peer_addr().map_err(failed)?;
        match &self.security {
            Security::Plain if !peer.ip().is_loopback() => Err(not_sent(
                "refusing to speak without encryption to another machine; set tls = \"implicit\" or \"starttls\"",
            )),
            Security::Plain => Ok(Wire::new(Box::new(stream), peer, dot.clone())),
            Security::Implicit(connector, name) => {
                let stream = encrypt(connector, name, stream, limits).await?;
                Ok(Wire::new(Box::new(stream), peer, dot.clone()))
            }
            Security::StartTls(connector, name) => {
                let stream = self.ask_for_encryption(stream, limits).await?;
                let stream = encrypt(connector, name, stream, limits).await?;
                Ok(Wire::greeted(Box::new(stream), peer, dot.clone()))
            }
        }
    }

    /// The dialogue before encryption, up to the 220 after `STARTTLS`.
    async fn ask_for_encryption(&self, mut stream: TcpStream, limits: &Limits) -> Result<TcpStream, SendOutcome> {
        plain_reply(&mut stream, limits, 220).await?;
        plain_command(&mut stream, limits, &format!("EHLO {}\r\n", self.helo)).await?;
        let offered = plain_reply(&mut stream, limits, 250).await?;
        let has_tls = offered.lines().any(|line| {
            line.get(4..)
                .is_some_and(|word| word.trim().eq_ignore_ascii_case("STARTTLS"))
        });
        if !has_tls {
            return Err(not_sent("the server does not offer STARTTLS; nothing was said to it"));
        }
        plain_command(&mut stream, limits, "STARTTLS\r\n").await?;
        plain_reply(&mut stream, limits, 220).await?;
        Ok(stream)
    }
}

async fn encrypt(
    connector: &TlsConnector,
    name: &ServerName<'static>,
    stream: TcpStream,
    limits: &Limits,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, SendOutcome> {
    timeout(limits.connect, connector.connect(name.clone(), stream))
        .await
        .map_err(|_| not_sent("no TLS handshake in time"))?
        .map_err(|e| not_sent(&format!("TLS: {e}")))
}

async fn plain_command(stream: &mut TcpStream, limits: &Limits, command: &str) -> Result<(), SendOutcome> {
    timeout(limits.command, stream.write_all(command.as_bytes()))
        .await
        .map_err(|_| not_sent("no progress in time"))?
        .map_err(|e| not_sent(&e.to_string()))
}

/// One reply with this code, and not a byte more.
async fn plain_reply(stream: &mut TcpStream, limits: &Limits, expected: u16) -> Result<String, SendOutcome> {
    let mut seen = Vec::new();
    let text = loop {
        let mut piece = [0; 1024];
        let n = timeout(limits.command, stream.read(&mut piece))
            .await
            .map_err(|_| not_sent("no reply in time"))?
            .map_err(|e| not_sent(&e.to_string()))?;
        seen.extend_from_slice(piece.get(..n).unwrap_or_default());
        if n == 0 || seen.len() > PLAIN_REPLY_MAX {
            return Err(not_sent("the server broke off"));
        }
        let text = String::from_utf8_lossy(&seen).into_owned();
        match last_line_end(&text) {
            Some(end) if end == text.len() => break text,
            Some(_) => return Err(not_sent("the server spoke out of turn before encryption")),
            None => {}
        }
    };
    let code: u16 = text.get(..3).and_then(|c| c.parse().ok()).unwrap_or(0);
    if code == expected {
        Ok(text)
    } else if (400..600).contains(&code) {
        let words = text.get(4..).unwrap_or_default().trim().to_owned();
        Err(SendOutcome::Refused {
            phase: SmtpPhase::Connect,
            code,
            enhanced: enhanced_code(code, &words).to_owned(),
            reply: words,
        })
    } else {
        Err(not_sent(&format!("unexpected reply `{}`", text.trim())))
    }
}

/// Where the reply's last line ends, if it is there.
fn last_line_end(text: &str) -> Option<usize> {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if line.ends_with('\n') && line.as_bytes().get(3) != Some(&b'-') {
            return Some(end);
        }
    }
    None
}

fn not_sent(error: &str) -> SendOutcome {
    SendOutcome::NotSent {
        phase: SmtpPhase::Connect,
        error: error.to_owned(),
    }
}
