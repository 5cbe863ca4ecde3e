//! A report about a mail of ours: what it says, and by which marks of ours it can be told which mail is meant. Pure.
//!
//! - RFC 3464 reports name recipient, action and status in a part of their own; that part decides, and what the
//!   server of the recipient said (`Diagnostic-Code`) where the status is as vague as 5.0.0.
//! - Abuse reports (RFC 5965) count when a person pressed "spam"; "not spam" and failed signatures are no complaint.
//! - Many MTAs write a letter instead (qmail, older Exim and Exchange, Lotus, phone gateways). It is read up to where
//!   the returned mail begins: the line with a code in it, or the words for "no such user", "full", "later".
//! - A vacation mail that comes to a return path says nothing about the address.
//! - Anybody can write a report. It counts only with a mark that nobody else can make: the return path of the one
//!   delivery, or the leaving link of the one subscription, found anywhere in it. Both are checked by who has the key.

use mail_parser::{Message, MimeHeaders as _};

use super::{subject, text};
use crate::model::SmtpPhase;
use crate::reply_code::{Meaning, enhanced_code, meaning};

/// Most marks kept.
const MARKS_MAX: usize = 8;
/// Most bytes of each part that are looked through.
const PART_BYTES_MAX: usize = 64 * 1024;
/// Longest reason kept, in characters.
const WORDS_CHARS_MAX: usize = 200;
/// Longest code kept: `5.123.123`.
const STATUS_CHARS_MAX: usize = 9;
/// Characters of a leave token.
const LEAVE_CHARS: usize = 39;
/// No return path is shorter.
const WORD_BYTES_MIN: usize = 20;

/// What a report says of the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// There is no such address.
    Hard,
    /// This mail was not taken: full mailbox, days of silence, a fault over there.
    Soft,
    /// Refused for what we are or sent; says nothing of the recipient.
    Policy,
    /// The recipient called it spam.
    Complaint,
    /// Nothing final: delayed, delivered, read, a vacation.
    Nothing,
}

impl ReportKind {
    /// Its name in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
            Self::Policy => "policy",
            Self::Complaint => "complaint",
            Self::Nothing => "nothing",
        }
    }
}

/// A report, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What it says.
    pub kind: ReportKind,
    /// RFC 3463 code, possibly empty.
    pub status: String,
    /// Why, in the words of a server, possibly empty.
    pub words: String,
    /// What looks like a return path of ours (`bounces+…@…`), not checked.
    pub return_paths: Vec<String>,
    /// What looks like a leave token, not checked.
    pub leave_tokens: Vec<String>,
}

/// Signs in a subject that a mail tells of a mail that did not arrive.
const SUBJECTS: [&str; 22] = [
    "undeliver",
    "undelivered",
    "delivery status",
    "delivery failure",
    "delivery failed",
    "delivery has failed",
    "delivery problem",
    "delivery notification",
    "failure notice",
    "failure delivery",
    "returned mail",
    "returned to sender",
    "mail delivery",
    "message not delivered",
    "nondeliverable",
    "warning: message",
    "unzustellbar",
    "nicht zugestellt",
    "non remis",
    "non distribu",
    "no se puede entregar",
    "non recapitabile",
];

/// Where the mail that came back begins.
const RETURNED: [&str; 12] = [
    "--- below this line is a copy of the message",
    "------ this is a copy of",
    "--- the header of the original message",
    "----- original message",
    "-----original message",
    "----- message header follows",
    "--- undelivered message follows",
    "original message headers",
    "message headers follow",
    "--- returned message",
    "this is a copy of the headers",
    "returned message follows",
];

/// Words without which a letter is about something else.
const FAILED: [&str; 16] = [
    "undeliver",
    "not be delivered",
    "not delivered",
    "unable to deliver",
    "couldn't be delivered",
    "could not deliver",
    "couldn't deliver",
    "delivery failed",
    "delivery has failed",
    "failed to deliver",
    "permanent",
    "returned to sender",
    "quota",
    "mailbox is full",
    "mailbox full",
    "zugestellt werden",
];

const LATER: [&str; 10] = [
    "delayed",
    "still being retried",
    "will be retried",
    "will keep trying",
    "continue to try",
    "no action is required",
    "you do not need to resend",
    "this is a warning message only",
    "temporarily deferred",
    "has not yet been delivered",
];

