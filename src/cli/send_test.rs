//! `courant send-test ADDRESS`: one message over the configured way out, and what came of it.

use std::path::Path;

use super::{Exit, load_config, runtime, transport_words};
use crate::clock::{Clock, Random, SystemClock, SystemRandom};
use crate::mail;
use crate::model::{SendOutcome, SmtpPhase};

/// Send one test message and say what the relay answered
///
/// It goes out at once, beside the outbox and its rates. Exits with 1 when it was not accepted.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to
    address: String,
}

/// Sends and prints.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    println!("Way out: {}", transport_words(&config.mail.transport));
    let mut random = [0; 8];
    SystemRandom.fill(&mut random);
    let now = SystemClock.now();
    let outcome = runtime()?.block_on(mail::send_test(&config, &args.address, now, u64::from_le_bytes(random)))?;
    let (words, remedy) = describe(&outcome);
    println!("{words}");
    if let Some(remedy) = remedy {
        println!("{remedy}");
    }
    Ok(match outcome {
        SendOutcome::Accepted { .. } => Exit::Done,
        _ => Exit::Failed,
    })
}

fn describe(outcome: &SendOutcome) -> (String, Option<&'static str>) {
    match outcome {
        SendOutcome::Accepted { reply } => (
            format!("Accepted: {reply}"),
            Some("Accepted is not yet delivered: see whether it arrives, and not among the spam."),
        ),
        SendOutcome::Refused { phase, code, reply, .. } => (
            format!("Refused ({}): {code} {reply}", phase.word()),
            match phase {
                SmtpPhase::Connect => Some("The relay does not want this machine: is it the right host and port?"),
                SmtpPhase::Auth => Some("Check `username` and the password below [mail.smtp]."),
                SmtpPhase::Mail => Some("The relay does not let this login send as this sender: check `[mail] from`."),
                SmtpPhase::Rcpt | SmtpPhase::Data | SmtpPhase::Body => None,
            },
        ),
        SendOutcome::NotSent { phase, error } => (
            format!("Not sent ({}): {error}", phase.word()),
            (*phase == SmtpPhase::Connect).then_some("Check `host`, `port` and `tls` below [mail.smtp]."),
        ),
        SendOutcome::Unknown { error } => (
            format!("In doubt: {error}"),
            Some("The whole message was sent and no clear answer came: it may arrive or not."),
        ),
    }
}
