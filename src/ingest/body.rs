//! Content codings undone, with a limit on what comes out. Not left to the HTTP client, so that bytes on the wire and
//! bytes after decoding are limited each for itself.

use std::io::Read;

/// Codings within codings that are undone.
const CODINGS_MAX: usize = 3;
/// Largest window a zstd body may ask for, 8 MiB (RFC 9659).
const ZSTD_WINDOW_LOG: u32 = 23;

/// Why a body cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More than the limit came out.
    #[error("the document is larger than {0} bytes after decompression (limit body_max)")]
    TooLarge(u64),
    /// It is cut off or damaged.
    #[error("the {0} body is cut off or damaged")]
    Damaged(&'static str),
    /// A coding nobody asked for.
    #[error("the server used the content coding `{0}`, which was not asked for")]
    Unknown(String),
}

/// Undoes what `Content-Encoding` names, in reverse order. A body that is gzip once more without saying so (a `.gz`
/// file served as it is) is undone as well.
///
/// # Errors
/// [`BodyError`].
pub fn decode(wire: Vec<u8>, content_encoding: &str, body_max: u64) -> Result<Vec<u8>, BodyError> {
    let codings: Vec<&str> = content_encoding
        .split(',')
        .map(str::trim)
        .filter(|c| !c.is_empty())
        .collect();
    if codings.len() > CODINGS_MAX {
        return Err(BodyError::Unknown(content_encoding.chars().take(60).collect()));
    }
    let mut body = wire;
    for coding in codings.iter().rev() {
        body = match coding.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => gunzip(&body, body_max)?,
            "br" => read_limited(
                brotli_decompressor::Decompressor::new(body.as_slice(), 8_192),
                "br",
                body_max,
            )?,
            "zstd" => unzstd(&body, body_max)?,
            "deflate" => inflate(&body, body_max)?,
            // Some servers name a character set here; nothing was done to the bytes.
            "identity" | "none" | "utf-8" | "utf8" | "iso-8859-1" | "binary" => body,
            other => return Err(BodyError::Unknown(other.chars().take(60).collect())),
        };
    }
    if body.starts_with(&[0x1f, 0x8b, 8]) {
        body = gunzip(&body, body_max)?;
    }
    if body.len() as u64 > body_max {
        return Err(BodyError::TooLarge(body_max));
    }
    Ok(body)
}

fn gunzip(body: &[u8], body_max: u64) -> Result<Vec<u8>, BodyError> {
    read_limited(flate2::read::GzDecoder::new(body), "gzip", body_max)
}

/// RFC 9110 says zlib; some servers send raw deflate.
fn inflate(body: &[u8], body_max: u64) -> Result<Vec<u8>, BodyError> {
    match read_limited(flate2::read::ZlibDecoder::new(body), "deflate", body_max) {
        Err(BodyError::Damaged(_)) => read_limited(flate2::read::DeflateDecoder::new(body), "deflate", body_max),
        result => result,
    }
}

fn unzstd(body: &[u8], body_max: u64) -> Result<Vec<u8>, BodyError> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body).map_err(|_| BodyError::Damaged("zstd"))?;
    decoder
        .window_log_max(ZSTD_WINDOW_LOG)
        .map_err(|_| BodyError::Damaged("zstd"))?;
    read_limited(decoder, "zstd", body_max)
}

fn read_limited(decoder: impl Read, coding: &'static str, body_max: u64) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    decoder
        .take(body_max.saturating_add(1))
        .read_to_end(&mut body)
        .map_err(|_| BodyError::Damaged(coding))?;
    if body.len() as u64 > body_max {
        return Err(BodyError::TooLarge(body_max));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// "hello, feed" by the reference encoder.
    const BROTLI: &[u8] = &[
        0x0b, 0x05, 0x80, b'h', b'e', b'l', b'l', b'o', b',', b' ', b'f', b'e', b'e', b'd', 0x03,
    ];

    #[track_caller]
    fn check(wire: Vec<u8>, coding: &str, expected: Result<&[u8], BodyError>) {
        assert_eq!(decode(wire, coding, 1_000), expected.map(<[u8]>::to_vec));
    }

    #[test]
    fn codings_are_undone() {
        check(b"plain".to_vec(), "", Ok(b"plain"));
        check(b"plain".to_vec(), "identity", Ok(b"plain"));
        check(b"plain".to_vec(), "UTF-8", Ok(b"plain"));
        check(gzip(b"text"), "gzip", Ok(b"text"));
        check(gzip(b"text"), "X-GZIP", Ok(b"text"));
        check(gzip(b"text"), "", Ok(b"text"));
        check(gzip(&gzip(b"text")), "gzip, gzip", Ok(b"text"));
        check(zlib(b"text"), "deflate", Ok(b"text"));
        check(BROTLI.to_vec(), "br", Ok(b"hello, feed"));
        check(zstd::encode_all(&b"text"[..], 3).unwrap(), "zstd", Ok(b"text"));
        check(zlib(&gzip(b"text")), "gzip, deflate", Ok(b"text"));
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        let zeros = vec![0; 4 << 20];
        check(gzip(&zeros), "gzip", Err(BodyError::TooLarge(1_000)));
        check(zlib(&zeros), "deflate", Err(BodyError::TooLarge(1_000)));
        check(
            zstd::encode_all(&zeros[..], 3).unwrap(),
            "zstd",
            Err(BodyError::TooLarge(1_000)),
        );
        check(gzip(&gzip(&zeros)), "", Err(BodyError::TooLarge(1_000)));
        check(vec![b'a'; 1_001], "", Err(BodyError::TooLarge(1_000)));
    }

    #[test]
    fn damaged_bodies_are_errors() {
        let whole = gzip(&(0..900_u32).map(|i| (i * i % 251) as u8).collect::<Vec<_>>());
        check(
            whole[..whole.len() - 9].to_vec(),
            "gzip",
            Err(BodyError::Damaged("gzip")),
        );
        check(
            whole[..whole.len() / 2].to_vec(),
            "gzip",
            Err(BodyError::Damaged("gzip")),
        );
        check(b"not gzip".to_vec(), "gzip", Err(BodyError::Damaged("gzip")));
        check(BROTLI[..8].to_vec(), "br", Err(BodyError::Damaged("br")));
        let packed = zstd::encode_all(&vec![7; 900][..], 3).unwrap();
        check(
            packed[..packed.len() - 2].to_vec(),
            "zstd",
            Err(BodyError::Damaged("zstd")),
        );
        check(b"x".to_vec(), "rot13", Err(BodyError::Unknown("rot13".into())));
        check(
            b"x".to_vec(),
            "gzip,gzip,gzip,gzip",
            Err(BodyError::Unknown("gzip,gzip,gzip,gzip".into())),
        );
    }
}
