//! Mail addresses: checked, folded for comparing, made safe for the wire. Pure.
//!
//! An address is kept as its owner typed it, for sending. Two forms stand beside it: the *key* (what we compare: local
//! part lower-cased, domain in lower-case A-labels) and the *budget key* (dots and `+detail` cut, so that one mailbox
//! behind many spellings has one budget). What no ordinary mailbox has is refused: quoted local parts, address
//! literals, controls, invisible and bidirectional marks (RFC 5321 section 4.5.3.1 gives the lengths).

use unicode_normalization::UnicodeNormalization;

const LOCAL_OCTETS_MAX: usize = 64;
const DOMAIN_OCTETS_MAX: usize = 255;
const ADDRESS_OCTETS_MAX: usize = 254;

/// A checked address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    local: String,
    typed_domain: String,
    ascii_domain: String,
}

/// Why a text is no address we send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No `@`, or nothing on one side of it.
    #[error("an address looks like `name@example.org`")]
    Shape,
    /// A part is too long.
    #[error("the address is too long")]
    TooLong,
    /// A character that has no place in the name part.
    #[error("the part before the `@` holds a character we do not send to")]
    Local,
    /// No domain name.
    #[error("the part after the `@` is no domain name")]
    Domain,
}

impl Address {
    /// Reads `name@example.org`, surrounding space and one pair of angle brackets aside.
    ///
    /// # Errors
    /// When the text is no address we would send to.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let text = text
            .strip_prefix('<')
            .and_then(|inner| inner.strip_suffix('>'))
            .unwrap_or(text);
        let text: String = text.nfc().collect();
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::Shape)?;
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Shape);
        }
        if local.len() > LOCAL_OCTETS_MAX || text.len() > ADDRESS_OCTETS_MAX {
            return Err(AddressError::TooLong);
        }
        check_local(local)?;
        let ascii_domain = fold_domain(domain)?;
        if local.len() + 1 + ascii_domain.len() > ADDRESS_OCTETS_MAX {
            return Err(AddressError::TooLong);
        }
        Ok(Self {
            local: local.to_owned(),
            typed_domain: domain.to_owned(),
            ascii_domain,
        })
    }

    /// As the person wrote it.
    #[must_use]
    pub fn typed(&self) -> String {
        format!("{}@{}", self.local, self.typed_domain)
    }

    /// For the wire: the domain in A-labels. Only a name part beyond ASCII still needs SMTPUTF8.
    #[must_use]
    pub fn wire(&self) -> String {
        format!("{}@{}", self.local, self.ascii_domain)
    }

    /// What two spellings of one address have in common; what we compare and store.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.ascii_domain)
    }

    /// One key for all spellings that usually reach one mailbox. For budgets only: never an identity.
    #[must_use]
    pub fn budget_key(&self) -> String {
        let local = self.local.to_lowercase();
        let plain = local.split_once('+').map_or(local.as_str(), |(plain, _)| plain);
        format!("{}@{}", plain.replace('.', ""), self.ascii_domain)
    }

    /// The part before the `@`, as typed.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain in lower-case A-labels.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.ascii_domain
    }

    /// Whether the server must offer SMTPUTF8 (RFC 6531) to take it.
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

fn check_local(local: &str) -> Result<(), AddressError> {
    let good = local.chars().all(|c| {
        if c.is_ascii() {
            c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c)
        } else {
            c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
        }
    });
    let dotted = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    if good && !dotted {
        Ok(())
    } else {
        Err(AddressError::Local)
    }
}

fn fold_domain(domain: &str) -> Result<String, AddressError> {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| AddressError::Domain)?;
    let labels_good = ascii.split('.').count() >= 2 && ascii.split('.').all(|label| !label.is_empty());
    let top_is_name = ascii
        .rsplit('.')
        .next()
        .is_some_and(|top| top.chars().any(|c| c.is_ascii_alphabetic()));
    if ascii.len() > DOMAIN_OCTETS_MAX {
        Err(AddressError::TooLong)
    } else if labels_good && top_is_name {
        Ok(ascii)
    } else {
        Err(AddressError::Domain)
    }
}

