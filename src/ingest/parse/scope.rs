//! What an element inherits: namespaces, base address, language.

use url::Url;

use super::entities;
use super::vocabulary::{Ns, namespace, usual_prefix};
use super::xml::Attributes;

/// Namespace declarations in force at once; more are ignored, so that lookups stay cheap.
const DECLARATIONS_MAX: usize = 128;

/// Inherited values, as a stack.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    declarations: Vec<(&'a str, Ns)>,
    bases: Vec<Url>,
    languages: Vec<String>,
}

/// How deep the scope was before an element was opened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    declarations: usize,
    bases: usize,
    languages: usize,
}

impl<'a> Scope<'a> {
    pub(super) fn new(url: &str) -> Self {
        Self {
            bases: Url::parse(url).into_iter().collect(),
            ..Self::default()
        }
    }

    pub(super) const fn mark(&self) -> Mark {
        Mark {
            declarations: self.declarations.len(),
            bases: self.bases.len(),
            languages: self.languages.len(),
        }
    }

    /// Takes in what an element declares; gives its `xmlns` declarations to `seen`.
    pub(super) fn enter(&mut self, attributes: &'a str, mut seen: impl FnMut(&str, &str)) {
        if !(attributes.contains("xml") || attributes.contains("base") || attributes.contains("lang")) {
            return;
        }
        for (name, value) in Attributes::new(attributes) {
            let prefix = if name == "xmlns" {
                Some("")
            } else {
                name.strip_prefix("xmlns:")
            };
            if let Some(prefix) = prefix {
                seen(prefix, value);
                if self.declarations.len() < DECLARATIONS_MAX {
                    let ns = namespace(value).unwrap_or_else(|| match prefix {
                        "" => Ns::Core,
                        _ => usual_prefix(prefix),
                    });
                    self.declarations.push((prefix, ns));
                }
            } else if matches!(name, "xml:base" | "base") {
                if let Some(base) = self.join(&entities::decode(value)) {
                    self.bases.push(base);
                }
            } else if matches!(name, "xml:lang" | "lang") {
                self.languages.push(value.replace('_', "-"));
            }
        }
    }

    /// Forgets what was declared since.
    pub(super) fn leave(&mut self, mark: Mark) {
        self.declarations.truncate(mark.declarations);
        self.bases.truncate(mark.bases);
        self.languages.truncate(mark.languages);
    }

    /// Namespace and local part of a name as written.
    pub(super) fn split<'n>(&self, name: &'n str) -> (Ns, &'n str) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let declared = self
            .declarations
            .iter()
            .rev()
            .find(|(known, _)| *known == prefix)
            .map(|(_, ns)| *ns);
        let ns = declared.unwrap_or_else(|| {
            if prefix.is_empty() {
                Ns::Core
            } else {
                usual_prefix(prefix)
            }
        });
        (ns, local)
    }

    /// The base address, empty when there is none.
    pub(super) fn base(&self) -> &str {
        self.bases.last().map_or("", Url::as_str)
    }

    /// The language in force, possibly empty.
    pub(super) fn language(&self) -> &str {
        self.languages.last().map_or("", String::as_str)
    }

    fn join(&self, address: &str) -> Option<Url> {
        let address = address.trim();
        match self.bases.last() {
            Some(base) => base.join(address).ok(),
            None => Url::parse(address).ok(),
        }
    }

    /// An address made absolute, if it is not; as written where that is not possible.
    pub(super) fn resolve(&self, address: &str) -> String {
        resolve(self.bases.last(), address)
    }
}

/// An address made absolute against a base, if it is not; as written where that is not possible.
pub(super) fn resolve(base: Option<&Url>, address: &str) -> String {
    let address = address.trim();
    let has_scheme = address.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    });
    if address.is_empty() || has_scheme {
        return address.to_owned();
    }
    base.and_then(|base| base.join(address).ok())
        .map_or_else(|| address.to_owned(), String::from)
}
