//! Tokens in addresses and links: confirm (random, stored as a hash), leave and settings (an HMAC, no row needed),
//! return paths (VERP), and hashes that stand for an address. Pure.
//!
//! All tokens are lower-case base32, since mail systems fold the case of local parts, and compare in constant time.
//! A token for one purpose is never valid for another: each has its own label under the HMAC.

use data_encoding::{BASE32_NOPAD, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::model::{DeliveryId, SubscriptionId};

/// Bytes of an HMAC kept in a leave or settings token: 128 bits.
const MAC_BYTES: usize = 16;
/// Bytes of an HMAC kept in a return path: 80 bits, so that the local part stays under 64 octets.
const VERP_MAC_BYTES: usize = 10;
/// Random bytes of a confirm token: 160 bits, 32 characters without a rest.
const CONFIRM_BYTES: usize = 20;
const ID_BYTES: usize = 8;
/// Longest text looked at as a token.
const TOKEN_CHARS_MAX: usize = 100;

/// The installation's key. It never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// A key made once for this installation and kept in the database.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key from the operator's secret, of any length.
    #[must_use]
    pub fn from_secret(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Tells one key from another without giving anything of it away.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 8] {
        let mac = self.mac("fingerprint", &[]);
        std::array::from_fn(|at| mac.get(at).copied().unwrap_or_default())
    }

    fn mac(&self, label: &str, message: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(label.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey(…)")
    }
}

/// The token that ends a subscription; valid as long as the row exists.
#[must_use]
pub fn leave_token(key: &TokenKey, id: SubscriptionId) -> String {
    signed_id(key, "leave", id.get())
}

/// The subscription a leave token names, if it is genuine. Case and surrounding space do not matter.
#[must_use]
pub fn check_leave(key: &TokenKey, token: &str) -> Option<SubscriptionId> {
    check_signed_id(key, "leave", token).map(SubscriptionId::new)
}

/// The token of a subscription's settings page.
#[must_use]
pub fn settings_token(key: &TokenKey, id: SubscriptionId) -> String {
    signed_id(key, "settings", id.get())
}

/// The subscription a settings token names, if it is genuine.
#[must_use]
pub fn check_settings(key: &TokenKey, token: &str) -> Option<SubscriptionId> {
    check_signed_id(key, "settings", token).map(SubscriptionId::new)
}

/// The token in the answer address of a digest: it shows who answers, and opens nothing that cannot be undone.
#[must_use]
pub fn reply_token(key: &TokenKey, id: SubscriptionId) -> String {
    signed_id(key, "reply", id.get())
}

/// The subscription a reply token names, if it is genuine.
#[must_use]
pub fn check_reply(key: &TokenKey, token: &str) -> Option<SubscriptionId> {
    check_signed_id(key, "reply", token).map(SubscriptionId::new)
}

/// A confirm token from 20 random bytes: what the mail carries. Only [`confirm_hash`] of it is stored.
#[must_use]
pub fn confirm_token(random: [u8; CONFIRM_BYTES]) -> String {
    encode(&random)
}

/// What is stored of a confirm token, and looked up when one comes back: its SHA-256. `None` when the text cannot be
/// a confirm token.
#[must_use]
pub fn confirm_hash(token: &str) -> Option<[u8; 32]> {
    let bytes = decode(token)?;
    (bytes.len() == CONFIRM_BYTES).then(|| Sha256::digest(&bytes).into())
}

/// What is stored for a further digest that waits for the same confirm token: two rows never share a hash.
#[must_use]
pub fn confirm_hash_with(hash: &[u8; 32], digest: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(hash)
        .chain_update(digest.as_bytes())
        .finalize()
        .into()
}

/// Whether two hashes are equal, in constant time.
#[must_use]
pub fn same_hash(a: &[u8], b: &[u8]) -> bool {
    bool::from(a.ct_eq(b))
}

/// The return path of a delivery: `bounces+{id}-{mac}@{domain}`.
#[must_use]
pub fn verp_address(key: &TokenKey, id: DeliveryId, domain: &str) -> String {
    let mac = key.mac("verp", &id.get().to_be_bytes());
    let mac = mac.get(..VERP_MAC_BYTES).unwrap_or(&mac);
    format!("bounces+{}-{}@{domain}", id.get(), encode(mac))
}

/// The delivery a return path names, if we made it. The domain is not compared: MTAs rewrite it.
#[must_use]
pub fn check_verp(key: &TokenKey, address: &str) -> Option<DeliveryId> {
    let (local, _) = address.split_once('@')?;
    let (name, detail) = local.split_once('+')?;
    if !name.eq_ignore_ascii_case("bounces") {
        return None;
    }
    let (id, mac) = detail.split_once('-')?;
    let id: i64 = id.parse().ok().filter(|id| *id >= 0)?;
    let expected = key.mac("verp", &id.to_be_bytes());
    same_hash(expected.get(..VERP_MAC_BYTES)?, &decode(mac)?).then(|| DeliveryId::new(id))
}

/// Stands for an address where none may be kept (suppressions, budgets): HMAC of its folded form.
#[must_use]
pub fn address_hash(key: &TokenKey, address_key: &str) -> [u8; 32] {
    key.mac("address", address_key.as_bytes())
}

fn signed_id(key: &TokenKey, label: &str, id: i64) -> String {
    let id = id.to_be_bytes();
    let mac = key.mac(label, &id);
    let token: Vec<u8> = id.into_iter().chain(mac.into_iter().take(MAC_BYTES)).collect();
    encode(&token)
}

fn check_signed_id(key: &TokenKey, label: &str, token: &str) -> Option<i64> {
    let bytes = decode(token)?;
    let (id, mac) = bytes.split_at_checked(ID_BYTES)?;
    let expected = key.mac(label, id);
    let genuine = same_hash(expected.get(..MAC_BYTES)?, mac);
    genuine
        .then(|| id.try_into().map(i64::from_be_bytes))
        .and_then(Result::ok)
}

const BASE32: Encoding = BASE32_NOPAD;

fn encode(bytes: &[u8]) -> String {
    BASE32.encode(bytes).to_ascii_lowercase()
}

fn decode(token: &str) -> Option<Vec<u8>> {
    let token = token.trim();
    if token.is_empty() || token.len() > TOKEN_CHARS_MAX {
        return None;
    }
    BASE32.decode(token.to_ascii_uppercase().as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> TokenKey {
        TokenKey::from_bytes([7; 32])
    }

    #[test]
    fn a_leave_token_names_its_subscription() {
        let token = leave_token(&key(), SubscriptionId::new(42));
        assert_eq!(token.len(), 39);
        assert_eq!(check_leave(&key(), &token), Some(SubscriptionId::new(42)));
        assert_eq!(
            check_leave(&key(), &format!(" {}\n", token.to_uppercase())),
            Some(SubscriptionId::new(42))
        );
    }

    #[test]
    fn a_token_is_for_one_purpose_and_one_key() {
        let token = leave_token(&key(), SubscriptionId::new(42));
        assert_eq!(check_settings(&key(), &token), None);
        assert_eq!(check_reply(&key(), &token), None);
        assert_eq!(check_leave(&TokenKey::from_secret("another"), &token), None);
    }

    #[test]
    fn a_confirm_token_is_kept_as_its_hash() {
        let token = confirm_token([9; 20]);
        assert_eq!(token.len(), 32);
        assert_eq!(confirm_hash(&token), confirm_hash(&token.to_uppercase()));
        assert_eq!(confirm_hash("short"), None);
        assert_eq!(confirm_hash(""), None);
    }

    #[test]
    fn a_return_path_survives_folding_and_stays_short() {
        let address = verp_address(&key(), DeliveryId::new(i64::MAX), "news.example.org");
        assert!(address.split('@').next().unwrap().len() <= 64, "{address}");
        assert_eq!(
            check_verp(&key(), &address.to_uppercase()),
            Some(DeliveryId::new(i64::MAX))
        );
        let forged = address.replacen('9', "8", 1);
        assert_eq!(check_verp(&key(), &forged), None);
    }

    #[test]
    fn keys_do_not_show() {
        assert_eq!(format!("{:?}", key()), "TokenKey(…)");
    }

    proptest! {
        #[test]
        fn every_id_round_trips(id in any::<i64>()) {
            let id = SubscriptionId::new(id);
            prop_assert_eq!(check_leave(&key(), &leave_token(&key(), id)), Some(id));
            prop_assert_eq!(check_settings(&key(), &settings_token(&key(), id)), Some(id));
            prop_assert_eq!(check_reply(&key(), &reply_token(&key(), id)), Some(id));
        }

        #[test]
        fn no_text_is_a_token_by_chance(text in "\\PC{0,60}") {
            prop_assert_eq!(check_leave(&key(), &text), None);
            prop_assert_eq!(check_verp(&key(), &text), None);
            let _ = confirm_hash(&text);
        }

        #[test]
        fn one_changed_character_breaks_a_token(position in 0_usize..39, letter in "[a-z2-7]") {
            let token = leave_token(&key(), SubscriptionId::new(42));
            let mut changed = token.clone();
            changed.replace_range(position..=position, &letter);
            if changed != token {
                prop_assert_eq!(check_leave(&key(), &changed), None);
            }
        }
    }
}
