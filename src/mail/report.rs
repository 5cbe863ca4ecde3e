//! What the log and the metrics are told of an attempt.

use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::model::{Delivery, SendOutcome, Verdict};

/// One line for each attempt that ended, without the address.
pub(super) fn report(delivery: &Delivery, outcome: &SendOutcome, verdict: &Verdict, begun: Instant) {
    let word = match verdict {
        Verdict::Sent => "sent",
        Verdict::RetryAt(_) => "retry",
        Verdict::GiveUp => "failed",
        Verdict::Suppress => "suppressed",
        Verdict::PauseUntil(_) => "paused",
        Verdict::Uncertain => "uncertain",
    };
    let kind = delivery.kind.word();
    let took = begun.elapsed();
    metrics::counter!("courant_deliveries_total", "kind" => kind, "outcome" => word).increment(1);
    metrics::histogram!("courant_smtp_seconds").record(took.as_secs_f64());
    let (code, reply) = match outcome {
        SendOutcome::Accepted { reply } => (0, reply),
        SendOutcome::Refused { code, reply, .. } => (*code, reply),
        SendOutcome::NotSent { error, .. } | SendOutcome::Unknown { error } => (0, error),
    };
    // Servers repeat the recipient in their replies; addresses stay out of the log.
    let reply = without_addresses(reply);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let id = delivery.id.get();
    let attempt = delivery.attempt;
    match verdict {
        Verdict::Sent => {
            info!(
                delivery.id = id,
                delivery.kind = kind,
                attempt,
                outcome = word,
                duration_ms = ms,
                "Sent"
            );
        }
        Verdict::PauseUntil(until) => {
            error!(
                delivery.id = id,
                delivery.kind = kind,
                attempt,
                outcome = word,
                smtp.code = code,
                reason = reply,
                "The relay refuses us: sending rests until {until}"
            );
        }
        Verdict::Uncertain => {
            error!(
                delivery.id = id,
                delivery.kind = kind,
                attempt,
                outcome = word,
                reason = reply,
                "A message may or may not have been taken; see `courant outbox list --uncertain`"
            );
        }
        _ => {
            warn!(
                delivery.id = id,
                delivery.kind = kind,
                attempt,
                outcome = word,
                smtp.code = code,
                reason = reply,
                duration_ms = ms,
                "Not sent"
            );
        }
    }
}

fn without_addresses(text: &str) -> String {
    text.split(' ')
        .map(|word| if word.contains('@') { "<address>" } else { word })
        .collect::<Vec<_>>()
        .join(" ")
}
