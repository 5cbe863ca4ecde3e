//! Which token key this installation uses: one made here and kept, or a configured one of which only a fingerprint is
//! kept. A daemon that gets its key from a credential and a pipe that does not would otherwise sign with two keys, and
//! the links of one would fail at the other.

use crate::store::rusqlite::{Connection, Transaction};
use crate::store::{Result, StoreError, settings};
use crate::token::TokenKey;

const KEPT: &str = "token_key";
const FINGERPRINT: &str = "token_key_fingerprint";

/// What the database knows of the key in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInUse {
    /// The key made here, if one was.
    pub kept: Option<TokenKey>,
    /// The fingerprint of the key links were signed with, if any were.
    pub fingerprint: Option<Vec<u8>>,
}

impl KeyInUse {
    /// Reads it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(connection: &Connection) -> Result<Self> {
        let kept = settings::get(connection, KEPT)?.and_then(|bytes| bytes.try_into().ok());
        Ok(Self {
            kept: kept.map(TokenKey::from_bytes),
            fingerprint: settings::get(connection, FINGERPRINT)?,
        })
    }

    /// The key to use with this configured one; `None` when none is in use yet.
    ///
    /// # Errors
    /// [`StoreError::OtherKey`] when another one is in use.
    pub fn usable(&self, configured: Option<&TokenKey>) -> Result<Option<TokenKey>> {
        let in_use = self
            .fingerprint
            .clone()
            .or_else(|| self.kept.as_ref().map(|key| key.fingerprint().to_vec()));
        match (configured.or(self.kept.as_ref()), in_use) {
            (_, None) => Ok(None),
            (Some(key), Some(in_use)) if key.fingerprint().as_slice() == in_use => Ok(Some(key.clone())),
            (_, Some(_)) => Err(StoreError::OtherKey),
        }
    }
}

/// The key from now on: the configured one, else the one kept here, else `fresh`, which is then kept. Links signed with
/// another one fail from here on.
///
/// # Errors
/// When the database fails.
pub fn adopt(tx: &Transaction<'_>, configured: Option<TokenKey>, fresh: [u8; 32]) -> Result<TokenKey> {
    let key = if let Some(key) = configured.or(KeyInUse::read(tx)?.kept) {
        key
    } else {
        settings::put(tx, KEPT, &fresh)?;
        TokenKey::from_bytes(fresh)
    };
    settings::put(tx, FINGERPRINT, &key.fingerprint())?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is kept, whose fingerprint is noted and what is configured, against the key to use: `refused`, or none yet.
    #[track_caller]
    fn check(kept: Option<&str>, in_use: Option<&str>, configured: Option<&str>, expected: &str) {
        let key = |secret: &str| TokenKey::from_secret(secret);
        let known = KeyInUse {
            kept: kept.map(key),
            fingerprint: in_use.map(|secret| key(secret).fingerprint().to_vec()),
        };
        match known.usable(configured.map(key).as_ref()) {
            Ok(Some(used)) => assert_eq!(used, key(expected)),
            Ok(None) => assert_eq!(expected, "none"),
            Err(_) => assert_eq!(expected, "refused"),
        }
    }

    #[test]
    fn one_key_is_used_by_all() {
        check(None, None, None, "none");
        check(None, None, Some("a"), "none");
        check(Some("made"), None, None, "made");
        check(Some("made"), Some("made"), None, "made");
        check(None, Some("a"), Some("a"), "a");
        check(Some("made"), Some("a"), Some("a"), "a");
    }

    #[test]
    fn another_key_is_refused() {
        check(None, Some("a"), None, "refused");
        check(None, Some("a"), Some("b"), "refused");
        check(Some("made"), None, Some("b"), "refused");
        check(Some("made"), Some("a"), None, "refused");
    }
}