/// A text with every address in it masked, for people who read over one's shoulder: `a***@e***.org`.
#[must_use]
pub fn masked(text: &str) -> String {
    let mask = |word: &str| {
        let start = |part: &str| {
            part.chars()
                .find(char::is_ascii_alphanumeric)
                .map(String::from)
                .unwrap_or_default()
        };
        let Some((local, domain)) = word.rsplit_once('@') else {
            return word.to_owned();
        };
        let ending = domain.rsplit_once('.').map_or("", |(_, ending)| ending);
        let ending: String = ending.chars().take_while(char::is_ascii_alphanumeric).collect();
        format!("{}***@{}***.{ending}", start(local), start(domain))
    };
    text.split(' ').map(mask).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn key(text: &str, expected: &str) {
        assert_eq!(Address::parse(text).map(|a| a.key()), Ok(expected.to_owned()), "{text}");
    }

    #[track_caller]
    fn refused(text: &str, expected: AddressError) {
        assert_eq!(Address::parse(text), Err(expected), "{text}");
    }

    #[test]
    fn spellings_of_one_address_share_a_key() {
        key("anna@example.org", "anna@example.org");
        key(" <Anna@Example.ORG> ", "anna@example.org");
        key("anna.b+news@example.org.", "anna.b+news@example.org");
        key("anna@Exämple.org", "anna@xn--exmple-cua.org");
        key("anna@xn--exmple-cua.org", "anna@xn--exmple-cua.org");
        key("JÜRGEN@example.org", "jürgen@example.org");
        key("ju\u{308}rgen@example.org", "jürgen@example.org");
        key("o'hara@example.co.uk", "o'hara@example.co.uk");
    }

    #[test]
    fn what_no_mailbox_has_is_refused() {
        refused("", AddressError::Shape);
        refused("anna", AddressError::Shape);
        refused("@example.org", AddressError::Shape);
        refused("anna@", AddressError::Shape);
        refused("\"a b\"@example.org", AddressError::Local);
        refused("a b@example.org", AddressError::Local);
        refused("a\r\nBcc: b@example.org", AddressError::Local);
        refused("a\u{202e}b@example.org", AddressError::Local);
        refused("a\u{200b}b@example.org", AddressError::Local);
        refused(".anna@example.org", AddressError::Local);
        refused("an..na@example.org", AddressError::Local);
        refused("anna@b@example.org", AddressError::Local);
        refused("anna@[127.0.0.1]", AddressError::Domain);
        refused("anna@127.0.0.1", AddressError::Domain);
        refused("anna@localhost", AddressError::Domain);
        refused("anna@exa mple.org", AddressError::Domain);
        refused("anna@-example.org", AddressError::Domain);
        refused("anna@example..org", AddressError::Domain);
        refused(&format!("{}@example.org", "a".repeat(65)), AddressError::TooLong);
    }

    #[test]
    fn a_budget_is_for_a_mailbox() {
        let budget = |text: &str| Address::parse(text).unwrap().budget_key();
        assert_eq!(budget("An.na+x@example.org"), budget("anna@EXAMPLE.org"));
        assert_ne!(budget("anna@example.org"), budget("anna@example.com"));
    }

    #[test]
    fn the_wire_form_has_an_ascii_domain() {
        let address = Address::parse("Anna@exämple.org").unwrap();
        assert_eq!(address.wire(), "Anna@xn--exmple-cua.org");
        assert_eq!(address.typed(), "Anna@exämple.org");
        assert!(!address.needs_smtputf8());
        assert!(Address::parse("jürgen@example.org").unwrap().needs_smtputf8());
    }

    proptest! {
        #[test]
        fn folding_is_idempotent(text in "\\PC{1,20}@\\PC{1,20}\\.[a-z]{2,3}") {
            if let Ok(address) = Address::parse(&text) {
                let again = Address::parse(&address.key()).expect("a key is an address");
                prop_assert_eq!(again.key(), address.key());
                prop_assert!(address.wire().len() <= ADDRESS_OCTETS_MAX);
            }
        }
    }
}
