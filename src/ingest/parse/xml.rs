//! XML as feeds really write it: tokens from quick-xml, and our own recovery for what quick-xml refuses or swallows.
//!
//! Heuristics, each seen in real feeds:
//! - `<` that no name follows ("1 < 2"), or whose tag runs into another `<`, is text.
//! - A quote that opens inside a tag but not after `=` does not hide the end of the tag (`<p class=x">`).
//! - A comment, CDATA section or declaration that never ends costs its opening marker, not the rest of the document.
//! - `<![CDATA[` inside a CDATA section is dropped, and so is the extra `]]>` it leaves behind.

use quick_xml::Reader;
use quick_xml::events::Event;

/// How many bytes of tags may be read again in recovery before what is left is given up; it bounds the time.
const RESCAN_MAX: usize = 4 * 1024 * 1024;

/// One piece of a document. Text and attribute values still hold their references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text without references.
    Text(&'a str),
    /// What stands between `&` and `;`.
    Reference(&'a str),
    /// The contents of a CDATA section.
    Cdata(&'a str),
    /// A start tag.
    Open {
        /// Qualified name as written.
        name: &'a str,
        /// Everything after the name.
        attributes: &'a str,
        /// It ends itself (`<a/>`).
        empty: bool,
    },
    /// An end tag: its qualified name.
    Close(&'a str),
    /// The contents of `<!DOCTYPE ...>`.
    Doctype(&'a str),
    /// The document is over.
    End,
}

/// Reads a document token by token; never fails.
pub(super) struct Tokens<'a> {
    source: &'a str,
    reader: Reader<&'a [u8]>,
    /// Where in `source` the reader started.
    offset: usize,
    rescanned: usize,
    /// `]]>` still to be dropped from text.
    stray_ends: u32,
    no_comment_end: bool,
    no_cdata_end: bool,
    repaired: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self {
            source,
            reader: lenient(source),
            offset: 0,
            rescanned: 0,
            stray_ends: 0,
            no_comment_end: false,
            no_cdata_end: false,
            repaired: false,
        }
    }

    /// Whether anything had to be repaired so far.
    pub(super) const fn repaired(&self) -> bool {
        self.repaired
    }

    fn position(&self) -> usize {
        self.offset + usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.source.get(from..to).unwrap_or_default()
    }

    /// Goes on reading at another place.
    fn restart(&mut self, at: usize) {
        self.offset = at.min(self.source.len());
        self.reader = lenient(self.source.get(self.offset..).unwrap_or_default());
        self.repaired = true;
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Token<'a> {
        loop {
            let start = self.position();
            let event = self.reader.read_event();
            let end = self.position();
            match event {
                Ok(Event::Text(_)) => {
                    let text = self.slice(start, end);
                    if self.stray_ends > 0
                        && let Some(at) = text.find("]]>")
                    {
                        self.stray_ends -= 1;
                        self.restart(start + at + 3);
                        if at > 0 {
                            return Token::Text(self.slice(start, start + at));
                        }
                        continue;
                    }
                    if !text.is_empty() {
                        return Token::Text(text);
                    }
                }
                Ok(Event::GeneralRef(_)) => {
                    let name = self.slice(start + 1, end.saturating_sub(1));
                    if is_reference(name) {
                        return Token::Reference(name);
                    }
                    return self.literal(start, 1);
                }
                Ok(Event::CData(_)) => {
                    let text = self.slice(start + 9, end.saturating_sub(3));
                    if let Some(rest) = text.trim_start().strip_prefix("<![CDATA[") {
                        self.stray_ends += 1;
                        self.repaired = true;
                        return Token::Cdata(rest);
                    }
                    return Token::Cdata(text);
                }
                Ok(Event::Start(_) | Event::Empty(_)) => return self.open(start, end),
                Ok(Event::End(_)) => {
                    let inner = self.slice(start + 2, end.saturating_sub(1));
                    if let Some(at) = inner.find('<') {
                        // `</title<item>`: the next tag starts before this one ends.
                        self.rescanned += end - start;
                        self.restart(start + 2 + at);
                        return Token::Close(first_word(self.slice(start + 2, start + 2 + at)));
                    }
                    return Token::Close(first_word(inner));
                }
                Ok(Event::DocType(_)) => {
                    return Token::Doctype(self.slice(start + 9, end.saturating_sub(1)));
                }
                Ok(Event::PI(_)) => self.instruction(start, end),
                Ok(Event::Comment(_) | Event::Decl(_)) => {}
                Ok(Event::Eof) => return Token::End,
                Err(_) => {
                    if let Some(token) = self.recover(start) {
                        return token;
                    }
                }
            }
        }
    }

    /// The next `len` bytes are text after all.
    fn literal(&mut self, start: usize, len: usize) -> Token<'a> {
        self.restart(start + len);
        Token::Text(self.slice(start, start + len))
    }

    fn open(&mut self, start: usize, end: usize) -> Token<'a> {
        let inner = self.slice(start + 1, end.saturating_sub(1));
        if !inner.starts_with(is_name_start) {
            self.rescanned += end - start;
            return self.literal(start, 1);
        }
        let inner = if inner.contains('<') {
            self.rescanned += end - start;
            if self.rescanned > RESCAN_MAX {
                self.restart(self.source.len());
                return Token::End;
            }
            match tag_len(self.slice(start + 1, end)) {
                Some(len) if start + 1 + len + 1 < end => {
                    self.restart(start + 1 + len + 1);
                    self.slice(start + 1, start + 1 + len)
                }
                Some(_) => inner,
                None => return self.literal(start, 1),
            }
        } else {
            inner
        };
        let (inner, empty) = inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
        let name_len = inner
            .find(|c: char| c.is_ascii_whitespace() || c == '/')
            .unwrap_or(inner.len());
        let (name, attributes) = inner.split_at_checked(name_len).unwrap_or((inner, ""));
        Token::Open {
            name,
            attributes,
            empty,
        }
    }

    /// A processing instruction that lacks its `?` swallows what follows up to the next one that has it.
    fn instruction(&mut self, start: usize, end: usize) {
        let inner = self.slice(start, end.saturating_sub(2));
        if let Some(at) = inner.find('>')
            && inner.get(at..).is_some_and(|rest| rest.contains('<'))
        {
            self.rescanned += end - start;
            if self.rescanned <= RESCAN_MAX {
                self.restart(start + at + 1);
            }
        }
    }

    /// Something that starts at `start` never ends.
    fn recover(&mut self, start: usize) -> Option<Token<'a>> {
        let rest = self.slice(start, self.source.len());
        self.rescanned += rest.len();
        if rest.is_empty() || self.rescanned > RESCAN_MAX.max(self.source.len().saturating_mul(8)) {
            self.restart(self.source.len());
            return Some(Token::End);
        }
        if rest.starts_with("<![CDATA[") {
            self.no_cdata_end = true;
            let body = rest.get(9..).unwrap_or_default();
            let len = body.find("</").unwrap_or(body.len());
            self.restart(start + 9 + len);
            return body.get(..len).map(Token::Cdata);
        }
        if rest.starts_with("<!--") {
            self.no_comment_end = true;
            self.restart(start + 4);
            return None;
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            let len = rest.find('>').map_or(rest.len(), |at| at + 1);
            self.restart(start + len);
            return None;
        }
        let inner = rest.get(1..).unwrap_or_default();
        if inner.starts_with(is_name_start)
            && let Some(len) = tag_len(inner)
        {
            self.restart(start + 1 + len + 1);
            let inner = inner.get(..len).unwrap_or_default();
            let name_len = inner
                .find(|c: char| c.is_ascii_whitespace() || c == '/')
                .unwrap_or(inner.len());
            let (name, attributes) = inner.split_at_checked(name_len).unwrap_or((inner, ""));
            return Some(Token::Open {
                name,
                attributes,
                empty: inner.ends_with('/'),
            });
        }
        if !inner.contains('<') {
            // Cut off in the middle of a tag.
            self.restart(self.source.len());
            return Some(Token::End);
        }
        Some(self.literal(start, 1))
    }
}

