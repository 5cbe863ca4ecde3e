//! What follows from one attempt to deliver: done, again later, given up, or our own fault. Pure.
//!
//! The reading of a reply is in `mail/reply_code.rs`. Here are the rules on time:
//!
//! - A message is tried again after 5, 15 and 30 minutes, 1, 2 and 4 hours, then every 4 hours, each up to a fifth
//!   earlier or later: the first retry passes the usual greylists (5 minutes), the spread keeps retries of one outage
//!   from coming back as one wave.
//! - It is given up when the next try would come after `give_up` (RFC 5321, 4.5.4.1 asks for 4 to 5 days).
//! - A refusal of the recipient or the body for policy (5.7.x) or for a fault of ours (5.5.x, 5.6.x) can mean this
//!   recipient (a closed group, a name the relay cannot read) or us (a blocked relay). Two in a row with nothing accepted
//!   between them mean us; one alone is tried again, three times. Before a recipient is named, and where the login is
//!   refused, it is us at once.
//! - A message that may have been taken is held for a person, or sent again under the same Message-ID: editions by the
//!   configured policy, everything else always (a confirmation lost is worse than a confirmation twice).

use std::time::Duration;

use crate::config::UncertainPolicy;
use crate::model::{DeliveryKind, SendOutcome, SmtpPhase, Verdict};
use crate::reply_code::{Meaning, meaning};
use crate::time::Timestamp;

const SCHEDULE_SECS: [u64; 6] = [5 * 60, 15 * 60, 30 * 60, 3600, 2 * 3600, 4 * 3600];
/// No wait is longer: the last step and its fifth.
pub(super) const WAIT_MAX: Duration = Duration::from_hours(5);
/// How long the queue rests when the fault is ours; then one message tries it.
pub(super) const PAUSE: Duration = Duration::from_mins(15);
/// Refusals of this kind in a row, nothing accepted between them, that mean us and not the recipient.
const REFUSED_STREAK: u32 = 2;
/// Attempts at a recipient whose server alone refuses us.
const REFUSED_ATTEMPTS_MAX: u32 = 4;

/// What the verdict depends on beside the attempt itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// How long a message is tried.
    pub give_up: Duration,
    /// What to do with an edition in doubt.
    pub on_uncertain: UncertainPolicy,
    /// Refusals that may be our fault in a row over all messages, this one included, with nothing accepted between them.
    pub refused_streak: u32,
    /// Where in the spread this retry falls, 0.0 to 1.0.
    pub jitter: f64,
}

/// What follows. `attempt` is 1 for the first.
#[must_use]
pub fn verdict(
    outcome: &SendOutcome,
    kind: DeliveryKind,
    attempt: u32,
    queued_at: Timestamp,
    now: Timestamp,
    policy: &Policy,
) -> Verdict {
    let again = || {
        let at = now.plus(retry_after(attempt, policy.jitter));
        if at.since(queued_at) > policy.give_up {
            Verdict::GiveUp
        } else {
            Verdict::RetryAt(at)
        }
    };
    let pause = || {
        if now.since(queued_at) > policy.give_up {
            Verdict::GiveUp
        } else {
            Verdict::PauseUntil(now.plus(PAUSE))
        }
    };
    match outcome {
        SendOutcome::Accepted { .. } => Verdict::Sent,
        SendOutcome::Unknown { .. } if kind == DeliveryKind::Digest && policy.on_uncertain == UncertainPolicy::Hold => {
            Verdict::Uncertain
        }
        SendOutcome::NotSent { .. } | SendOutcome::Unknown { .. } => again(),
        SendOutcome::Refused {
            phase,
            code,
            enhanced,
            reply,
        } => match meaning(*phase, *code, enhanced, reply) {
            Meaning::NoSuchRecipient => Verdict::Suppress,
            Meaning::RecipientRefuses => Verdict::GiveUp,
            Meaning::OurFault if is_surely_ours(*phase, *code) => pause(),
            Meaning::OurFault | Meaning::Policy if policy.refused_streak >= REFUSED_STREAK => pause(),
            Meaning::OurFault | Meaning::Policy if attempt >= REFUSED_ATTEMPTS_MAX => Verdict::GiveUp,
            Meaning::Later | Meaning::OurFault | Meaning::Policy => again(),
        },
    }
}

