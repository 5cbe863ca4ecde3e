//! An operator's own language file, held against the English one: what it has too much, what it leaves out, which places
//! (`{title}`) it must fill. What is left out is said in English, or as before in a language that is built in.

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::{Language, builtin_text};

/// Longest string, in characters; the longest built-in one has a fifth of it.
const STRING_MAX: usize = 1_000;

/// What is wrong with a string of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, in bytes from the start.
    pub offset: usize,
    /// Which string: `[service] muted`.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    pub remedy: String,
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The language; none with faults.
    pub language: Option<Language>,
    /// Strings it leaves out, which are said in English.
    pub missing: Vec<String>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// Reads the file of a language.
#[must_use]
pub fn read(code: &str, text: &str) -> Read {
    let english: Table = parse(builtin_text("en"));
    let builtin = builtin_text(code);
    let mut base = builtin.map_or_else(|| english.clone(), |text| parse(Some(text)));
    if builtin.is_none() {
        base.insert("name".to_owned(), code.into());
    }
    let mut reading = Reading {
        missing: Vec::new(),
        faults: Vec::new(),
    };
    let (own, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        let offset = error.span().map_or(0, |span| span.start);
        reading.fault(offset, "", format!("not TOML: {message}"), "");
    }
    let whole = reading.table("", own.get_ref(), &base, &english);
    let language = reading
        .faults
        .is_empty()
        .then(|| Language::of_table(code, &whole))
        .flatten();
    if language.is_none() && reading.faults.is_empty() {
        reading.fault(
            0,
            "",
            "cannot be used".to_owned(),
            "begin with a copy of the English file",
        );
    }
    if builtin.is_some() {
        reading.missing.clear();
    }
    Read {
        language,
        missing: reading.missing,
        faults: reading.faults,
    }
}

