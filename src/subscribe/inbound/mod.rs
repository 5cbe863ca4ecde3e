//! A mail read: what it asks of us, or why it gets no answer. Pure; the only reader of mails in this stage.
//!
//! What comes in is hostile until shown otherwise. Size, header block, nesting and number of parts are limited before
//! the parser sees the mail, and the parser runs on a thread of its own with a known stack: it recurses for each
//! nested message. What a program sent is never answered (RFC 3834). A command is looked for in the address
//! (`news+subscribe@`), in the subject, and in the first unquoted lines of the body, in this order; the address wins,
//! so that one mail has one answer.

mod address;
mod report;
mod screen;
mod subject;
mod text;

use mail_parser::{HeaderValue, Message, MessageParser};

use super::command::{Command, Line, language_of, parse_line};
use crate::address::Address;
use crate::language::Languages;

pub use address::{Detail, ListAddress};
pub use report::{Report, ReportKind};
pub use screen::Ignored;

/// Bytes of stack for the parser: enough for every mail that passes the limits.
const PARSER_STACK_BYTES: usize = 8 * 1024 * 1024;
/// Most parts of a mail.
const PARTS_MAX: usize = 50;
/// Most commands taken from one mail.
const COMMANDS_MAX: usize = 20;
/// Most Message-IDs of the thread kept.
const REFERENCES_MAX: usize = 20;
/// Longest Message-ID kept, in bytes.
const MESSAGE_ID_BYTES_MAX: usize = 250;

/// What the door knows of a mail beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `MAIL FROM`; `Some("")` is the null sender, `None` is not known.
    pub sender: Option<String>,
    /// `RCPT TO`; `None` is not known.
    pub recipient: Option<String>,
}

/// What reading a mail depends on beside the mail.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The address people write to, with its `+detail` forms.
    pub list: ListAddress,
    /// Our other addresses (`From:` of digests); mails from them are loops.
    pub own: Vec<Address>,
    /// `authserv-id` of the MTA whose `Authentication-Results` are believed.
    pub authserv_id: Option<String>,
    /// Most bytes of a mail.
    pub message_max: usize,
    /// The languages we have words in.
    pub languages: Languages,
}

/// What shows that a mail comes from the owner of an address.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Nothing: anybody can write a `From:`.
    None,
    /// Our own MTA says that the mail passed DMARC.
    Authenticated,
    /// It was sent to an address with this leave token, not checked yet.
    Leave(String),
    /// It was sent to an address with this settings token, not checked yet.
    Settings(String),
    /// It was sent to the answer address of a digest, with this reply token, not checked yet.
    Reply(String),
}

/// What a mail asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The one `From:` address.
    pub from: Address,
    /// What is asked, in the order it was written.
    pub commands: Vec<Command>,
    /// What was written and not understood, with the nearest command.
    pub unclear: Vec<(String, &'static str)>,
    /// Why we may believe it.
    pub proof: Proof,
    /// Its Message-ID without brackets, possibly empty.
    pub message_id: String,
    /// The Message-ID it answers, possibly empty.
    pub answers: String,
    /// The Message-IDs it follows.
    pub references: Vec<String>,
    /// The language of its author: of the command's word, else as the mail program says.
    pub language: Option<String>,
}

/// What a mail is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inbound {
    /// A person asks something.
    Request(Box<Request>),
    /// A delivery report, an abuse report, or what came to a return path.
    Report(Box<Report>),
    /// Nothing to answer, and why.
    Ignored(Ignored),
}

/// Reads a mail. Never panics, whatever the bytes.
///
/// # Errors
/// When the system has no thread to read it on: that says nothing of the mail, which is to be tried again.
pub fn read_mail(raw: &[u8], envelope: &Envelope, policy: &Policy) -> std::io::Result<Inbound> {
    if let Err(ignored) = screen::limits(raw, policy.message_max) {
        return Ok(Inbound::Ignored(ignored));
    }
    std::thread::scope(|scope| {
        let reading = std::thread::Builder::new()
            .name("read-mail".to_owned())
            .stack_size(PARSER_STACK_BYTES)
            .spawn_scoped(scope, || parse(raw, envelope, policy))?;
        Ok(reading.join().unwrap_or(Inbound::Ignored(Ignored::Unreadable)))
    })
}

fn parse(raw: &[u8], envelope: &Envelope, policy: &Policy) -> Inbound {
    let Some(message) = MessageParser::default().parse(raw) else {
        return Inbound::Ignored(Ignored::Unreadable);
    };
    if message.parts.len() > PARTS_MAX {
        return Inbound::Ignored(Ignored::TooDeep);
    }
    let told = || report::tells_of_a_delivery(&message, screen::is_by_a_mail_system(&message, envelope));
    if address::is_return_path(&message, envelope) || screen::is_report(&message) || told() {
        return Inbound::Report(Box::new(report::read(&message, envelope.recipient.as_deref())));
    }
    match read_request(&message, envelope, policy) {
        Ok(request) => Inbound::Request(Box::new(request)),
        Err(ignored) => Inbound::Ignored(ignored),
    }
}