/// Said before a recipient was named, or of the login.
fn is_surely_ours(phase: SmtpPhase, code: u16) -> bool {
    phase <= SmtpPhase::Mail || matches!(code, 530 | 534 | 535 | 538)
}

/// Whether this outcome counts in [`Policy::refused_streak`].
#[must_use]
pub fn may_be_ours(outcome: &SendOutcome) -> bool {
    matches!(outcome, SendOutcome::Refused { phase, code, enhanced, reply }
        if matches!(meaning(*phase, *code, enhanced, reply), Meaning::Policy | Meaning::OurFault))
}

/// Who should be left alone for a while, beside the message itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackOff {
    /// The relay, with everything that goes through it.
    Relay,
    /// The recipient's domain.
    Domain,
}

/// Reads from an outcome whether its destination asks to slow down: 421 and trouble before the recipient is named
/// mean the relay; rate replies to the recipient or the body (4.7.x, 4.2.1) mean the recipient's domain. A greylist
/// means this recipient only, whatever code it uses.
#[must_use]
pub fn back_off(outcome: &SendOutcome) -> Option<BackOff> {
    match outcome {
        SendOutcome::Accepted { .. } | SendOutcome::Unknown { .. } => None,
        SendOutcome::NotSent { phase, .. } => (*phase <= SmtpPhase::Auth).then_some(BackOff::Relay),
        SendOutcome::Refused {
            phase,
            code,
            enhanced,
            reply,
        } => {
            let lower = reply.to_ascii_lowercase();
            if *code == 421 || (*phase <= SmtpPhase::Mail && (400..500).contains(code)) {
                Some(BackOff::Relay)
            } else if lower.contains("greylist") || lower.contains("graylist") {
                None
            } else if enhanced.starts_with("4.7.") || enhanced == "4.2.1" {
                Some(BackOff::Domain)
            } else {
                None
            }
        }
    }
}