fn parse(text: Option<&str>) -> Table {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

struct Reading {
    missing: Vec<String>,
    faults: Vec<Fault>,
}

impl Reading {
    fn fault(&mut self, offset: usize, key: &str, message: String, remedy: impl Into<String>) {
        self.faults.push(Fault {
            offset,
            key: key.to_owned(),
            message,
            remedy: remedy.into(),
        });
    }

    /// The strings of one table, those left out taken from `base`.
    fn table(&mut self, section: &str, own: &DeTable<'_>, base: &Table, english: &Table) -> Table {
        let below = |key: &str| {
            if section.is_empty() {
                key.to_owned()
            } else {
                format!("{section}.{key}")
            }
        };
        let named = |key: &str| {
            let key: String = key.chars().take(64).collect();
            if section.is_empty() {
                key
            } else {
                format!("[{section}] {key}")
            }
        };
        for key in own.keys() {
            let name: &str = key.get_ref();
            if base.contains_key(name) {
                continue;
            }
            let remedy = nearest(name, base).map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            self.fault(
                key.span().start,
                &named(name),
                "there is no such string".to_owned(),
                remedy,
            );
        }
        let mut whole = Table::new();
        for (key, known) in base {
            let meant = english.get(key).unwrap_or(known);
            let value = match (own.get(key.as_str()), known) {
                (Some(value), Value::Table(known)) => {
                    let section = below(key);
                    if let (Some(own), Value::Table(meant)) = (value.get_ref().as_table(), meant) {
                        Value::Table(self.table(&section, own, known, meant))
                    } else {
                        let remedy = format!("write `[{section}]` on a line of its own");
                        self.fault(value.span().start, &named(key), "is no table".to_owned(), remedy);
                        continue;
                    }
                }
                (Some(value), _) => match self.string(&named(key), value, meant) {
                    Some(value) => value,
                    None => continue,
                },
                (None, known) => {
                    self.missing.push(match known {
                        Value::Table(_) => format!("all of [{}]", below(key)),
                        _ => named(key),
                    });
                    known.clone()
                }
            };
            whole.insert(key.clone(), value);
        }
        whole
    }

    /// A string, or a list of as many as the English one has.
    fn string(&mut self, key: &str, own: &Spanned<DeValue<'_>>, meant: &Value) -> Option<Value> {
        let n_faults = self.faults.len();
        let value = match (own.get_ref(), meant) {
            (DeValue::String(text), Value::String(meant)) => {
                self.text(own.span().start, key, text, &places(meant), &places(meant));
                Value::String(text.to_string())
            }
            (DeValue::Array(items), Value::Array(meant)) if items.len() == meant.len() => {
                let forms: Vec<&str> = meant.iter().filter_map(Value::as_str).collect();
                let many = forms.last().map(|text| places(text)).unwrap_or_default();
                let mut texts = Vec::new();
                for (n, item) in items.iter().enumerate() {
                    let Some(text) = item.get_ref().as_str() else {
                        self.fault(
                            item.span().start,
                            key,
                            "holds what is no string".to_owned(),
                            "write it in quotes",
                        );
                        continue;
                    };
                    // One may be a word: `1 article`, `un article`.
                    let needed = forms.get(n).map(|text| places(text)).unwrap_or_default();
                    let needed: Vec<String> = needed
                        .into_iter()
                        .filter(|place| n + 1 == forms.len() || place != "n")
                        .collect();
                    self.text(item.span().start, key, text, &needed, &many);
                    texts.push(Value::String(text.to_owned()));
                }
                Value::Array(texts)
            }
            (_, Value::Array(meant)) => {
                let message = format!("is no list of {} strings", meant.len());
                self.fault(
                    own.span().start,
                    key,
                    message,
                    format!("in English: {}", Value::Array(meant.clone())),
                );
                return None;
            }
            (_, meant) => {
                self.fault(
                    own.span().start,
                    key,
                    "is no string".to_owned(),
                    format!("in English: {meant}"),
                );
                return None;
            }
        };
        (self.faults.len() == n_faults).then_some(value)
    }

    fn text(&mut self, offset: usize, key: &str, text: &str, needed: &[String], allowed: &[String]) {
        let listed = |places: &[String]| {
            let all: Vec<String> = places.iter().map(|place| format!("`{{{place}}}`")).collect();
            if all.is_empty() {
                "none".to_owned()
            } else {
                all.join(", ")
            }
        };
        if text.trim().is_empty() {
            return self.fault(
                offset,
                key,
                "is empty".to_owned(),
                "leave it out to have it said in English",
            );
        }
        if text.chars().count() > STRING_MAX || text.chars().any(char::is_control) || text.contains("@@") {
            let message = format!("has control characters, `@@`, or more than {STRING_MAX} characters");
            return self.fault(offset, key, message, "write it on one line");
        }
        let own = places(text);
        if let Some(place) = own.iter().find(|place| !allowed.contains(place)) {
            let message = format!("`{{{place}}}` is filled with nothing here");
            return self.fault(offset, key, message, format!("its places: {}", listed(allowed)));
        }
        if let Some(place) = needed.iter().find(|place| !own.contains(place)) {
            let message = format!("leaves out `{{{place}}}`");
            self.fault(offset, key, message, format!("its places: {}", listed(needed)));
        }
    }
}

/// The places of a string, each once. A bracket that is not closed counts as a place with the rest for a name.
pub(super) fn places(text: &str) -> Vec<String> {
    let mut found: Vec<String> = text
        .split('{')
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap_or_default().to_owned())
        .collect();
    found.sort();
    found.dedup();
    found
}

fn nearest<'a>(wanted: &str, known: &'a Table) -> Option<&'a str> {
    const LENGTH_MAX: usize = 64;
    let allowed = wanted.chars().count().div_ceil(3).min(4);
    known
        .keys()
        .filter(|_| wanted.len() <= LENGTH_MAX)
        .map(|key| (strsim::damerau_levenshtein(wanted, key), key.as_str()))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests;
