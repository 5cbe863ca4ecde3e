//! What an SMTP refusal means, from its phase, its code, its RFC 3463 code and its words. Pure.
//!
//! The enhanced code decides where there is one, the three digits otherwise. Both are misused often enough that words
//! decide in a few places:
//!
//! - Large mailbox hosts refuse unknown users with 5.4.1, 5.5.0 or no enhanced code at all ("mailbox unavailable",
//!   "This user doesn't have a ... account").
//! - Filters refuse blocked senders with a bare 550 or 554 and name a block list.
//!
//! What is refused before a recipient is named (greeting, login, sender) never counts against a recipient.

use crate::model::SmtpPhase;

/// What a refusal means for the message, its recipient and us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Not now.
    Later,
    /// The recipient does not exist, or no longer.
    NoSuchRecipient,
    /// This message to this recipient will not be taken; the recipient is fine (full mailbox, too large).
    RecipientRefuses,
    /// Ours, whatever the recipient: login, sender address, protocol.
    OurFault,
    /// Refused for policy: the recipient's matter when it is the only one, ours when it happens to others too.
    Policy,
}

/// Words that say the recipient does not exist.
const UNKNOWN_USER: [&str; 26] = [
    "user unknown",
    "unknown user",
    "unknown recipient",
    "recipient unknown",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "no mailbox here",
    "mailbox not found",
    "mailbox unavailable",
    "mailbox does not exist",
    "invalid mailbox",
    "invalid recipient",
    "user does not exist",
    "address does not exist",
    "recipient not found",
    "user not found",
    "doesn't have a",
    "account has been disabled",
    "account is disabled",
    "account inactive",
    "mailbox is disabled",
    "not listed in domino directory",
    "is not a valid mailbox",
    "unrouteable address",
    "address rejected: access denied",
];

/// Words that say the sender or the content is unwanted.
const POLICY: [&str; 15] = [
    "spam",
    "block list",
    "blocklist",
    "blacklist",
    "blocked",
    // T-Online names no reason, only whom to ask.
    "contact tosa@",
    "reputation",
    "spamhaus",
    "dnsbl",
    "policy",
    "dmarc",
    "spf",
    "dkim",
    "relay",
    "authenticat",
];

/// Reads a refusal (a 4yz or 5yz reply). `enhanced` is empty when there is none.
#[must_use]
pub fn meaning(phase: SmtpPhase, code: u16, enhanced: &str, words: &str) -> Meaning {
    if code < 500 {
        return Meaning::Later;
    }
    let words = words.to_lowercase();
    let says = |list: &[&str]| list.iter().any(|phrase| words.contains(phrase));
    // 5.6.7 to 5.6.9 are about addresses outside ASCII (RFC 6531).
    if too_large(code, enhanced, &words) || matches!(enhanced, "5.6.7" | "5.6.8" | "5.6.9") {
        return Meaning::RecipientRefuses;
    }
    if phase <= SmtpPhase::Mail || matches!(code, 530 | 534 | 535 | 538) {
        return Meaning::OurFault;
    }
    let by_words = || {
        if says(&UNKNOWN_USER) {
            Meaning::NoSuchRecipient
        } else if says(&POLICY) {
            Meaning::Policy
        } else {
            Meaning::RecipientRefuses
        }
    };
    let mut parts = enhanced.splitn(3, '.').skip(1);
    match (parts.next(), parts.next()) {
        (Some("1"), Some("1" | "2" | "3" | "6" | "10")) | (Some("2"), Some("1")) => Meaning::NoSuchRecipient,
        // 5.1.7 and 5.1.8 are the sender's address, 5.1.9 a null MX of the sender.
        (Some("1"), Some("7" | "8" | "9")) | (Some("6"), _) => Meaning::OurFault,
        (Some("5"), detail) => match by_words() {
            Meaning::RecipientRefuses if detail != Some("0") => Meaning::OurFault,
            read => read,
        },
        // Some hosts answer for unknown users with a policy code; the words are plain then.
        (Some("7"), _)
            if says(&[
                "user unknown",
                "no such user",
                "recipient not found",
                "unknown recipient",
            ]) =>
        {
            Meaning::NoSuchRecipient
        }
        (Some("7"), _) => Meaning::Policy,
        (Some("2" | "3"), Some("1" | "2" | "3" | "4")) => Meaning::RecipientRefuses,
        (Some(_), Some(_)) => by_words(),
        _ => match code {
            500..=504 => Meaning::OurFault,
            // RFC 7504: the domain takes no mail.
            521 | 556 => Meaning::NoSuchRecipient,
            552 => Meaning::RecipientRefuses,
            _ => by_words(),
        },
    }
}

/// RFC 1870: 552 to `MAIL` (the size is announced there), or 5.3.4 and 5.2.3 anywhere.
fn too_large(code: u16, enhanced: &str, words: &str) -> bool {
    matches!(enhanced, "5.3.4" | "5.2.3")
        || (code == 552 && enhanced.is_empty() && (words.contains("size") || words.contains("too large")))
}

/// The RFC 3463 code at the start of a reply's words: `5.1.1 No such user` has `5.1.1`. It must agree with the class of
/// the three-digit code; empty when there is none.
#[must_use]
pub fn enhanced_code(code: u16, words: &str) -> &str {
    let Some(first) = words.split([' ', '\t', '\r', '\n', ',', ':']).next() else {
        return "";
    };
    let first = first.trim_start_matches('#');
    let mut parts = first.split('.');
    let (Some(class), Some(subject), Some(detail), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return "";
    };
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if class == (code / 100).to_string() && number(subject) && number(detail) {
        first
    } else {
        ""
    }
}

#[cfg(test)]
mod tests;
