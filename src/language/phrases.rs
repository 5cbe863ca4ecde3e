//! Strings by key, with places to fill in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Strings of one language by key; templates name them as `w.confirm_intro`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrases(Arc<BTreeMap<String, String>>);

impl Serialize for Phrases {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Phrases {
    /// From a table of strings.
    pub(super) fn new(table: toml::Table) -> Option<Self> {
        Some(Self(Arc::new(table.try_into().ok()?)))
    }

    /// A string with its places filled in: `say("muted", &[("name", "AMD")])`.
    #[must_use]
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        let pattern = self.0.get(key).map_or(key, String::as_str);
        let mut out = String::with_capacity(pattern.len() + 32);
        let mut rest = pattern;
        // One pass: what a value brings along is never read as a place.
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let found = after
                .split_once('}')
                .and_then(|(name, after)| Some((values.iter().find(|(known, _)| *known == name)?.1, after)));
            if let Some((value, after)) = found {
                out.push_str(value);
                rest = after;
            } else {
                out.push('{');
                rest = after;
            }
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::Languages;

    #[test]
    fn places_are_filled_once() {
        assert_eq!(
            Languages::builtin()
                .of("de-AT")
                .say("muted", &[("name", "{name} & Co")]),
            "{name} & Co ist stummgeschaltet"
        );
    }
}