fn read_request(message: &Message<'_>, envelope: &Envelope, policy: &Policy) -> Result<Request, Ignored> {
    screen::answerable(message, envelope)?;
    let detail = address::detail(message, envelope, &policy.list)?;
    let from = screen::one_author(message)?;
    if policy.list.owns(&from) || policy.own.iter().any(|own| own.key() == from.key()) {
        return Err(Ignored::OwnAddress);
    }
    let authenticated = screen::authentication(message, policy.authserv_id.as_deref())?;
    let proof = match &detail {
        Detail::Leave(token) => Proof::Leave(token.clone()),
        Detail::Settings(Some(token)) => Proof::Settings(token.clone()),
        Detail::Reply(token) => Proof::Reply(token.clone()),
        _ if authenticated => Proof::Authenticated,
        _ => Proof::None,
    };
    let mut reading = Reading::default();
    read_words(message, &detail, &proof, &mut reading);
    // A token shows who asks; without one, an envelope that names somebody else shows a forgery or a list.
    let by_token = !matches!(proof, Proof::None | Proof::Authenticated)
        || reading.commands.iter().any(|c| matches!(c, Command::Confirm(_)));
    if !by_token && !authenticated {
        screen::aligned(&from, envelope)?;
    }
    if reading.commands.is_empty() && reading.unclear.is_empty() {
        if is_reply(message) {
            return Err(Ignored::NoCommand);
        }
        reading.commands.push(Command::Help);
    }
    Ok(Request {
        from,
        commands: reading.commands,
        unclear: reading.unclear,
        proof,
        message_id: message.message_id().map(capped_id).unwrap_or_default(),
        answers: ids(message.in_reply_to()).into_iter().next().unwrap_or_default(),
        references: ids(message.references()),
        language: reading
            .language
            .or_else(|| content_language(message, &policy.languages)),
    })
}

/// Commands found so far.
#[derive(Debug, Default)]
struct Reading {
    commands: Vec<Command>,
    unclear: Vec<(String, &'static str)>,
    language: Option<String>,
}

impl Reading {
    /// Takes a command that was not taken yet. "Subscribe" in the subject and "subscribe daily" below are one wish.
    fn take(&mut self, command: Command) {
        let same_wish = |known: &Command| match (known, &command) {
            (Command::Subscribe(a), Command::Subscribe(b)) | (Command::Leave(a), Command::Leave(b)) => {
                a.is_none() || b.is_none() || a == b
            }
            (known, command) => known == command,
        };
        if let Some(known) = self.commands.iter_mut().find(|known| same_wish(known)) {
            if matches!(known, Command::Subscribe(None) | Command::Leave(None)) {
                *known = command;
            }
        } else if self.commands.len() < COMMANDS_MAX {
            self.commands.push(command);
        }
    }

    /// Takes a line; says whether it was for us.
    fn line(&mut self, line: &str) -> Option<bool> {
        match parse_line(line) {
            Line::Command(command) => {
                if self.language.is_none() {
                    self.language = language_of(line).map(ToOwned::to_owned);
                }
                self.take(command);
                Some(true)
            }
            Line::Unclear { written, nearest } => {
                if self.unclear.len() < COMMANDS_MAX {
                    self.unclear.push((written, nearest));
                }
                Some(true)
            }
            Line::Courtesy => None,
            Line::Prose => Some(false),
        }
    }
}

fn read_words(message: &Message<'_>, detail: &Detail, proof: &Proof, reading: &mut Reading) {
    match detail {
        Detail::Command(command) => return reading.commands.push(command.clone()),
        Detail::Leave(_) => return reading.commands.push(Command::Leave(None)),
        Detail::Plain | Detail::Settings(_) | Detail::Reply(_) => {}
    }
    let subject = subject::bare_subject(message.subject().unwrap_or_default());
    // Systems that cut `+detail` leave the token in the subject; a reply to a question of ours carries it there too.
    if let Some(token) = subject::confirm_token(&subject) {
        return reading.commands.push(Command::Confirm(token));
    }
    if let (Proof::Settings(_), Some(asked)) = (proof, subject::asked_again(&subject)) {
        for line in asked.split(';') {
            reading.line(line);
        }
        return;
    }
    // The subject of a reply is the old one: a digest may be called "Daily". Only a wish to leave counts there.
    if !is_reply(message) && !subject::is_reply_subject(message.subject().unwrap_or_default()) {
        reading.line(&subject);
    } else if let Line::Command(leave @ Command::Leave(_)) = parse_line(&subject) {
        reading.commands.push(leave);
    }
    let mut n_prose = 0;
    for line in text::unquoted_lines(message) {
        if let Some(token) = subject::confirm_token(&line) {
            reading.commands = vec![Command::Confirm(token)];
            return;
        }
        if let Some(false) = reading.line(&line) {
            n_prose += 1;
        }
        if n_prose >= text::PROSE_LINES_MAX {
            break;
        }
    }
    // One answer tells it all: a mail that only asks for help or settings beside a command does not get two.
    if reading.commands.is_empty()
        && reading.unclear.is_empty()
        && matches!(detail, Detail::Settings(_))
        && !is_reply(message)
    {
        reading.commands.push(Command::Settings);
    }
}

fn is_reply(message: &Message<'_>) -> bool {
    message.header_raw("In-Reply-To").is_some() || message.header_raw("References").is_some()
}

fn capped_id(id: &str) -> String {
    id.chars()
        .filter(char::is_ascii_graphic)
        .take(MESSAGE_ID_BYTES_MAX)
        .collect()
}

/// `Content-Language: de-DE` comes to `de`, when we have words for it.
fn content_language(message: &Message<'_>, languages: &Languages) -> Option<String> {
    let value = message.header_raw("Content-Language")?;
    let primary = value.trim().split(['-', '_', ',', ' ']).next()?.to_ascii_lowercase();
    languages.find(&primary).map(|found| found.code().to_owned())
}

/// The Message-IDs in a field, without brackets.
fn ids(header: &HeaderValue<'_>) -> Vec<String> {
    let list = header.as_text_list().map_or_else(
        || header.as_text().map(capped_id).into_iter().collect(),
        |ids| ids.iter().map(|id| capped_id(id)).collect::<Vec<_>>(),
    );
    list.into_iter()
        .filter(|id| !id.is_empty())
        .take(REFERENCES_MAX)
        .collect()
}

#[cfg(test)]
mod tests;
