//! Options that hold several values: lists of strings, names with strings, names with numbers.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::DeValue;

use super::notes::Located;
use super::source::At;
use super::table::{Table, float};

/// Most elements of a list.
const LIST_MAX: usize = 5000;

impl<'a> Table<'a> {
    /// A list of strings on one line each.
    pub(super) fn strings(&mut self, key: &'static str) -> Vec<Located<&'a str>> {
        let Some((value, _)) = self.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array().filter(|items| items.len() <= LIST_MAX) else {
            self.wrong(
                key,
                value,
                "list of strings",
                format!("write it in brackets: `{key} = [\"...\"]`"),
            );
            return Vec::new();
        };
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            let at = At {
                file: self.at.file,
                offset: item.span().start,
            };
            match item.get_ref().as_str().map(str::trim) {
                Some(text) if !text.is_empty() && !text.chars().any(char::is_control) => {
                    found.push(Located { value: text, at });
                }
                _ => self.wrong(key, item, "string on one line", "write it in quotes"),
            }
        }
        found
    }

    /// Names with strings: `{ "X-Key" = "..." }`.
    pub(super) fn pairs(&mut self, key: &'static str) -> Vec<(Located<&'a str>, &'a str)> {
        let mut found = Vec::new();
        for (name, value) in self.inner(key) {
            match value.get_ref().as_str() {
                Some(text) => found.push((name, text)),
                None => self.wrong(key, value, "string", "write it in quotes"),
            }
        }
        found
    }

    /// Names with numbers within bounds: `{ "rate cut" = 2.0 }`. A list of names gives each 1.0.
    pub(super) fn weights(&mut self, key: &'static str, bounds: RangeInclusive<f64>) -> BTreeMap<String, Located<f64>> {
        let is_list = self
            .entries
            .and_then(|entries| entries.get(key))
            .is_some_and(|value| value.get_ref().is_array());
        if is_list {
            let named = self.strings(key).into_iter();
            return named
                .map(|item| {
                    (
                        item.value.to_owned(),
                        Located {
                            value: 1.0,
                            at: item.at,
                        },
                    )
                })
                .collect();
        }
        let mut found = BTreeMap::new();
        for (name, value) in self.inner(key) {
            if let Some(number) = float(value.get_ref()).filter(|number| bounds.contains(number)) {
                found.insert(
                    name.value.to_owned(),
                    Located {
                        value: number,
                        at: name.at,
                    },
                );
            } else {
                let wanted = format!("number from {:?} to {:?}", bounds.start(), bounds.end());
                self.wrong(
                    key,
                    value,
                    &wanted,
                    format!("write it like `{key} = {{ \"{}\" = 1.0 }}`", name.value),
                );
            }
        }
        found
    }

    fn inner(&mut self, key: &'static str) -> Vec<(Located<&'a str>, &'a Spanned<DeValue<'a>>)> {
        let Some((value, _)) = self.get(key) else {
            return Vec::new();
        };
        let Some(entries) = value.get_ref().as_table() else {
            self.wrong(
                key,
                value,
                "table",
                format!("write it like `{key} = {{ \"name\" = ... }}`"),
            );
            return Vec::new();
        };
        let file = self.at.file;
        let name = |key: &'a Spanned<_>| -> Located<&'a str> {
            let text: &std::borrow::Cow<'_, str> = key.get_ref();
            Located {
                value: text,
                at: At {
                    file,
                    offset: key.span().start,
                },
            }
        };
        entries
            .iter()
            .take(LIST_MAX)
            .map(|(key, value)| (name(key), value))
            .collect()
    }
}
