//! Fixed strings of the mails that are no digest, by language: `language/service/*.toml`.
//!
//! A language is one file with every key of `en.toml`, beside its file for the digests; a test holds all files to that.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Serialize;

use super::Words;

static ALL: LazyLock<Vec<ServiceWords>> = LazyLock::new(|| {
    [
        include_str!("language/service/en.toml"),
        include_str!("language/service/de.toml"),
        include_str!("language/service/fr.toml"),
        include_str!("language/service/es.toml"),
    ]
    .into_iter()
    .map(|text| ServiceWords(toml::from_str(text).expect("the embedded language files are tables of strings")))
    .collect()
});

/// The strings of one language, by key; templates name them as `w.confirm_intro`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceWords(BTreeMap<String, String>);

impl ServiceWords {
    /// The words of a language by BCP 47 tag (`de`, `de-AT`); English for one we have no file for.
    #[must_use]
    pub fn of(language: &str) -> &'static Self {
        let primary = language.split(['-', '_']).next().unwrap_or_default();
        let known = ALL.iter().find(|words| words.code().eq_ignore_ascii_case(primary));
        known.or(ALL.first()).expect("English is always embedded")
    }

    /// Whether there is a file for a language.
    #[must_use]
    pub fn has(language: &str) -> bool {
        let primary = language.split(['-', '_']).next().unwrap_or_default();
        ALL.iter().any(|words| words.code().eq_ignore_ascii_case(primary))
    }

    /// Its BCP 47 tag.
    #[must_use]
    pub fn code(&self) -> &str {
        self.0.get("code").map_or("en", String::as_str)
    }

    /// What its speakers call it: `Deutsch`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.get("name").map_or("", String::as_str)
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

    /// The name of a weekday, Monday first.
    #[must_use]
    pub fn weekday(&self, number: usize) -> &'static str {
        Words::of(self.code()).weekdays.get(number).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::super::service::{render_service, sample};
    use super::super::templates::Templates;
    use super::*;

    #[test]
    fn every_language_has_every_string_and_the_same_places() {
        let places = |text: &str| -> Vec<String> {
            let mut found: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}').map(|(name, _)| name.to_owned()))
                .collect();
            found.sort();
            found
        };
        let english = ServiceWords::of("en");
        for words in ALL.iter() {
            assert!(words.0.keys().eq(english.0.keys()), "{}", words.code());
            for (key, text) in &words.0 {
                let meant = english.0.get(key).map(|text| places(text));
                assert_eq!(Some(places(text)), meant, "{} {key}", words.code());
            }
        }
        assert_eq!(Words::languages().len(), ALL.len(), "the digests' languages");
    }

    #[test]
    fn every_mail_fills_every_place_in_every_language() {
        let templates = Templates::builtin();
        for words in ALL.iter() {
            for about in [
                "confirm",
                "welcome",
                "goodbye",
                "question",
                "settings",
                "help",
                "not_subscribed",
                "export",
            ] {
                let kind = match about {
                    "confirm" | "welcome" | "goodbye" => about,
                    _ => "reply",
                };
                for web in [true, false] {
                    let mut mail = sample(about, web, "value");
                    mail.w = words;
                    let mail = render_service(&templates, kind, &mail).unwrap();
                    for part in [&mail.subject, &mail.text, &mail.html] {
                        for place in ["title", "token", "often", "first", "hours", "mail"] {
                            let open = format!("{{{place}}}");
                            assert!(!part.contains(&open), "{} {about}: {part}", words.code());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn places_are_filled_once() {
        let words = ServiceWords::of("de-AT");
        assert_eq!(
            words.say("muted", &[("name", "{name} & Co")]),
            "{name} & Co ist stummgeschaltet"
        );
        assert_eq!(ServiceWords::of("xx").code(), "en");
    }
}
