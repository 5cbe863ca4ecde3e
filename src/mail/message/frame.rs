//! An audience's message with gaps: all that is the same for its readers is laid out and encoded once, and what is
//! personal goes between for each of them. What a thousand readers share is then a thousand copies of memory, not a
//! thousand encodings. Pure.
//!
//! In the quoted-printable parts a value begins on a line of its own, after a soft line break, and another soft break
//! follows it. So what stands before and after a value never depends on its length, and decoded nothing shows of it.

use lettre::message::Body;
use lettre::message::header::ContentTransferEncoding;

use super::{MessageError, MessageSpec, assemble, boundary, bracketed, clean_body, unsubscribe_ways, wire_address};
use crate::mail::personal::{Personal, escape};
use crate::mail::render::place;
use crate::model::Rendered;

/// Longest line of quoted-printable text (RFC 2045, 6.7).
const LINE_MAX: usize = 76;
const SOFT_BREAK: &[u8] = b"=\r\n";

/// A message to a whole audience, without what is personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pieces: Vec<Piece>,
    n_bytes: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Fixed(Vec<u8>),
    To,
    ReplyTo,
    MessageId,
    Unsubscribe,
    Place { name: &'static str, html: bool },
}

impl Frame {
    /// Lays a message out. Of `spec` the recipient, the address for answers, the Message-ID and the ways to unsubscribe
    /// are only an example; all else is the same for the audience. `serial` names the mail among all others: the MIME boundary is made of it.
    ///
    /// # Errors
    /// As [`super::build`].
    pub fn new(spec: &MessageSpec, rendered: &Rendered, serial: &str) -> Result<Self, MessageError> {
        let boundary = boundary(serial);
        let html = (!rendered.html.is_empty()).then(|| gapped(&rendered.html));
        let message = assemble(spec, &rendered.subject, gapped(&rendered.text), html, &boundary)?;
        let message = String::from_utf8(message).map_err(|e| MessageError::Build(e.to_string()))?;
        let (head, body) = message
            .split_once("\r\n\r\n")
            .ok_or_else(|| MessageError::Build("a message without a body".to_owned()))?;
        let mut frame = Self {
            pieces: Vec::new(),
            n_bytes: 0,
        };
        frame.head(head);
        // In a multipart body the parts are text and HTML, in this order; no encoded line can be the boundary.
        let delimiter = format!("--{boundary}\r\n");
        match body
            .rsplit_once(delimiter.as_str())
            .filter(|_| !rendered.html.is_empty())
        {
            Some((before, html)) => {
                frame.body(before, false);
                frame.fixed(&delimiter);
                frame.body(html, true);
            }
            None => frame.body(body, false),
        }
        Ok(frame)
    }

    /// The message of one recipient.
    ///
    /// # Errors
    /// When an address, the Message-ID or a link is not fit for a header.
    pub fn fill(&self, personal: &Personal, message_id: &str) -> Result<Vec<u8>, MessageError> {
        let mut out = Vec::with_capacity(self.n_bytes + 2048);
        for piece in &self.pieces {
            match piece {
                Piece::Fixed(bytes) => out.extend_from_slice(bytes),
                Piece::To => {
                    let to = wire_address(&personal.address).ok_or(MessageError::Address("To"))?;
                    out.extend_from_slice(to.as_bytes());
                }
                Piece::ReplyTo => {
                    let answers = wire_address(&personal.reply_mail).ok_or(MessageError::Address("Reply-To"))?;
                    out.extend_from_slice(answers.as_bytes());
                }
                Piece::MessageId => out.extend_from_slice(bracketed("Message-ID", message_id)?.as_bytes()),
                Piece::Unsubscribe => {
                    let ways = unsubscribe_ways(personal.leave_url.as_deref(), Some(&personal.leave_mail))?;
                    out.extend_from_slice(ways.as_bytes());
                }
                Piece::Place { name, html } => {
                    let value = clean_body(&personal.value(name).unwrap_or_default());
                    let value = if *html { escape(&value) } else { value };
                    out.extend_from_slice(&encoded(&value));
                }
            }
        }
        Ok(out)
    }

    fn fixed(&mut self, text: &str) {
        self.n_bytes += text.len();
        match self.pieces.last_mut() {
            Some(Piece::Fixed(bytes)) => bytes.extend_from_slice(text.as_bytes()),
            _ => self.pieces.push(Piece::Fixed(text.as_bytes().to_vec())),
        }
    }

