//! The text of a message as it comes over the wire (RFC 5321 section 4.5.2): dots at the start of a line undone, the end
//! found. Pure; takes the bytes in whatever pieces they come.
//!
//! Only CR LF ends a line: a "." after a bare LF is text. Servers that took it for the end let a sender hide a second
//! message in the first.

/// Where in a line the next byte stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum At {
    /// At the start of a line.
    #[default]
    Start,
    /// Within one.
    Middle,
    /// After a CR.
    Cr,
    /// After a dot at the start of a line.
    Dot,
    /// After that dot and a CR.
    DotCr,
}

/// Takes a message in.
#[derive(Debug)]
pub struct Dots {
    at: At,
    text: Vec<u8>,
    max: usize,
    is_over: bool,
}

impl Dots {
    /// Room for a message of at most `max` bytes; what is longer is read to its end and thrown away.
    pub fn new(max: usize) -> Self {
        Self {
            at: At::Start,
            text: Vec::new(),
            max,
            is_over: false,
        }
    }

    /// Takes bytes; gives how many belonged to the message when its end was among them.
    pub fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        for (n, byte) in bytes.iter().enumerate() {
            self.at = match (self.at, byte) {
                (At::Start, b'.') => At::Dot,
                (At::Dot, b'\r') => At::DotCr,
                (At::DotCr, b'\n') => return Some(n + 1),
                // ".\r" was text after all; the dot was doubled by the sender or should have been.
                (At::DotCr, _) => {
                    self.keep(b'\r');
                    self.keep(*byte);
                    if *byte == b'\r' { At::Cr } else { At::Middle }
                }
                (_, b'\r') => {
                    self.keep(b'\r');
                    At::Cr
                }
                (At::Cr, b'\n') => {
                    self.keep(b'\n');
                    At::Start
                }
                _ => {
                    self.keep(*byte);
                    At::Middle
                }
            };
        }
        None
    }

    fn keep(&mut self, byte: u8) {
        if self.text.len() < self.max {
            self.text.push(byte);
        } else {
            self.is_over = true;
        }
    }

    /// The message; `None` when it was too large.
    pub fn into_message(self) -> Option<Vec<u8>> {
        (!self.is_over).then_some(self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(wire: &str, message: &str, rest: &str) {
        let mut dots = Dots::new(1000);
        let n = dots.take(wire.as_bytes()).expect("an end");
        assert_eq!(
            String::from_utf8(dots.into_message().unwrap()).unwrap(),
            message,
            "{wire:?}"
        );
        assert_eq!(&wire[n..], rest);
    }

    #[test]
    fn dots_are_undone_and_the_end_is_found() {
        check("a\r\n.\r\n", "a\r\n", "");
        check(".\r\nQUIT\r\n", "", "QUIT\r\n");
        check("..\r\n...b\r\n.\r\n", ".\r\n..b\r\n", "");
        check(".c\r\n.\r\n", "c\r\n", "");
        check("a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", "");
        check("a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", "");
        check("a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", "");
        check("a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", "");
    }

    #[test]
    fn what_is_too_large_is_read_to_its_end() {
        let mut dots = Dots::new(3);
        assert_eq!(dots.take(b"abcdef\r\n.\r\n"), Some(11));
        assert_eq!(dots.into_message(), None);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(lines in prop::collection::vec("[.a\r\n]{0,6}", 0..8), cut in 0_usize..40) {
            let mut wire = lines.join("\r\n").into_bytes();
            wire.extend(b"\r\n.\r\n");
            let mut whole = Dots::new(1000);
            let end = whole.take(&wire);
            let (head, tail) = wire.split_at(cut.min(wire.len()));
            let mut pieces = Dots::new(1000);
            let in_pieces = pieces.take(head).or_else(|| pieces.take(tail).map(|n| n + head.len()));
            prop_assert_eq!(end, in_pieces);
            prop_assert_eq!(whole.into_message(), pieces.into_message());
        }

        #[test]
        fn any_message_comes_through(text in "([.a b]{0,5}\r\n){0,8}") {
            let wire: String = text.split_inclusive("\r\n").map(|line| if line.starts_with('.') { format!(".{line}") } else { line.to_owned() }).collect();
            let mut dots = Dots::new(1000);
            prop_assert_eq!(dots.take(format!("{wire}.\r\n").as_bytes()), Some(wire.len() + 3));
            prop_assert_eq!(dots.into_message().unwrap(), text.into_bytes());
        }
    }
}
