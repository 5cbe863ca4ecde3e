//! Reading a TOML table option by option: each wrong one is noted where it stands, and the reading goes on.
//!
//! Not a serde derive: that stops at the first mistake of a table, and a file with ten mistakes shall print ten.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::notes::{Located, Notes};
use super::problem::nearest;
use super::source::At;
use super::units;

/// One table of the configuration, or the absence of one (then every option has its default).
pub(super) struct Table<'a> {
    pub(super) notes: &'a Notes<'a>,
    /// What it is called in messages.
    pub(super) place: String,
    /// Where it begins.
    pub(super) at: At,
    section: String,
    pub(super) entries: Option<&'a DeTable<'a>>,
    asked: BTreeSet<&'static str>,
}

impl<'a> Table<'a> {
    pub(super) fn new(notes: &'a Notes<'a>, section: &str, at: At, entries: Option<&'a DeTable<'a>>) -> Self {
        let place = if section.is_empty() {
            String::new()
        } else {
            format!("[{section}]")
        };
        Self {
            notes,
            place,
            at,
            section: section.to_owned(),
            entries,
            asked: BTreeSet::new(),
        }
    }

    /// Whether it stands in the file.
    pub(super) const fn present(&self) -> bool {
        self.entries.is_some()
    }

    /// Whether an option is set.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.is_some_and(|entries| entries.contains_key(key))
    }

    /// Names the options nothing asked for. To be called once all options were asked for.
    pub(super) fn finish(self) {
        let mut options = self.notes.options.borrow_mut();
        options
            .entry(self.section.clone())
            .or_default()
            .extend(self.asked.iter().map(|key| (*key).to_owned()));
        let unknown = self.entries.into_iter().flat_map(DeTable::iter);
        for (key, _) in unknown.filter(|(key, _)| !self.asked.contains(key.get_ref().as_ref())) {
            let at = At {
                file: self.at.file,
                offset: key.span().start,
            };
            let name: String = key.get_ref().chars().take(64).collect();
            let remedy = match nearest(&name, self.asked.iter().copied()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("known here: {}", list(self.asked.iter().copied())),
            };
            let kind = if self.section.is_empty() { "table" } else { "option" };
            self.notes
                .problem(at, &self.place, format!("unknown {kind} `{name}`"), remedy);
        }
    }

    pub(super) fn get(&mut self, key: &'static str) -> Option<(&'a Spanned<DeValue<'a>>, At)> {
        self.asked.insert(key);
        let value = self.entries?.get(key)?;
        Some((
            value,
            At {
                file: self.at.file,
                offset: value.span().start,
            },
        ))
    }

    fn shown(&self, value: &Spanned<DeValue<'_>>) -> String {
        self.notes
            .files
            .get(self.at.file)
            .map(|file| file.excerpt(value.span()))
            .unwrap_or_default()
    }

    /// Notes that an option's value is of the wrong kind.
    pub(super) fn wrong(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str, remedy: impl Into<String>) {
        let at = At {
            file: self.at.file,
            offset: value.span().start,
        };
        let shown = if is_secret(key) {
            "its value".to_owned()
        } else {
            format!("`{}`", self.shown(value))
        };
        self.notes
            .problem(at, &self.place, format!("`{key}`: {shown} is no {wanted}"), remedy);
    }

    /// Notes what is wrong with a value that was read well.
    pub(super) fn problem(&self, at: At, message: impl Into<String>, remedy: impl Into<String>) {
        self.notes.problem(at, &self.place, message, remedy);
    }

    pub(super) fn warning(&self, at: At, message: impl Into<String>, remedy: impl Into<String>) {
        self.notes.warning(at, &self.place, message, remedy);
    }

    /// A string.
    pub(super) fn string(&mut self, key: &'static str) -> Option<Located<&'a str>> {
        let (value, at) = self.get(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong(key, value, "string", format!("write it in quotes: `{key} = \"...\"`"));
            return None;
        };
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.problem(at, format!("`{key}` contains control characters"), "remove them");
            return None;
        }
        Some(Located { value: text, at })
    }

    /// A string on one line, trimmed; what is empty counts as not set.
    pub(super) fn line(&mut self, key: &'static str) -> Option<Located<&'a str>> {
        let found = self.string(key)?;
        if found.value.contains(['\n', '\t']) {
            self.problem(
                found.at,
                format!("`{key}` has more than one line"),
                "write it on one line",
            );
            return None;
        }
        let value = found.value.trim();
        (!value.is_empty()).then_some(Located { value, at: found.at })
    }

    /// A yes or no.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let (value, _) = self.get(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(key, value, "yes or no", "write `true` or `false`, without quotes");
        }
        flag
    }

    /// A whole number within bounds.
    pub(super) fn whole(&mut self, key: &'static str, default: u32, bounds: RangeInclusive<u32>) -> u32 {
        let Some((value, _)) = self.get(key) else {
            return default;
        };
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|n| i64::from_str_radix(&n.as_str().replace('_', ""), n.radix()).ok());
        match number.map(u32::try_from) {
            Some(Ok(number)) if bounds.contains(&number) => number,
            _ => {
                let wanted = format!("whole number from {} to {}", bounds.start(), bounds.end());
                self.wrong(key, value, &wanted, format!("the default is `{key} = {default}`"));
                default
            }
        }
    }

    /// A number within bounds, whole or not.
    pub(super) fn number(&mut self, key: &'static str, default: f64, bounds: RangeInclusive<f64>) -> f64 {
        let Some((value, _)) = self.get(key) else {
            return default;
        };
        if let Some(number) = float(value.get_ref()).filter(|number| bounds.contains(number)) {
            number
        } else {
            let wanted = format!("number from {:?} to {:?}", bounds.start(), bounds.end());
            self.wrong(key, value, &wanted, format!("the default is `{key} = {default:?}`"));
            default
        }
    }

    /// A duration within bounds, if set.
    pub(super) fn duration_set(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<Duration>,
    ) -> Option<Located<Duration>> {
        let (value, at) = self.get(key)?;
        let Some(span) = value.get_ref().as_str().and_then(units::duration) else {
            self.wrong(
                key,
                value,
                "duration",
                format!("write a number and a unit (s, m, h, d, w): `{key} = \"30m\"`"),
            );
            return None;
        };
        if !bounds.contains(&span) {
            let (least, most) = (
                units::write_duration(*bounds.start()),
                units::write_duration(*bounds.end()),
            );
            self.wrong(key, value, &format!("duration from {least} to {most}"), "");
            return None;
        }
        Some(Located { value: span, at })
    }

    /// A duration within bounds.
    pub(super) fn duration(
        &mut self,
        key: &'static str,
        default: Duration,
        bounds: RangeInclusive<Duration>,
    ) -> Duration {
        self.duration_set(key, bounds).map_or(default, |found| found.value)
    }

    /// A size in bytes within bounds.
    pub(super) fn size(&mut self, key: &'static str, default: u64, bounds: RangeInclusive<u64>) -> u64 {
        let Some((value, _)) = self.get(key) else {
            return default;
        };
        match value.get_ref().as_str().and_then(units::size) {
            Some(bytes) if bounds.contains(&bytes) => bytes,
            Some(_) => {
                let (least, most) = (units::write_size(*bounds.start()), units::write_size(*bounds.end()));
                self.wrong(key, value, &format!("size from {least} to {most}"), "");
                default
            }
            None => {
                let example = units::write_size(default);
                self.wrong(
                    key,
                    value,
                    "size",
                    format!("write a number and a unit (B, kB, KiB, MB, MiB): `{key} = \"{example}\"`"),
                );
                default
            }
        }
    }

    /// One of a few words, if set.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        let (value, _) = self.get(key)?;
        let word = value.get_ref().as_str().unwrap_or_default();
        let found = choices
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, choice)| *choice);
        if found.is_none() {
            let names = || choices.iter().map(|(name, _)| *name);
            let remedy = nearest(word, names()).map_or_else(
                || format!("write one of {}", list(names())),
                |name| format!("did you mean `{name}`?"),
            );
            self.wrong(key, value, &format!("choice for `{key}`"), remedy);
        }
        found
    }

    /// A table inside this one; an absent one reads as empty.
    pub(super) fn table(&mut self, key: &'static str) -> Self {
        let section = if self.section.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.section)
        };
        let (entries, at) = match self.get(key) {
            None => (None, self.at),
            Some((value, at)) => {
                if !value.get_ref().is_table() {
                    self.wrong(
                        key,
                        value,
                        "table",
                        format!("write `[{section}]` on a line of its own and its options below"),
                    );
                }
                (value.get_ref().as_table(), at)
            }
        };
        Self::new(self.notes, &section, at, entries)
    }

    /// The tables of an array of tables: `[[feed]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Self> {
        let Some((value, _)) = self.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong(
                key,
                value,
                "list of tables",
                format!("write `[[{key}]]`, with two brackets on each side"),
            );
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for item in items {
            let at = At {
                file: self.at.file,
                offset: item.span().start,
            };
            match item.get_ref().as_table() {
                Some(entries) => tables.push(Self {
                    place: format!("[[{key}]]"),
                    ..Self::new(self.notes, key, at, Some(entries))
                }),
                None => self.wrong(
                    key,
                    item,
                    "table",
                    format!("write `[[{key}]]` on a line of its own and its options below"),
                ),
            }
        }
        tables
    }
}

pub(super) fn float(value: &DeValue<'_>) -> Option<f64> {
    let text = match value {
        DeValue::Float(float) => float.as_str(),
        DeValue::Integer(integer) => integer.as_str(),
        _ => return None,
    };
    text.replace('_', "")
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// Options whose values are never repeated in a message.
fn is_secret(key: &str) -> bool {
    ["password", "token_key", "bearer", "cookie", "headers"].contains(&key)
}

/// `a`, `b`, `c`, cut to a bearable length.
pub(super) fn list<'s>(names: impl Iterator<Item = &'s str>) -> String {
    const NAMES_MAX: usize = 40;
    names
        .take(NAMES_MAX)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
