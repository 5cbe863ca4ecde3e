//! How a transaction ends before its message is taken: by a refusal, or by what closes the connection.

use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error as LettreError;
use lettre::transport::smtp::response::{Response, Severity};
use tokio::time::timeout;

use crate::model::{SendOutcome, SmtpPhase};
use crate::reply_code::enhanced_code;

/// Longest reply kept, in characters.
const REPLY_CHARS_MAX: usize = 500;

/// Why a transaction ended without acceptance.
pub(super) enum Stop {
    /// By a reply; the connection may be fit for the next message.
    Refused(SendOutcome),
    /// The connection is to be closed.
    Close(SendOutcome),
}

impl From<Stop> for SendOutcome {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused(outcome) | Stop::Close(outcome) => outcome,
        }
    }
}

/// Waits for a reply before the message itself, at most so long.
pub(super) async fn within<T>(
    limit: Duration,
    phase: SmtpPhase,
    work: impl Future<Output = Result<T, LettreError>>,
) -> Result<T, Stop> {
    match timeout(limit, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if error.status().is_some() => Err(refusal(phase, &error)),
        Ok(Err(error)) => Err(Stop::Close(SendOutcome::NotSent {
            phase,
            error: capped(&error.to_string()),
        })),
        Err(_) => Err(Stop::Close(SendOutcome::NotSent {
            phase,
            error: "no reply in time".to_owned(),
        })),
    }
}

/// One of several replies: the inner error is a refusal, the outer one ends the connection.
pub(super) fn replied(
    phase: SmtpPhase,
    waited: Result<Result<Response, LettreError>, tokio::time::error::Elapsed>,
) -> Result<Result<Response, SendOutcome>, Stop> {
    let not_sent = |error: String| Err(Stop::Close(SendOutcome::NotSent { phase, error }));
    match waited {
        Ok(Ok(reply)) => Ok(Ok(reply)),
        Ok(Err(error)) if error.status().is_some() => Ok(Err(refusal(phase, &error).into())),
        Ok(Err(error)) => not_sent(capped(&error.to_string())),
        Err(_) => not_sent("no reply in time".to_owned()),
    }
}

/// What ends a connection that broke among several replies: a refusal that came before it (421 and the end) says why.
pub(super) fn said_before(replies: &[&Result<Response, SendOutcome>], broken: Stop) -> Stop {
    let refused = replies.iter().find_map(|reply| reply.as_ref().err());
    refused.map_or(broken, |refused| Stop::Close(refused.clone()))
}

/// A 4yz or 5yz reply.
pub(super) fn refusal(phase: SmtpPhase, error: &LettreError) -> Stop {
    let code = error.status().map_or(0, u16::from);
    let words = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
    Stop::Refused(SendOutcome::Refused {
        phase,
        code,
        enhanced: enhanced_code(code, &words).to_owned(),
        reply: capped(&words),
    })
}

/// A refusal we foresee and do not ask the server for.
pub(super) fn own_refusal(phase: SmtpPhase, code: u16, enhanced: &str, reply: String) -> Stop {
    Stop::Refused(SendOutcome::Refused {
        phase,
        code,
        enhanced: enhanced.to_owned(),
        reply,
    })
}

/// Only 2yz ends a command well: lettre takes 3yz for success too.
pub(super) fn completed(phase: SmtpPhase, reply: &Response) -> Result<(), Stop> {
    if reply.code().severity == Severity::PositiveCompletion {
        Ok(())
    } else {
        Err(unexpected(phase, reply))
    }
}

pub(super) fn unexpected(phase: SmtpPhase, reply: &Response) -> Stop {
    Stop::Close(SendOutcome::NotSent {
        phase,
        error: format!("unexpected reply `{}`", reply_words(reply)),
    })
}

pub(super) fn address(text: &str, phase: SmtpPhase) -> Result<Address, Stop> {
    text.parse()
        .map_err(|_| own_refusal(phase, 501, "5.1.3", "5.1.3 this is no address".to_owned()))
}

pub(super) fn reply_words(reply: &Response) -> String {
    let lines: Vec<&str> = reply.message().collect();
    capped(&format!("{} {}", reply.code(), lines.join(" ")))
}

pub(super) fn capped(text: &str) -> String {
    text.chars().take(REPLY_CHARS_MAX).collect()
}