fn lenient(source: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(source);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    config.check_end_names = false;
    config.check_comments = false;
    reader
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':' || !c.is_ascii()
}

/// `amp`, `#38`, `#x26`: no white space, short.
fn is_reference(name: &str) -> bool {
    let digits = name.strip_prefix('#').unwrap_or(name);
    !digits.is_empty()
        && name.len() <= 32
        && digits
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
}

fn first_word(text: &str) -> &str {
    text.split_ascii_whitespace().next().unwrap_or_default()
}

/// Length of a tag's inside up to its `>`, reading attributes as browsers do; `None` when another `<` comes first.
fn tag_len(inner: &str) -> Option<usize> {
    let mut bytes = inner.bytes().enumerate();
    let mut after_equals = false;
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'>' => return Some(at),
            b'<' => return None,
            b'=' => after_equals = true,
            b'"' | b'\'' if after_equals => {
                after_equals = false;
                bytes.by_ref().find(|(_, b)| *b == byte)?;
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => after_equals = false,
        }
    }
    None
}

/// Reads attributes: quoted, unquoted or without value. The values still hold their references.
pub(super) struct Attributes<'a>(&'a str);

impl<'a> Attributes<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self(text)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self
            .0
            .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/' || c == '=');
        if text.is_empty() {
            return None;
        }
        let name_len = text
            .find(|c: char| c.is_ascii_whitespace() || c == '=')
            .unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(name_len)?;
        let Some(value) = rest.trim_ascii_start().strip_prefix('=') else {
            self.0 = rest;
            return Some((name, ""));
        };
        let value = value.trim_ascii_start();
        let quoted = ['"', '\''].into_iter().find_map(|quote| {
            let inner = value.strip_prefix(quote)?;
            Some(inner.split_once(quote).unwrap_or((inner, "")))
        });
        let (value, rest) = quoted.unwrap_or_else(|| {
            let len = value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len());
            value.split_at_checked(len).unwrap_or((value, ""))
        });
        self.0 = rest;
        Some((name, value))
    }
}

#[cfg(test)]
mod tests;
