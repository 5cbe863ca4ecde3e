//! What a server says, cut into responses and words. Pure.
//!
//! IMAP (RFC 9051) is lines, except where a line ends in `{123}`: then 123 bytes follow that may be anything, and the
//! line goes on behind them. Lists nest without a limit, but nothing that we ask for needs nesting: brackets are read as
//! blanks, so that no depth of them can exhaust a stack. A response has a limit in bytes, held before room is made for it.

/// A word of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Outside quotes: `FETCH`, `123`, `BODY[]`.
    Atom(String),
    /// A quoted string or counted bytes.
    Bytes(Vec<u8>),
}

/// One response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Its words in order; the first is the tag, `*` or `+`.
    pub words: Vec<Word>,
    /// Its first line, for people.
    pub line: String,
}

/// Why bytes are no response we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server sent more than {0} bytes where less was asked for")]
pub struct TooMuch(pub usize);

/// The first response in these bytes, and how many of them it takes; `None` while its end has not come.
///
/// # Errors
/// When it is, or says that it will be, longer than `bytes_max`.
pub fn response(bytes: &[u8], bytes_max: usize) -> Result<Option<(Response, usize)>, TooMuch> {
    let mut found = Response {
        words: Vec::new(),
        line: String::new(),
    };
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(end) = rest.iter().position(|b| *b == b'\n') else {
            return if bytes.len() > bytes_max {
                Err(TooMuch(bytes_max))
            } else {
                Ok(None)
            };
        };
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at += end + 1;
        let (text, counted) = counted(line);
        if at.saturating_add(counted.unwrap_or(0)) > bytes_max {
            return Err(TooMuch(bytes_max));
        }
        let text = String::from_utf8_lossy(text);
        words_of(&text, &mut found.words);
        if found.line.is_empty() {
            found.line = text.into_owned();
        }
        let Some(n) = counted else {
            return Ok(Some((found, at)));
        };
        let Some(literal) = bytes.get(at..at + n) else {
            return Ok(None);
        };
        found.words.push(Word::Bytes(literal.to_vec()));
        at += n;
    }
}

/// A line without the `{123}` at its end, and the number.
fn counted(line: &[u8]) -> (&[u8], Option<usize>) {
    let cut = || {
        let inner = line.strip_suffix(b"}")?;
        let open = inner.iter().rposition(|b| *b == b'{')?;
        let digits = inner.get(open + 1..)?;
        let digits = digits.strip_suffix(b"+").unwrap_or(digits);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        // More digits than a number can have are more bytes than anybody reads.
        let n = std::str::from_utf8(digits).ok()?.parse().unwrap_or(usize::MAX);
        let text = inner.get(..open)?;
        Some((text.strip_suffix(b"~").unwrap_or(text), Some(n)))
    };
    cut().unwrap_or((line, None))
}

fn words_of(text: &str, words: &mut Vec<Word>) {
    let mut atom = String::new();
    let mut chars = text.chars();
    let end = |atom: &mut String, words: &mut Vec<Word>| {
        if !atom.is_empty() {
            words.push(Word::Atom(std::mem::take(atom)));
        }
    };
    while let Some(c) = chars.next() {
        match c {
            ' ' | '(' | ')' => end(&mut atom, words),
            '"' if atom.is_empty() => {
                let mut quoted = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => quoted.extend(chars.next()),
                        c => quoted.push(c),
                    }
                }
                words.push(Word::Bytes(quoted.into_bytes()));
            }
            c => atom.push(c),
        }
    }
    end(&mut atom, words);
}

impl Response {
    /// The atom at this place in capital letters, or nothing.
    #[must_use]
    pub fn atom(&self, at: usize) -> String {
        match self.words.get(at) {
            Some(Word::Atom(text)) => text.to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    /// What follows a name: `value("UID")` of `* 1 FETCH (UID 7)` is `7`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Word> {
        let at = self
            .words
            .iter()
            .position(|word| matches!(word, Word::Atom(text) if text.eq_ignore_ascii_case(name)))?;
        self.words.get(at + 1)
    }

    /// The number that follows a name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.value(name)? {
            Word::Atom(text) => text.parse().ok(),
            Word::Bytes(_) => None,
        }
    }

    /// Whether it is `* 12 NAME`.
    #[must_use]
    pub fn counts(&self, name: &str) -> bool {
        self.atom(0) == "*" && self.atom(2) == name
    }
}

