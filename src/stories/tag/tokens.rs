//! A headline as the tagger reads it: words with their offsets, what stands between them, and one folded line
//! (lower case, no accents, single spaces) for the automaton.
//!
//! Never allocates more than a bounded amount: what is beyond [`BYTES_MAX`] or [`TOKENS_MAX`] is not read.

use super::letters::{continues, fold, is_wide, look_of};

/// Most bytes of one text that are read. Real headlines end before 300 bytes, summaries are cut at their source.
pub(super) const BYTES_MAX: usize = 1_500;
/// Most words of one text that are read.
pub(super) const TOKENS_MAX: usize = 250;

/// What stands between a word and the one before it (bits).
pub(super) mod gap {
    /// Joined by a hyphen, without spaces.
    pub const HYPHEN: u16 = 1;
    /// A comma.
    pub const COMMA: u16 = 1 << 1;
    /// A colon.
    pub const COLON: u16 = 1 << 2;
    /// `;`, `!`, `?`, `|`, or a dash with spaces.
    pub const BREAK: u16 = 1 << 3;
    /// A full stop.
    pub const DOT: u16 = 1 << 4;
    /// An opening bracket.
    pub const OPEN: u16 = 1 << 5;
    /// A closing bracket.
    pub const CLOSE: u16 = 1 << 6;
    /// Any quotation mark.
    pub const QUOTE: u16 = 1 << 7;
    /// A currency sign.
    pub const MONEY: u16 = 1 << 8;
    /// A slash.
    pub const SLASH: u16 = 1 << 9;
    /// A hash sign or an at sign.
    pub const HASH: u16 = 1 << 10;
    /// What a name never runs across.
    pub const HARD: u16 = COMMA | COLON | BREAK | OPEN | CLOSE | SLASH | MONEY;
    /// What ends a clause: the next word begins afresh.
    pub const CLAUSE: u16 = COLON | BREAK | DOT;
}

/// What a word looks like (bits).
pub(super) mod look {
    /// Its first letter is a capital.
    pub const CAPITAL: u8 = 1;
    /// All its letters are capitals, at least one letter.
    pub const UPPER: u8 = 1 << 1;
    /// It has a digit.
    pub const DIGIT: u8 = 1 << 2;
    /// It starts with a digit.
    pub const NUMBER: u8 = 1 << 3;
    /// It is the `'s` of the word before.
    pub const POSSESSIVE: u8 = 1 << 4;
    /// A percent sign follows.
    pub const PERCENT: u8 = 1 << 5;
    /// A bare apostrophe follows a final s (`Sachs'`).
    pub const APOSTROPHE: u8 = 1 << 6;
    /// One ideograph, kana or hangul syllable: such scripts write no spaces.
    pub const WIDE: u8 = 1 << 7;
}

/// One word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// First byte in the text.
    pub start: usize,
    /// One past its last byte in the text.
    pub end: usize,
    /// First byte in the folded line.
    pub folded_start: usize,
    /// One past its last byte in the folded line.
    pub folded_end: usize,
    /// Bits of [`gap`].
    pub gap: u16,
    /// Bits of [`look`].
    pub look: u8,
}

impl Token {
    pub(super) const fn is(&self, bits: u8) -> bool {
        self.look & bits != 0
    }

    pub(super) const fn after(&self, bits: u16) -> bool {
        self.gap & bits != 0
    }

    pub(super) const fn len(&self) -> usize {
        self.folded_end - self.folded_start
    }
}

/// How a headline uses capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// Capitals only where a name or a sentence begins.
    Sentence,
    /// Most Words Begin With One.
    Title,
    /// ALL OF THEM.
    Upper,
}