/// Whether a mail that is no `multipart/report` tells of a delivery all the same.
pub fn tells_of_a_delivery(message: &Message<'_>, from_a_machine: bool) -> bool {
    let has = |name: &str| message.headers_raw().any(|(field, _)| field.eq_ignore_ascii_case(name));
    let subject = message.subject().unwrap_or_default().to_lowercase();
    has("X-Failed-Recipients") || (from_a_machine && SUBJECTS.iter().any(|sign| subject.contains(sign)))
}

/// Reads a report; `recipient` is where the door says it came to.
pub fn read(message: &Message<'_>, recipient: Option<&str>) -> Report {
    let (kind, status, words) = said(message);
    let mut report = Report {
        kind,
        status,
        words: words
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(WORDS_CHARS_MAX)
            .collect(),
        return_paths: Vec::new(),
        leave_tokens: Vec::new(),
    };
    if let Some(recipient) = recipient {
        report.look_through(recipient);
    }
    // The parts as they are read, and the bytes as they came: a returned mail is a part of its own kind.
    let raw = String::from_utf8_lossy(
        message
            .raw_message()
            .get(..PART_BYTES_MAX)
            .unwrap_or(message.raw_message()),
    );
    report.look_through(&raw);
    for part in &message.parts {
        let bytes = part.contents();
        let bytes = bytes.get(..PART_BYTES_MAX).unwrap_or(bytes);
        report.look_through(&String::from_utf8_lossy(bytes));
    }
    report
}

impl Report {
    fn look_through(&mut self, text: &str) {
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '@' | '.' | '_' | '=');
        for word in text.split(|c| !inside(c)).filter(|w| w.len() >= WORD_BYTES_MIN) {
            let at = word.to_ascii_lowercase().find("bounces+");
            if let Some(path) = at.and_then(|at| word.get(at..)) {
                // `prvs=` and SRS forms put the address behind their own marks.
                keep(&mut self.return_paths, path);
            }
            for token in word.split(|c: char| !c.is_ascii_alphanumeric()) {
                let base32 = |b: u8| b.is_ascii_alphabetic() || (b'2'..=b'7').contains(&b);
                if token.len() == LEAVE_CHARS && token.bytes().all(base32) {
                    keep(&mut self.leave_tokens, token);
                }
            }
        }
    }
}

fn keep(list: &mut Vec<String>, word: &str) {
    if list.len() < MARKS_MAX && !list.iter().any(|known| known.eq_ignore_ascii_case(word)) {
        list.push(word.to_owned());
    }
}

/// What it says, the code, the words.
fn said(message: &Message<'_>) -> (ReportKind, String, String) {
    let nothing = (ReportKind::Nothing, String::new(), String::new());
    let part = |subtype: &str| {
        let of_kind = |part: &&mail_parser::MessagePart<'_>| {
            part.content_type().is_some_and(|kind| {
                kind.ctype().eq_ignore_ascii_case("message")
                    && kind.subtype().is_some_and(|s| s.eq_ignore_ascii_case(subtype))
            })
        };
        let found = message.parts.iter().find(of_kind)?;
        let bytes = found.contents();
        Some(String::from_utf8_lossy(bytes.get(..PART_BYTES_MAX).unwrap_or(bytes)).into_owned())
    };
    if let Some(fields) = part("feedback-report") {
        let kind = match field(&fields, "Feedback-Type").to_ascii_lowercase().as_str() {
            "not-spam" | "auth-failure" | "dkim" => ReportKind::Nothing,
            _ => ReportKind::Complaint,
        };
        return (kind, String::new(), field(&fields, "User-Agent"));
    }
    if part("disposition-notification").is_some() {
        return nothing;
    }
    if let Some(fields) = part("delivery-status").or_else(|| part("global-delivery-status")) {
        return delivery_status(&fields);
    }
    let raw = |name: &str| {
        let value = message
            .headers_raw()
            .find(|(field, _)| field.eq_ignore_ascii_case(name));
        value.map(|(_, value)| value.trim().to_ascii_lowercase())
    };
    let replied = raw("Auto-Submitted").is_some_and(|value| value.starts_with("auto-replied"));
    let bounced = raw("X-Failed-Recipients").is_some();
    if !bounced && (replied || subject::is_vacation(message.subject().unwrap_or_default())) {
        return nothing;
    }
    letter(&text::whole(message, PART_BYTES_MAX))
}