/// A string as a command carries it. `None` for what only a counted string could carry.
#[must_use]
pub fn quoted(text: &str) -> Option<String> {
    let plain = text.chars().all(|c| c.is_ascii() && !c.is_ascii_control());
    plain.then(|| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// The name of a mailbox as servers spell it: letters beyond ASCII in the base64 of RFC 3501 section 5.1.3.
#[must_use]
pub fn mailbox(name: &str) -> String {
    let (mut out, mut beyond) = (String::new(), Vec::new());
    let flush = |beyond: &mut Vec<u8>, out: &mut String| {
        if !beyond.is_empty() {
            let text = data_encoding::BASE64_NOPAD.encode(beyond).replace('/', ",");
            out.push_str(&format!("&{text}-"));
            beyond.clear();
        }
    };
    for c in name.chars().filter(|c| !c.is_control()) {
        if c.is_ascii() {
            flush(&mut beyond, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                beyond.extend(unit.to_be_bytes());
            }
        }
    }
    flush(&mut beyond, &mut out);
    out.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(bytes: &str, expected: &str) {
        let shown = match response(bytes.as_bytes(), 100) {
            Err(_) => "too much".to_owned(),
            Ok(None) => "more".to_owned(),
            Ok(Some((response, n))) => {
                let words: Vec<String> = response
                    .words
                    .iter()
                    .map(|word| match word {
                        Word::Atom(text) => text.clone(),
                        Word::Bytes(bytes) => format!("'{}'", String::from_utf8_lossy(bytes).escape_debug()),
                    })
                    .collect();
                format!("{n}: {}", words.join(" "))
            }
        };
        assert_eq!(shown, expected, "{bytes:?}");
    }

    #[test]
    fn responses_are_cut_where_they_end() {
        check("* 3 EXISTS\r\n* 1", "12: * 3 EXISTS");
        check("* 3 EXIS", "more");
        check("A1 OK done\n", "11: A1 OK done");
        check(
            "* 1 FETCH (UID 7 BODY[] {6}\r\na\r\n)b\n)\r\n",
            "38: * 1 FETCH UID 7 BODY[] 'a\\r\\n)b\\n'",
        );
        check("* 1 FETCH (BODY[] {6}\r\nabc", "more");
        check("* 1 FETCH (BODY[] ~{1}\r\nx)\r\n", "28: * 1 FETCH BODY[] 'x'");
        check(
            "* 1 FETCH (BODY[] \"a \\\" UID 8\" UID 7)\r\n",
            "39: * 1 FETCH BODY[] 'a \\\" UID 8' UID 7",
        );
        check("* OK it's \"open\r\n", "17: * OK it's 'open'");
        check("* 1 FETCH (BODY[] {101}\r\n", "too much");
        check("* 1 FETCH (BODY[] {99999999999999999999999}\r\n", "too much");
        check(&"(".repeat(101), "too much");
        check("* a{b}\r\n", "8: * a{b}");
    }

    #[test]
    fn names_and_strings_are_spelled_for_servers() {
        assert_eq!(mailbox("Erledigt & fertig"), "Erledigt &- fertig");
        assert_eq!(mailbox("Gelöscht"), "Gel&APY-scht");
        assert_eq!(mailbox("台北/\"日本語\""), "&U,BTFw-/\\\"&ZeVnLIqe-\\\"");
        assert_eq!(quoted("a\"b\\"), Some("\"a\\\"b\\\\\"".to_owned()));
        assert_eq!(quoted("pass\r\nA2 LOGOUT"), None);
        assert_eq!(quoted("schön"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_are_more_than_the_limit_or_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(Some((found, n))) = response(&bytes, 200) {
                prop_assert!(n <= bytes.len() && n <= 200);
                prop_assert!(found.words.len() <= n);
            }
        }

        #[test]
        fn a_body_comes_back_as_it_was(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = format!("* 1 FETCH (UID 7 BODY[] {{{}}}\r\n", body.len()).into_bytes();
            bytes.extend(&body);
            bytes.extend(b" FLAGS (\\Seen))\r\n");
            let (found, n) = response(&bytes, 1_000).unwrap().unwrap();
            prop_assert_eq!(n, bytes.len());
            prop_assert_eq!(found.value("BODY[]"), Some(&Word::Bytes(body)));
            prop_assert_eq!(found.number("UID"), Some(7));
        }
    }
}