/// A text cut into words.
#[derive(Debug)]
pub(super) struct Words<'a> {
    /// The text itself.
    pub text: &'a str,
    /// The folded line: a space before, between and after the words.
    pub folded: String,
    /// The words.
    pub tokens: Vec<Token>,
    /// Marks after the last word (bits of [`gap`]).
    pub tail: u16,
    /// How it uses capitals.
    pub case: Case,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut reader = Reader {
            words: Words {
                text,
                folded: String::with_capacity(text.len().min(BYTES_MAX) + 8),
                tokens: Vec::with_capacity(text.len().min(BYTES_MAX) / 5 + 4),
                tail: 0,
                case: Case::Sentence,
            },
            gap: 0,
        };
        reader.words.folded.push(' ');
        reader.read();
        reader.words.tail = reader.gap;
        reader.words.case = case_of(&reader.words.tokens);
        reader.words
    }

    /// A headline: as [`Words::new`], without the publisher that aggregators append (`... - The Example Times`).
    pub(super) fn headline(text: &'a str) -> Self {
        let mut words = Self::new(text);
        if let Some(end) = words.publisher() {
            let folded_end = words.tokens.get(end).map_or(words.folded.len(), |t| t.folded_start);
            words.folded.truncate(folded_end);
            words.tail = words.gap(end);
            words.tokens.truncate(end);
        }
        words
    }

    /// Where an appended publisher begins: after the last spaced dash, at most five words, all of them names.
    fn publisher(&self) -> Option<usize> {
        let first = self.tokens.iter().rposition(|t| t.after(gap::BREAK))?;
        let token = self.tokens.get(first)?;
        let dashed = self
            .text
            .get(..token.start)
            .is_some_and(|before| before.ends_with(" - "));
        let tail = self.tokens.get(first..)?;
        let named = tail.iter().enumerate().all(|(i, t)| {
            let word = self.word(first + i);
            !t.after(gap::OPEN | gap::COLON | gap::MONEY)
                && (t.is(look::CAPITAL | look::POSSESSIVE | look::NUMBER)
                    || word.contains('.')
                    || matches!(word, "of" | "the" | "and" | "for" | "&"))
        });
        (dashed && named && first >= 3 && tail.len() <= 6).then_some(first)
    }

    /// The folded form of word `index`; empty beyond the ends.
    pub(super) fn word(&self, index: usize) -> &str {
        self.tokens
            .get(index)
            .and_then(|t| self.folded.get(t.folded_start..t.folded_end))
            .unwrap_or("")
    }

    /// The text of the words `first..end` as it stands.
    pub(super) fn surface(&self, first: usize, end: usize) -> &'a str {
        match (
            self.tokens.get(first),
            end.checked_sub(1).and_then(|last| self.tokens.get(last)),
        ) {
            (Some(a), Some(b)) => self.text.get(a.start..b.end).unwrap_or(""),
            _ => "",
        }
    }

    /// The number of the word that starts at a byte of the folded line.
    pub(super) fn at_folded(&self, start: usize) -> Option<usize> {
        self.tokens.binary_search_by_key(&start, |t| t.folded_start).ok()
    }

    /// The gap before word `index`, the tail after the last one.
    pub(super) fn gap(&self, index: usize) -> u16 {
        self.tokens.get(index).map_or(self.tail, |t| t.gap)
    }
}

struct Reader<'a> {
    words: Words<'a>,
    gap: u16,
}