/// The wait before the next attempt.
fn retry_after(attempt: u32, jitter: f64) -> Duration {
    let step = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
    let base = SCHEDULE_SECS
        .get(step)
        .or(SCHEDULE_SECS.last())
        .copied()
        .unwrap_or_default();
    Duration::from_secs(base).mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn policy() -> Policy {
        Policy {
            give_up: HOUR * 96,
            on_uncertain: UncertainPolicy::Hold,
            refused_streak: 0,
            jitter: 0.5,
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_unix(1_800_000_000)
    }

    fn refused(phase: SmtpPhase, code: u16, enhanced: &str, reply: &str) -> SendOutcome {
        SendOutcome::Refused {
            phase,
            code,
            enhanced: enhanced.into(),
            reply: reply.into(),
        }
    }

    fn no_connection() -> SendOutcome {
        SendOutcome::NotSent {
            phase: SmtpPhase::Connect,
            error: "connection refused".into(),
        }
    }

    fn in_doubt() -> SendOutcome {
        SendOutcome::Unknown { error: "reset".into() }
    }

    fn decide(outcome: &SendOutcome, attempt: u32, policy: &Policy) -> Verdict {
        verdict(outcome, DeliveryKind::Digest, attempt, now(), now(), policy)
    }

    #[test]
    fn waits_grow_to_four_hours() {
        #[track_caller]
        fn check(attempt: u32, minutes: u64) {
            let expected = Verdict::RetryAt(now().plus(Duration::from_secs(minutes * 60)));
            assert_eq!(decide(&no_connection(), attempt, &policy()), expected);
        }
        for (attempt, minutes) in [
            (1, 5),
            (2, 15),
            (3, 30),
            (4, 60),
            (5, 120),
            (6, 240),
            (7, 240),
            (u32::MAX, 240),
        ] {
            check(attempt, minutes);
        }
    }

    #[test]
    fn the_spread_is_a_fifth() {
        assert_eq!(retry_after(1, 0.0), Duration::from_mins(4));
        assert_eq!(retry_after(1, 1.0), Duration::from_mins(6));
        assert_eq!(retry_after(1, f64::INFINITY), Duration::from_mins(6));
    }

    #[test]
    fn it_is_given_up_after_four_days() {
        let queued_at = now().minus(HOUR * 95);
        let late = verdict(&no_connection(), DeliveryKind::Confirm, 20, queued_at, now(), &policy());
        assert_eq!(late, Verdict::GiveUp);
        let queued_at = now().minus(HOUR * 91);
        let early = verdict(&no_connection(), DeliveryKind::Confirm, 20, queued_at, now(), &policy());
        assert!(matches!(early, Verdict::RetryAt(_)));
    }

    #[test]
    fn doubt_holds_an_edition_and_repeats_an_answer() {
        assert_eq!(decide(&in_doubt(), 1, &policy()), Verdict::Uncertain);
        let reply = verdict(&in_doubt(), DeliveryKind::Confirm, 1, now(), now(), &policy());
        assert!(matches!(reply, Verdict::RetryAt(_)));
        let resend = Policy {
            on_uncertain: UncertainPolicy::Resend,
            ..policy()
        };
        assert!(matches!(decide(&in_doubt(), 1, &resend), Verdict::RetryAt(_)));
    }

    #[test]
    fn one_recipient_refused_alone_is_the_recipients_matter() {
        let alone = Policy {
            refused_streak: 1,
            ..policy()
        };
        let in_a_row = Policy {
            refused_streak: 2,
            ..policy()
        };
        for one in [
            refused(SmtpPhase::Rcpt, 550, "5.7.1", "Not allowed to send to this group"),
            refused(
                SmtpPhase::Rcpt,
                504,
                "5.5.2",
                "<anna@intranet>: need fully-qualified address",
            ),
            refused(SmtpPhase::Body, 554, "5.6.0", "message content rejected"),
        ] {
            assert!(matches!(decide(&one, 1, &alone), Verdict::RetryAt(_)), "{one:?}");
            assert_eq!(decide(&one, 4, &alone), Verdict::GiveUp);
            assert!(matches!(decide(&one, 1, &in_a_row), Verdict::PauseUntil(_)));
            assert!(may_be_ours(&one));
        }
        assert!(!may_be_ours(&no_connection()));
        assert!(!may_be_ours(&refused(SmtpPhase::Rcpt, 550, "5.1.1", "no such user")));
        // Whoever is named, these are about us.
        for ours in [
            refused(SmtpPhase::Mail, 550, "5.7.1", "sender refused"),
            refused(SmtpPhase::Rcpt, 530, "5.7.0", "authentication required"),
        ] {
            assert!(matches!(decide(&ours, 1, &alone), Verdict::PauseUntil(_)), "{ours:?}");
        }
    }

    #[test]
    fn who_is_left_alone() {
        #[track_caller]
        fn check(outcome: &SendOutcome, expected: Option<BackOff>) {
            assert_eq!(back_off(outcome), expected, "{outcome:?}");
        }
        use SmtpPhase::{Body, Connect, Mail, Rcpt};
        check(&no_connection(), Some(BackOff::Relay));
        check(&in_doubt(), None);
        check(&refused(Connect, 421, "4.3.2", "shutting down"), Some(BackOff::Relay));
        check(&refused(Mail, 451, "4.7.1", "slow down"), Some(BackOff::Relay));
        check(
            &refused(Body, 421, "4.7.28", "unusual rate of mail"),
            Some(BackOff::Relay),
        );
        check(
            &refused(Rcpt, 450, "4.2.1", "receiving mail too quickly"),
            Some(BackOff::Domain),
        );
        check(&refused(Body, 451, "4.7.650", "IP rate limited"), Some(BackOff::Domain));
        check(&refused(Rcpt, 451, "4.7.1", "Greylisting in action, try again"), None);
        check(&refused(Rcpt, 452, "4.2.2", "mailbox full"), None);
        check(&refused(Rcpt, 550, "5.1.1", "no such user"), None);
    }
}
