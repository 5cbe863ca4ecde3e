//! From a host name to an encrypted stream on which IMAP can begin.
//!
//! As with sending, STARTTLS is spoken before anything else and nothing may follow its answer: what arrived before
//! encryption could be anybody's (the "STARTTLS injection" of 2021, CVE-2021-33515 and its kin).

use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::connection::{Connection, Failure};
use crate::config::{ImapSettings, SmtpTls};
use crate::connect::connect;
use crate::tls;

/// What the connection runs over.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects, encrypts, and reads the greeting. Without encryption only to this machine.
///
/// # Errors
/// When the server cannot be reached, is not proven to be the right one, or does not greet.
pub async fn dial(settings: &ImapSettings) -> Result<Connection, Failure> {
    let limit = settings.timeout;
    let stream = connect(&settings.host, settings.port, limit)
        .await
        .map_err(|e| Failure::Broken(format!("unable to connect to {}:{}: {e}", settings.host, settings.port)))?;
    match settings.tls {
        SmtpTls::None => {
            let is_here = stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
            if !is_here {
                return Err(Failure::Broken(
                    "refusing to log in without encryption on another machine; set tls = \"implicit\"".to_owned(),
                ));
            }
            let mut connection = Connection::new(Box::new(stream), limit);
            connection.greeting().await?;
            Ok(connection)
        }
        SmtpTls::Implicit => {
            let mut connection = Connection::new(Box::new(encrypt(settings, Box::new(stream)).await?), limit);
            connection.greeting().await?;
            Ok(connection)
        }
        SmtpTls::StartTls => {
            let mut plain = Connection::new(Box::new(stream), limit);
            plain.greeting().await?;
            plain.command("STARTTLS").await?;
            let stream = plain.into_stream()?;
            Ok(Connection::new(Box::new(encrypt(settings, stream).await?), limit))
        }
    }
}

async fn encrypt(
    settings: &ImapSettings,
    stream: Box<dyn Stream>,
) -> Result<tokio_rustls::client::TlsStream<Box<dyn Stream>>, Failure> {
    let name = ServerName::try_from(settings.host.clone()).map_err(|_| {
        Failure::Broken(format!(
            "`{}` is no host name a certificate could be for",
            settings.host
        ))
    })?;
    let config = tls::client_config(settings.ca_file.as_deref()).map_err(Failure::Broken)?;
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
    tokio::time::timeout(settings.timeout, handshake)
        .await
        .map_err(|_| Failure::Silent)?
        .map_err(|e| Failure::Broken(format!("TLS: {e}")))
}
