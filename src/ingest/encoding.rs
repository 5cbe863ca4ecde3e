//! Bytes to text, as browsers do it: byte order mark, then the HTTP charset, then what the document declares, then what
//! the bytes look like. It never fails; what cannot be read becomes U+FFFD.
//!
//! Heuristics, each seen in real feeds:
//! - A declared encoding that does not fit the bytes is passed over. UTF-8 is tried before anything is guessed.
//! - UTF-8 with a few stray bytes is UTF-8 that someone pasted windows-1252 into: only the stray bytes are read so.
//! - The declaration may stand late, after comments or white space: the first 4 KiB are searched.
//! - A document in UTF-16 that declares UTF-8 was converted without telling its declaration; the bytes are right.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::code_pages::{self, CodePage};

/// How much of a document an encoding is guessed from.
const GUESS_MAX_BYTES: usize = 256 * 1024;

/// Stray bytes beyond what valid ones account for, after which a document is not taken for UTF-8.
const STRAY_MAX: usize = 1_000;

/// How far a declaration is looked for.
const DECLARATION_MAX_BYTES: usize = 4096;

/// Decodes a document; `content_type` is the HTTP header, possibly empty.
#[must_use]
pub fn decode<'a>(bytes: &'a [u8], content_type: &str) -> Cow<'a, str> {
    if let Some(text) = by_mark(bytes).or_else(|| by_zero_bytes(bytes)) {
        return text;
    }
    let declared = declared(bytes);
    let declared = declared.as_deref();
    for name in [charset(content_type), declared].into_iter().flatten() {
        match Charset::by_name(name) {
            // Declared wide, but the zero bytes say no.
            Some(Charset::Standard(encoding)) if encoding == UTF_16LE || encoding == UTF_16BE => {}
            Some(charset) => {
                if let Some(text) = charset.decode(bytes) {
                    return text;
                }
            }
            None => {}
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    if let Some(page) = declared.and_then(code_pages::by_name).or_else(|| ebcdic(bytes)) {
        return Cow::Owned(page.decode(bytes));
    }
    mostly_utf8(bytes).unwrap_or_else(|| guess(bytes))
}

/// An encoding we can read.
enum Charset {
    Standard(&'static Encoding),
    CodePage(&'static CodePage),
}

impl Charset {
    fn by_name(name: &str) -> Option<Self> {
        let label = name.trim().to_ascii_lowercase();
        // Names that browsers do not know and feeds use.
        let label = match label.as_str() {
            // ASCII with more in it is UTF-8, or something that has to be guessed.
            "utf8" | "utf_8" | "u8" | "utf-8-sig" | "us-ascii" | "us_ascii" | "ascii" | "646" | "7bit" => "utf-8",
            "gb2312-80" | "gb_2312" | "euc-cn" | "euccn" | "eucgb2312-cn" | "936" | "cp936" | "ms936" => "gb18030",
            "big5-tw" | "big5hkscs" | "cp950" | "ms950" | "950" => "big5",
            "cp932" | "ms932" | "mskanji" | "sjis" | "s-jis" | "932" | "shiftjis" | "s_jis" => "shift_jis",
            "cp949" | "ms949" | "uhc" | "949" | "euckr" | "korean" | "ks_c-5601" => "euc-kr",
            "eucjp" | "ujis" | "u-jis" => "euc-jp",
            "cp874" | "tis_620" => "windows-874",
            "maccyrillic" | "mac-cyrillic" => "x-mac-cyrillic",
            "koi8r" => "koi8-r",
            "koi8u" => "koi8-u",
            "ms-ansi" => "windows-1252",
            "ms-ee" => "windows-1250",
            "ms-cyrl" => "windows-1251",
            "ms-greek" => "windows-1253",
            "ms-turk" => "windows-1254",
            "ms-hebr" => "windows-1255",
            "ms-arab" => "windows-1256",
            "winbaltrim" => "windows-1257",
            other => other,
        };
        code_pages::by_name(label)
            .map(Self::CodePage)
            .or_else(|| Encoding::for_label(label.as_bytes()).map(Self::Standard))
            .or_else(|| Encoding::for_label(label.replace('_', "-").as_bytes()).map(Self::Standard))
    }

    /// The text, if the bytes are valid in this encoding.
    fn decode<'a>(&self, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
        match self {
            Self::Standard(encoding) => encoding.decode_without_bom_handling_and_without_replacement(bytes),
            Self::CodePage(page) if page.is_ascii_based() || !looks_ascii(bytes) => {
                Some(Cow::Owned(page.decode(bytes)))
            }
            Self::CodePage(_) => None,
        }
    }
}

fn looks_ascii(bytes: &[u8]) -> bool {
    bytes.iter().take(256).any(|byte| *byte == b'<')
}

/// By byte order mark. UTF-32 before UTF-16, whose little-endian mark it starts with.
fn by_mark(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe\0\0") {
        return Some(Cow::Owned(utf32(rest, u32::from_le_bytes)));
    }
    if let Some(rest) = bytes.strip_prefix(b"\0\0\xfe\xff") {
        return Some(Cow::Owned(utf32(rest, u32::from_be_bytes)));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Some(UTF_16LE.decode_without_bom_handling(rest).0);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Some(UTF_16BE.decode_without_bom_handling(rest).0);
    }
    let rest = bytes.strip_prefix(b"\xef\xbb\xbf")?;
    Some(std::str::from_utf8(rest).map_or_else(
        |_| mostly_utf8(rest).unwrap_or_else(|| UTF_8.decode_without_bom_handling(rest).0),
        Cow::Borrowed,
    ))
}

/// Without a mark, by where the zero bytes of the first characters are: markup is ASCII.
fn by_zero_bytes(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let (first, _) = bytes.split_first_chunk::<4>()?;
    let zero = first.map(|byte| byte == 0);
    Some(match zero {
        [true, true, true, false] => Cow::Owned(utf32(bytes, u32::from_be_bytes)),
        [false, true, true, true] => Cow::Owned(utf32(bytes, u32::from_le_bytes)),
        [true, false, true, false] => UTF_16BE.decode_without_bom_handling(bytes).0,
        [false, true, false, true] => UTF_16LE.decode_without_bom_handling(bytes).0,
        _ => return None,
    })
}

fn utf32(bytes: &[u8], read: fn([u8; 4]) -> u32) -> String {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|chunk| char::from_u32(read(*chunk)).unwrap_or('\u{fffd}'))
        .collect()
}