impl Reader<'_> {
    fn read(&mut self) {
        let text = self.words.text;
        let mut chars = text.char_indices().peekable();
        let mut previous = ' ';
        while let Some((at, c)) = chars.next() {
            if at >= BYTES_MAX || self.words.tokens.len() >= TOKENS_MAX {
                break;
            }
            if is_wide(c) {
                self.push(at, at + c.len_utf8());
                previous = c;
                continue;
            }
            if !c.is_alphanumeric() {
                let next = chars.peek().map_or(' ', |&(_, n)| n);
                self.mark(c, previous, next, at);
                previous = c;
                continue;
            }
            let mut end = at + c.len_utf8();
            let mut last = c;
            while let Some(&(i, d)) = chars.peek() {
                let mut ahead = chars.clone();
                ahead.next();
                let next = ahead.peek().map_or(' ', |&(_, n)| n);
                if i >= BYTES_MAX || is_wide(d) || !continues(text, at, i, last, d, next) {
                    break;
                }
                end = i + d.len_utf8();
                last = d;
                chars.next();
            }
            previous = last;
            self.push(at, end);
        }
    }

    /// Takes note of a character that is part of no word.
    fn mark(&mut self, c: char, previous: char, next: char, at: usize) {
        let joined = previous.is_alphanumeric() && next.is_alphanumeric();
        self.gap |= match c {
            '-' | '\u{2010}' | '\u{2011}' if joined => gap::HYPHEN,
            '-' | '\u{2012}'..='\u{2015}' if !joined && previous != ' ' && c == '-' => 0,
            '-' | '\u{2012}'..='\u{2015}' | ';' | '!' | '?' | '|' | '\u{2026}' | '\u{2022}' | '\u{3002}' => gap::BREAK,
            ',' | '\u{3001}' | '\u{ff0c}' => gap::COMMA,
            ':' | '\u{ff1a}' => gap::COLON,
            '.' => gap::DOT,
            '(' | '[' | '{' | '\u{ff08}' => gap::OPEN,
            ')' | ']' | '}' | '\u{ff09}' => gap::CLOSE,
            '$' | '\u{20ac}' | '\u{a3}' | '\u{a5}' | '\u{20b9}' => gap::MONEY,
            '/' | '\\' => gap::SLASH,
            '#' | '@' => gap::HASH,
            '"' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' | '\u{2018}' => gap::QUOTE,
            '\'' | '\u{2019}' | '`' => {
                if matches!(previous, 's' | 'S')
                    && let Some(last) = self.words.tokens.last_mut()
                    && last.end == at
                {
                    last.look |= look::APOSTROPHE;
                }
                gap::QUOTE
            }
            '%' => {
                if let Some(last) = self.words.tokens.last_mut()
                    && last.end == at
                {
                    last.look |= look::PERCENT;
                }
                0
            }
            '&' => {
                self.push(at, at + 1);
                0
            }
            _ => 0,
        };
    }

    fn push(&mut self, start: usize, end: usize) {
        let Some(word) = self.words.text.get(start..end) else {
            return;
        };
        // `Nvidia's` is two words, so that the name stands alone.
        let cut = ["'s", "\u{2019}s", "'S", "\u{2019}S"]
            .into_iter()
            .find(|s| word.len() > s.len() && word.ends_with(s));
        let stem_end = end - cut.map_or(0, str::len);
        self.push_one(start, stem_end, 0);
        if cut.is_some() {
            self.push_one(stem_end, end, look::POSSESSIVE);
        }
    }

    fn push_one(&mut self, start: usize, end: usize, extra: u8) {
        let Some(word) = self.words.text.get(start..end) else {
            return;
        };
        let folded_start = self.words.folded.len();
        if extra & look::POSSESSIVE != 0 {
            self.words.folded.push_str("'s");
        } else {
            fold(word, &mut self.words.folded);
        }
        let folded_end = self.words.folded.len();
        self.words.folded.push(' ');
        let token = Token {
            start,
            end,
            folded_start,
            folded_end,
            gap: self.gap,
            look: look_of(word) | extra,
        };
        self.gap = 0;
        self.words.tokens.push(token);
    }
}

fn case_of(tokens: &[Token]) -> Case {
    let (mut long, mut capital, mut upper, mut all, mut all_upper) = (0, 0, 0, 0, 0);
    for t in tokens
        .iter()
        .filter(|t| !t.is(look::NUMBER | look::POSSESSIVE | look::WIDE))
    {
        all += 1;
        all_upper += usize::from(t.is(look::UPPER));
        if t.len() >= 4 {
            long += 1;
            capital += usize::from(t.is(look::CAPITAL));
            upper += usize::from(t.is(look::UPPER));
        }
    }
    if all >= 3 && long >= 1 && upper == long && all_upper * 10 >= all * 9 {
        Case::Upper
    } else if long >= 3 && capital * 10 >= long * 8 {
        Case::Title
    } else {
        Case::Sentence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Words::new(text).folded.trim(), expected);
    }

    #[test]
    fn words_are_folded() {
        check("Nestlé’s U.S. unit", "nestle 's us unit");
        check("AT&T, H&M and Johnson & Johnson", "at&t h&m and johnson & johnson");
        check("Coca-Cola–Pepsi", "coca cola pepsi");
        check("J.P. Morgan buys Amazon.com stock.", "jp morgan buys amazon.com stock");
        check("up 3.5% to $1,200", "up 3.5 to 1,200");
        check("日本 Toyota", "日 本 toyota");
        check("Goldman Sachs' view", "goldman sachs view");
        check("Disney+ rises", "disney+ rises");
    }

    #[test]
    fn a_publisher_at_the_end_is_no_part_of_the_headline() {
        let folded = |text| Words::headline(text).folded;
        assert_eq!(
            folded("Nvidia opens a lab in Oslo - The Example Times").trim(),
            "nvidia opens a lab in oslo"
        );
        assert_eq!(
            folded("Nvidia opens a lab in Oslo - example.com").trim(),
            "nvidia opens a lab in oslo"
        );
        assert_eq!(
            folded("Nvidia falls again - and what comes next").trim(),
            "nvidia falls again and what comes next"
        );
    }

    #[test]
    fn case_of_a_headline() {
        assert_eq!(Words::new("Target cuts its outlook for the year").case, Case::Sentence);
        assert_eq!(Words::new("Target Cuts Its Outlook for the Year").case, Case::Title);
        assert_eq!(Words::new("TARGET CUTS OUTLOOK").case, Case::Upper);
    }
}