    /// The headers; four of them are personal.
    fn head(&mut self, head: &str) {
        let mut skipping = false;
        for line in head.split("\r\n") {
            if line.starts_with([' ', '\t']) {
                if !skipping {
                    self.fixed(&format!("{line}\r\n"));
                }
                continue;
            }
            let gap = match line.split_once(':').map(|(name, _)| name) {
                Some("To") => Some(Piece::To),
                Some("Reply-To") => Some(Piece::ReplyTo),
                Some("Message-ID") => Some(Piece::MessageId),
                Some("List-Unsubscribe") => Some(Piece::Unsubscribe),
                _ => None,
            };
            skipping = gap.is_some();
            match (gap, line.split_once(':')) {
                (Some(gap), Some((name, _))) => {
                    self.fixed(&format!("{name}: "));
                    self.pieces.push(gap);
                    self.fixed("\r\n");
                }
                _ => self.fixed(&format!("{line}\r\n")),
            }
        }
        self.fixed("\r\n");
    }

    fn body(&mut self, body: &str, html: bool) {
        for step in steps(body) {
            match step {
                Step::Text(text) => self.fixed(text),
                Step::Place(name) => self.pieces.push(Piece::Place { name, html }),
            }
        }
    }
}

enum Step<'a> {
    Text(&'a str),
    Place(&'static str),
}

/// Text cut at its places, from left to right.
fn steps(text: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = text;
    loop {
        let found = place::ALL
            .into_iter()
            .filter_map(|name| rest.find(name).map(|at| (at, name)))
            .min();
        let Some((at, name)) = found else { break };
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        steps.push(Step::Text(before));
        steps.push(Step::Place(name));
        rest = after.strip_prefix(name).unwrap_or(after);
    }
    steps.push(Step::Text(rest));
    steps
}

/// A part in quoted-printable in which each place stands on a line of its own.
fn gapped(part: &str) -> Body {
    let clean = clean_body(part);
    let mut out: Vec<u8> = Vec::with_capacity(clean.len() + clean.len() / 8);
    let mut after_value = false;
    for step in steps(&clean) {
        match step {
            Step::Text(text) => {
                if after_value && !text.is_empty() && !text.starts_with('\n') {
                    out.extend_from_slice(SOFT_BREAK);
                }
                out.extend_from_slice(&encoded(text));
                after_value &= text.is_empty();
            }
            Step::Place(name) => {
                if after_value {
                    out.extend_from_slice(SOFT_BREAK);
                } else {
                    break_line(&mut out);
                }
                out.extend_from_slice(name.as_bytes());
                after_value = true;
            }
        }
    }
    Body::dangerous_pre_encoded(out, ContentTransferEncoding::QuotedPrintable)
}

/// Ends the current line softly, unless nothing stands on it. A full line has no room for the `=`: its last character
/// moves to a line of its own.
fn break_line(out: &mut Vec<u8>) {
    let column = out.iter().rev().take_while(|byte| **byte != b'\n').count();
    if column == 0 {
        return;
    }
    if column >= LINE_MAX {
        let last = if out.iter().rev().nth(2) == Some(&b'=') { 3 } else { 1 };
        let tail = out.split_off(out.len().saturating_sub(last));
        out.extend_from_slice(SOFT_BREAK);
        out.extend_from_slice(&tail);
    }
    out.extend_from_slice(SOFT_BREAK);
}

fn encoded(text: &str) -> Vec<u8> {
    if text.contains('\n') {
        quoted_printable::encode(text.replace('\n', "\r\n"))
    } else {
        quoted_printable::encode(text)
    }
}

#[cfg(test)]
mod tests {
    use mail_parser::{Message, MessageParser};
    use proptest::prelude::*;

    use super::*;
    use crate::mail::message::build;
    use crate::mail::personal::Doors;
    use crate::model::{DeliveryKind, SubscriptionId};
    use crate::time::Timestamp;
    use crate::token::TokenKey;

    fn personal(id: i64, address: &str, web: bool) -> (Personal, Doors) {
        let doors = Doors {
            public_url: web.then(|| "https://news.example.org".to_owned()),
            list_address: "news@example.org".into(),
        };
        let key = TokenKey::from_secret("a key of sixteen");
        let values = Personal::new(
            &key,
            &doors,
            SubscriptionId::new(id),
            address,
            Some("2026-03-29".into()),
        );
        (values, doors)
    }

    fn spec(address: &str, personal: &Personal, doors: &Doors) -> MessageSpec {
        MessageSpec {
            kind: DeliveryKind::Digest,
            from_name: "Daily".into(),
            from: "daily@example.org".into(),
            to: address.into(),
            reply_to: Some(personal.reply_mail.clone()),
            message_id: "d.20260302.7.00000000000000ff@example.org".into(),
            date: Timestamp::from_unix(1_772_434_800),
            in_reply_to: None,
            references: Vec::new(),
            list: Some(personal.list_headers(doors, "daily", "Daily business", None)),
            feedback_id: None,
            language: "en".into(),
        }
    }

    fn headers(message: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(message).into_owned();
        let head = text.split("\r\n\r\n").next().unwrap().to_owned();
        head.replace("\r\n ", " ")
            .split("\r\n")
            .filter(|line| !line.starts_with("Content-Type: multipart"))
            .map(ToOwned::to_owned)
            .collect()
    }

    fn parts(message: &Message<'_>) -> (Option<String>, Option<String>) {
        let text =
            |part: Option<std::borrow::Cow<'_, str>>| part.map(|part| part.replace("\r\n", "\n").trim_end().to_owned());
        let html = message.html_part(0).filter(|part| part.is_text_html());
        (
            text(message.body_text(0)),
            html.and_then(|part| part.text_contents())
                .map(|html| html.replace("\r\n", "\n").trim_end().to_owned()),
        )
    }

    /// A filled frame says what a message built for this one reader says.
    #[track_caller]
    fn check(address: &str, web: bool, rendered: &Rendered) {
        let (example, doors) = personal(8, "somebody-else@example.net", web);
        let frame = Frame::new(&spec("somebody-else@example.net", &example, &doors), rendered, "e1.a1").unwrap();
        let (values, _) = personal(7, address, web);
        let spec = spec(address, &values, &doors);
        let filled = frame.fill(&values, &spec.message_id).unwrap();
        let built = build(&spec, &values.fill(rendered)).unwrap();
        assert_eq!(headers(&filled), headers(&built));
        let parse = |bytes: &[u8]| parts(&MessageParser::default().parse(bytes).unwrap());
        assert_eq!(parse(&filled), parse(&built));
        for line in filled.split(|byte| *byte == b'\n').skip_while(|line| *line != b"\r") {
            assert!(line.len() <= LINE_MAX + 1, "{}", String::from_utf8_lossy(line));
        }
        assert_eq!(filled, frame.fill(&values, &spec.message_id).unwrap());
    }

    fn rendered(text: &str, html: &str) -> Rendered {
        Rendered {
            subject: "2 March: Größe zählt, and a subject that is long enough to be folded over two lines".into(),
            text: text.into(),
            html: html.into(),
        }
    }

    #[test]
    fn values_go_where_their_places_are() {
        let text = "Hello @@ADDRESS@@,\nleave: @@LEAVE_URL@@\n\n@@SETTINGS_URL@@@@CONFIRMED_ON@@ \nend\n";
        let html = "<a href=\"@@LEAVE_URL@@\">leave</a> <b>@@ADDRESS@@</b>\n@@LEAVE_MAILTO@@";
        for web in [true, false] {
            check("anna@example.com", web, &rendered(text, html));
            check("o'brien&sons@exämple.com", web, &rendered(text, html));
            check("anna@example.com", web, &rendered(text, ""));
        }
    }

    #[test]
    fn a_full_line_before_a_place_keeps_its_length() {
        for n in 70..82 {
            let line = "x".repeat(n);
            let accents = format!("{}é", "x".repeat(n - 3));
            check(
                "anna@example.com",
                true,
                &rendered(
                    &format!("{line}@@ADDRESS@@{line}@@ADDRESS@@"),
                    &format!("{accents}@@ADDRESS@@"),
                ),
            );
        }
    }

    #[test]
    fn only_known_places_are_filled() {
        check(
            "anna@example.com",
            true,
            &rendered("@@NOBODY@@ @@ @@ADDRESS@@@@\n", "<p>@@LEAVE@@</p>"),
        );
    }

    proptest! {
        #[test]
        fn any_text_around_places(
            pieces in prop::collection::vec(("[ -~é\\n\\t]{0,120}", 0_usize..place::ALL.len()), 0..12),
            html in any::<bool>(),
        ) {
            let mut text = String::from("begin\n");
            for (words, at) in pieces {
                text.push_str(&words.replace('@', "(at)"));
                text.push_str(place::ALL[at]);
            }
            text.push_str("\nend");
            check("anna@example.com", true, &rendered(&text, if html { &text } else { "" }));
        }
    }
}
