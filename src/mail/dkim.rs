//! DKIM signatures (RFC 6376, RFC 8463), for relays that do not sign.
//!
//! relaxed/relaxed, no `l=`, one signature a key. Each header that receivers show or act on is named once more than it
//! is there, so that none can be added behind our back (RFC 6376, 8.15); `List-Unsubscribe` and `List-Unsubscribe-Post`
//! are among them, as RFC 8058 demands. `t=` is the one thing that differs between two attempts at a message.

use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::config::{DkimKey, DkimSettings};

/// Headers that are signed, each named twice: ours stand once in a message.
const HEADERS: [&str; 14] = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "MIME-Version",
    "Content-Type",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
    "Cc",
];
/// Shortest RSA key, in bits (RFC 8301).
const RSA_BITS_MIN: usize = 1024;

/// Signs messages.
pub struct Signer {
    keys: Vec<(Key, PublishedKey)>,
}

enum Key {
    Rsa(Box<DkimSigner<RsaKey<Sha256>, Done>>),
    Ed25519(Box<DkimSigner<Ed25519Key, Done>>),
}

impl Signer {
    /// Reads the keys.
    ///
    /// # Errors
    /// A message for the operator that names the selector.
    pub fn new(settings: &DkimSettings) -> Result<Self, String> {
        let keys = settings
            .keys
            .iter()
            .map(|key| read(key, &settings.domain).map_err(|e| format!("DKIM key `{}`: {e}", key.selector)))
            .collect::<Result<_, _>>()?;
        Ok(Self { keys })
    }

    /// What must stand in DNS for each key.
    pub fn published(&self) -> impl Iterator<Item = &PublishedKey> {
        self.keys.iter().map(|(_, published)| published)
    }

    /// The message with its signatures before it.
    ///
    /// # Errors
    /// When a key cannot sign.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let mut signed = Vec::with_capacity(message.len() + 1024);
        for (key, _) in &self.keys {
            let signature = match key {
                Key::Rsa(signer) => signer.sign(message),
                Key::Ed25519(signer) => signer.sign(message),
            };
            let header = signature.map_err(|e| format!("DKIM: {e}"))?.to_header();
            signed.extend_from_slice(header.as_bytes());
        }
        signed.extend_from_slice(message);
        Ok(signed)
    }
}

/// The public half of a key we sign with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedKey {
    /// `s=`: its name in DNS below `_domainkey`.
    pub selector: String,
    /// `rsa` or `ed25519`.
    pub kind: &'static str,
    /// For RSA the `RSAPublicKey` of PKCS#1, for Ed25519 the 32 bytes.
    pub key: Vec<u8>,
}

impl PublishedKey {
    /// Whether the `p=` of a record is this key. RSA keys stand in DNS with a header before them, or without (RFC 6376
    /// allows both to be met).
    #[must_use]
    pub fn is(&self, published: &str) -> bool {
        let published = data_encoding::BASE64.decode(published.as_bytes());
        published.is_ok_and(|published| match self.kind {
            "rsa" => published.ends_with(&self.key),
            _ => published == self.key,
        })
    }

    /// The TXT record to publish.
    #[must_use]
    pub fn record(&self) -> String {
        let key = match self.kind {
            "rsa" => public_key_info(&self.key),
            _ => self.key.clone(),
        };
        format!("v=DKIM1; k={}; p={}", self.kind, data_encoding::BASE64.encode(&key))
    }
}

/// An RSA key as `SubjectPublicKeyInfo` (RFC 5280), which verifiers expect.
fn public_key_info(key: &[u8]) -> Vec<u8> {
    // rsaEncryption, without parameters.
    const ALGORITHM: [u8; 15] = [48, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 1, 5, 0];
    let bits = der(3, &[&[0], key].concat());
    der(48, &[ALGORITHM.as_slice(), &bits].concat())
}

/// One DER element.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let n_zero = length.iter().take_while(|byte| **byte == 0).count();
    let significant = length.get(n_zero..).unwrap_or_default();
    let mut out = vec![tag];
    if content.len() >= 128 {
        // At most eight bytes.
        out.push(0x80 | u8::try_from(significant.len()).unwrap_or(0));
    }
    if content.is_empty() {
        out.push(0);
    }
    out.extend_from_slice(significant);
    out.extend_from_slice(content);
    out
}

fn read(key: &DkimKey, domain: &str) -> Result<(Key, PublishedKey), String> {
    let der = PrivateKeyDer::from_pem_slice(key.pem.expose().as_bytes())
        .map_err(|_| "not a private key in PEM (PKCS#8 or PKCS#1)".to_owned())?;
    let published = |kind, bytes| PublishedKey {
        selector: key.selector.clone(),
        kind,
        key: bytes,
    };
    let headers = || HEADERS.iter().chain(&HEADERS).copied();
    if let PrivateKeyDer::Pkcs8(inner) = &der
        && let Ok(ed25519) = Ed25519Key::from_pkcs8_maybe_unchecked_der(inner.secret_pkcs8_der())
    {
        let public = published("ed25519", ed25519.public_key());
        let signer = DkimSigner::from_key(ed25519).domain(domain).selector(&key.selector);
        return Ok((Key::Ed25519(Box::new(signer.headers(headers()))), public));
    }
    let rsa = RsaKey::<Sha256>::from_key_der(der).map_err(|e| format!("neither RSA nor Ed25519: {e}"))?;
    // The public key is a little longer than its modulus.
    if rsa.public_key().len() * 8 < RSA_BITS_MIN {
        return Err("shorter than 1024 bits; make one with `openssl genrsa 2048`".to_owned());
    }
    let public = published("rsa", rsa.public_key());
    let signer = DkimSigner::from_key(rsa).domain(domain).selector(&key.selector);
    Ok((Key::Rsa(Box::new(signer.headers(headers()))), public))
}

#[cfg(test)]
mod tests;