/// RFC 3464: the gravest of the recipients' groups.
fn delivery_status(fields: &str) -> (ReportKind, String, String) {
    let fields = fields.replace("\r\n", "\n");
    let mut found = (ReportKind::Nothing, String::new(), String::new());
    for group in fields.split("\n\n") {
        let (action, mut status) = (field(group, "Action").to_ascii_lowercase(), field(group, "Status"));
        // A comment may follow: `5.1.1 (bad destination mailbox address)`.
        status.truncate(
            status
                .find(|c: char| !(c.is_ascii_digit() || c == '.'))
                .unwrap_or(status.len()),
        );
        status.truncate(STATUS_CHARS_MAX);
        if !action.starts_with("failed") {
            continue;
        }
        let diagnostic = field(group, "Diagnostic-Code");
        let words = diagnostic
            .split_once(';')
            .map_or(diagnostic.as_str(), |(_, words)| words.trim());
        let (code, reply) = reply_code(words).unwrap_or((if status.starts_with('4') { 450 } else { 550 }, words));
        let own = enhanced_code(code, reply);
        if (status.is_empty() || status.ends_with(".0.0")) && !own.is_empty() {
            own.clone_into(&mut status);
        }
        let kind = kind_of(code, &status, words);
        if found.0 == ReportKind::Nothing || kind == ReportKind::Hard {
            found = (kind, status, words.to_owned());
        }
    }
    found
}

fn kind_of(code: u16, status: &str, words: &str) -> ReportKind {
    // A 4.x.x in a failure is what was given up on.
    match meaning(SmtpPhase::Rcpt, code, status, words) {
        Meaning::NoSuchRecipient => ReportKind::Hard,
        Meaning::RecipientRefuses | Meaning::Later => ReportKind::Soft,
        Meaning::OurFault | Meaning::Policy => ReportKind::Policy,
    }
}

/// A field's value with its folded lines; empty when absent.
fn field(fields: &str, name: &str) -> String {
    let mut value = String::new();
    let mut inside = false;
    for line in fields.lines() {
        if inside && line.starts_with([' ', '\t']) {
            value.push(' ');
            value.push_str(line.trim());
            continue;
        }
        if inside {
            break;
        }
        if let Some((field, rest)) = line.split_once(':')
            && field.trim().eq_ignore_ascii_case(name)
        {
            rest.trim().clone_into(&mut value);
            inside = true;
        }
    }
    value
}

/// A letter about a mail that came back, in whatever words.
fn letter(text: &str) -> (ReportKind, String, String) {
    let lower = text.to_lowercase();
    let end = RETURNED
        .iter()
        .filter_map(|mark| lower.find(mark))
        .min()
        .unwrap_or(lower.len());
    let told = lower.get(..end).unwrap_or(&lower);
    let mut lines = told.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        if let Some((code, reply)) = reply_code(line) {
            // The reason may stand before the code: "no mailbox here by that name. (#5.1.1)".
            let words = format!("{line} {}", lines.peek().unwrap_or(&""));
            let bare = reply
                .split(|c: char| !(c.is_ascii_digit() || c == '.'))
                .next()
                .unwrap_or_default();
            let status = enhanced_code(code, bare).to_owned();
            let kind = if code < 500 && LATER.iter().any(|sign| told.contains(sign)) {
                ReportKind::Nothing
            } else {
                kind_of(code, &status, &words)
            };
            return (kind, status, words);
        }
    }
    if LATER.iter().any(|sign| told.contains(sign)) {
        return (ReportKind::Nothing, String::new(), String::new());
    }
    let kind = kind_of(550, "", told);
    let failed = kind == ReportKind::Hard || FAILED.iter().any(|sign| told.contains(sign));
    if !failed {
        return (ReportKind::Nothing, String::new(), String::new());
    }
    let first = told
        .lines()
        .map(str::trim)
        .find(|line| line.len() > 20)
        .unwrap_or_default();
    (kind, String::new(), first.to_owned())
}

/// The first SMTP code of a line with what follows it: `550 5.1.1 no such user`, `#5.1.1`, `error 550:`, `<<< 550`.
fn reply_code(line: &str) -> Option<(u16, &str)> {
    for (at, _) in line.char_indices().filter(|(_, c)| matches!(c, '4' | '5')) {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '/' | '@')) {
            continue;
        }
        let rest = line.get(at..).unwrap_or_default();
        let word = rest
            .split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .next()
            .unwrap_or_default();
        let digits = word.trim_end_matches('.');
        if digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()) {
            let reply = rest.get(3..).unwrap_or_default();
            return Some((
                digits.parse().ok()?,
                reply.trim_start_matches([' ', '-', ':', '#', '.', '_']),
            ));
        }
        let class: u16 = if word.starts_with('4') { 450 } else { 550 };
        if !enhanced_code(class, digits).is_empty() {
            return Some((class, rest));
        }
    }
    None
}