/// The charset parameter of a `Content-Type` header.
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    })
}

/// The encoding an XML declaration names, wherever it stands at the start.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..DECLARATION_MAX_BYTES).unwrap_or(bytes);
    let head = if head.starts_with(b"\x4c\x6f\xa7\x94") {
        code_pages::by_name("cp037")?.decode(head)
    } else {
        head.iter()
            .map(|byte| if byte.is_ascii() { char::from(*byte) } else { ' ' })
            .collect()
    };
    let (_, declaration) = head.split_once("<?xml")?;
    let (declaration, _) = declaration.split_once('>')?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let value = value.strip_prefix(['"', '\''])?;
    let end = value.find(['"', '\'', '?'])?;
    value.get(..end).map(|name| name.trim().to_owned())
}

/// `<?xm` in EBCDIC.
fn ebcdic(bytes: &[u8]) -> Option<&'static CodePage> {
    bytes
        .starts_with(b"\x4c\x6f\xa7\x94")
        .then(|| code_pages::by_name("cp037"))
        .flatten()
}

/// UTF-8 in which stray bytes are windows-1252; `None` when there are more stray bytes than characters beyond ASCII.
fn mostly_utf8(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 16);
    let (mut good, mut stray) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().bytes().filter(|byte| *byte >= 0xc2).count();
        text.push_str(chunk.valid());
        let invalid = chunk.invalid();
        stray += usize::from(!invalid.is_empty());
        if stray > good + STRAY_MAX {
            return None;
        }
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(invalid).0);
    }
    (good > stray).then_some(Cow::Owned(text))
}

fn guess(bytes: &[u8]) -> Cow<'_, str> {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes.get(..GUESS_MAX_BYTES).unwrap_or(bytes), true);
    detector
        .guess(None, chardetng::Utf8Detection::Deny)
        .decode_without_bom_handling(bytes)
        .0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], content_type: &str, expected: &str) {
        assert_eq!(decode(bytes, content_type), expected, "{content_type:?} {bytes:?}");
    }

    #[test]
    fn order_of_evidence() {
        check("\u{feff}é".as_bytes(), "text/xml; charset=koi8-r", "é");
        check(b"\xe9", "text/xml; charset=ISO-8859-1", "é");
        check(
            b"<?xml encoding='koi8-r'?>\xd0",
            "text/xml; charset=\"windows-1251\"",
            "<?xml encoding='koi8-r'?>Р",
        );
        check(
            b"<?xml encoding='koi8-r'?>\xd0",
            "text/xml",
            "<?xml encoding='koi8-r'?>п",
        );
        check(
            "<?xml encoding='us-ascii'?>é".as_bytes(),
            "",
            "<?xml encoding='us-ascii'?>é",
        );
        check(
            "<?xml encoding='nonsense'?>é".as_bytes(),
            "",
            "<?xml encoding='nonsense'?>é",
        );
        check("é".as_bytes(), "text/xml; charset=utf-16", "é");
    }

    #[test]
    fn wide_encodings() {
        check(b"<\0a\0", "", "<a");
        check(b"\0<\0a", "", "<a");
        check(b"\xff\xfe<\0a\0", "text/xml; charset=utf-8", "<a");
        check(b"\0\0\xfe\xff\0\0\0<\0\x01\xf6\0", "", "<😀");
        check(b"<\0\0\0a\0\0\0", "", "<a");
    }

    #[test]
    fn old_encodings() {
        check(b"<?xml encoding='cp437'?>\x80", "", "<?xml encoding='cp437'?>Ç");
        check(
            b"<?xml encoding='windows_1251'?>\x80",
            "",
            "<?xml encoding='windows_1251'?>Ђ",
        );
        check(b"\x4c\x6f\xa7\x94\x93\x6e", "", "<?xml>");
    }

    #[test]
    fn mixtures() {
        check(b"\xc3\xa9\xc3\xa9 \x93x\x94 \xc3\xa9", "", "éé “x” é");
        check(b"", "", "");
    }
}
