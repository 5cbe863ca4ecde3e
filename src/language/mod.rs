//! Fixed strings of mails and pages, one file a language: `*.toml` here, and an operator's own.
//!
//! Pure. `config` reads an operator's files; `own` holds them against the English one, which is their documentation.

mod own;
mod phrases;
mod words;

use std::sync::{Arc, LazyLock};

pub use own::{Fault, Read, read};
pub use phrases::Phrases;
pub use words::{Marks, Words};

/// The built-in files by BCP 47 tag, English first.
const BUILTIN: [(&str, &str); 4] = [
    ("en", include_str!("en.toml")),
    ("de", include_str!("de.toml")),
    ("fr", include_str!("fr.toml")),
    ("es", include_str!("es.toml")),
];

static ALL: LazyLock<Languages> = LazyLock::new(|| {
    let all = BUILTIN.iter().map(|(code, text)| {
        let table: toml::Table = text
            .parse()
            .expect("the built-in language files are TOML, as a test checks");
        Language::of_table(code, &table).expect("the built-in language files are whole, as a test checks")
    });
    Languages(Arc::new(all.collect()))
});

/// `Accept-Language` is read as far as this.
const ACCEPTED_MAX: usize = 20;

/// The text of a built-in file, to be translated.
#[must_use]
pub fn builtin_text(code: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

/// Codes of the built-in languages.
#[must_use]
pub fn builtin_codes() -> [&'static str; 4] {
    BUILTIN.map(|(code, _)| code)
}

/// The strings of one language; cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Language(Arc<Strings>);

#[derive(PartialEq, Eq)]
struct Strings {
    code: String,
    name: String,
    digest: Words,
    service: Phrases,
    page: Phrases,
}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Language({})", self.0.code)
    }
}

impl Language {
    /// From a file's tables, which have every string.
    fn of_table(code: &str, table: &toml::Table) -> Option<Self> {
        let part = |key: &str| {
            let mut part = table.get(key)?.as_table()?.clone();
            part.insert("code".to_owned(), code.into());
            Some(part)
        };
        Some(Self(Arc::new(Strings {
            code: code.to_owned(),
            name: table.get("name")?.as_str()?.to_owned(),
            digest: part("digest")?.try_into().ok()?,
            service: Phrases::new(part("service")?)?,
            page: Phrases::new(part("page")?)?,
        })))
    }

    /// Its BCP 47 tag.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// What its speakers call it: `Deutsch`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Strings and date forms of the digest.
    #[must_use]
    pub fn digest(&self) -> &Words {
        &self.0.digest
    }

    /// Strings of the mails that are no digest.
    #[must_use]
    pub fn service(&self) -> &Phrases {
        &self.0.service
    }

    /// Strings of the web pages.
    #[must_use]
    pub fn page(&self) -> &Phrases {
        &self.0.page
    }

    /// A string of those mails with its places filled in: `say("muted", &[("name", "AMD")])`.
    #[must_use]
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.0.service.say(key, values)
    }

    /// A theme's name: in this language where it is a built-in theme under its own name, else `name`, as somebody wrote it
    /// into the configuration.
    #[must_use]
    pub fn theme<'a>(&'a self, slug: &str, name: &'a str) -> &'a str {
        self.digest().theme(slug, name)
    }

    /// The name of a weekday, Monday first.
    #[must_use]
    pub fn weekday(&self, number: usize) -> &str {
        self.0.digest.weekdays.get(number).map_or("", String::as_str)
    }
}

/// The languages there are, English first; cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Languages(Arc<Vec<Language>>);

impl std::fmt::Debug for Languages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.codes()).finish()
    }
}

impl Default for Languages {
    fn default() -> Self {
        Self::builtin()
    }
}

impl Languages {
    /// The built-in ones.
    #[must_use]
    pub fn builtin() -> Self {
        ALL.clone()
    }

    /// The same with more; one of the same code takes the other's place.
    #[must_use]
    pub fn with(&self, own: Vec<Language>) -> Self {
        let mut all = self.0.as_ref().clone();
        for language in own {
            match all.iter_mut().find(|known| known.code() == language.code()) {
                Some(known) => *known = language,
                None => all.push(language),
            }
        }
        Self(Arc::new(all))
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Language] {
        &self.0
    }

    /// Their codes.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Language::code)
    }

    /// The language of a BCP 47 tag (`de`, `de-AT`), if there is one.
    #[must_use]
    pub fn find(&self, tag: &str) -> Option<&Language> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        self.0.iter().find(|known| known.code().eq_ignore_ascii_case(primary))
    }

    /// The language of a BCP 47 tag; English for one there is none of.
    #[must_use]
    pub fn of(&self, tag: &str) -> Language {
        let found = self.find(tag).or_else(|| self.0.first());
        found.cloned().expect("English is always there")
    }

    /// The language a browser likes best among ours, by its `Accept-Language`.
    #[must_use]
    pub fn accepted(&self, header: &str) -> Option<&Language> {
        let mut wanted: Vec<(f32, &str)> = header
            .split(',')
            .take(ACCEPTED_MAX)
            .map(|item| {
                let mut parts = item.split(';').map(str::trim);
                let tag = parts.next().unwrap_or_default();
                let weight = parts
                    .find_map(|part| part.strip_prefix("q="))
                    .map_or(Some(1.0), |q| q.parse().ok());
                (weight.filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0), tag)
            })
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted.iter().find_map(|(_, tag)| self.find(tag))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::own::places;
    use super::*;
    use crate::config::StorySettings;
    use crate::stories::tag::Tagger;

    /// Every string of a table, by its path.
    fn strings(table: &toml::Table) -> Vec<(String, String)> {
        fn walk(path: &str, value: &toml::Value, found: &mut Vec<(String, String)>) {
            match value {
                toml::Value::Table(table) => table
                    .iter()
                    .for_each(|(key, value)| walk(&format!("{path}.{key}"), value, found)),
                toml::Value::Array(items) => items
                    .iter()
                    .enumerate()
                    .for_each(|(n, value)| walk(&format!("{path}.{n}"), value, found)),
                other => found.push((path.to_owned(), other.as_str().unwrap_or_default().to_owned())),
            }
        }
        let mut found = Vec::new();
        walk("", &toml::Value::Table(table.clone()), &mut found);
        found
    }

    #[test]
    fn every_language_has_every_string_and_the_same_places() {
        let english = strings(&BUILTIN[0].1.parse().unwrap());
        for (code, text) in BUILTIN {
            let own = strings(&text.parse().unwrap());
            assert!(
                own.iter()
                    .map(|(path, _)| path)
                    .eq(english.iter().map(|(path, _)| path)),
                "{code}"
            );
            for ((path, text), (_, meant)) in own.iter().zip(&english) {
                // The form for one may count or say it in a word.
                let one = path.ends_with(".0") && !path.contains("days") && !path.contains("months");
                assert!(one || places(text) == places(meant), "{code} {path}: {text}");
                assert!(!text.is_empty(), "{code} {path}");
            }
        }
        for (language, (code, _)) in Languages::builtin().all().iter().zip(BUILTIN) {
            assert_eq!(language.code(), code);
            assert_eq!(language.digest().code, code);
        }
    }

    #[test]
    fn a_tag_has_its_language_or_english() {
        let all = Languages::builtin();
        assert_eq!(all.of("de-AT").code(), "de");
        assert_eq!(all.of("DE_at").code(), "de");
        assert_eq!(all.of("xx").code(), "en");
        assert!(all.find("xx").is_none() && all.find("").is_none());
        assert_eq!(all.of("de").weekday(0), "Montag");
    }

    #[test]
    fn built_in_themes_have_names_in_every_language() {
        let all = Languages::builtin();
        let tagger = Tagger::new(&StorySettings::default());
        let builtin: BTreeMap<String, String> = tagger
            .themes()
            .iter()
            .map(|theme| (theme.slug.clone(), theme.name.clone()))
            .collect();
        assert_eq!(all.of("en").digest().themes, builtin);
        for language in all.all() {
            assert!(
                language.digest().themes.keys().eq(builtin.keys()),
                "{}",
                language.code()
            );
        }
        assert_eq!(all.of("de").theme("energy", "Energy"), "Energie");
        assert_eq!(
            all.of("de").theme("energy", "Power and gas"),
            "Power and gas",
            "their own name"
        );
        assert_eq!(all.of("de").theme("weather", "Weather"), "Weather");
    }

    #[test]
    fn a_browser_gets_what_it_likes_best() {
        #[track_caller]
        fn check(header: &str, expected: Option<&str>) {
            let all = Languages::builtin();
            assert_eq!(all.accepted(header).map(Language::code), expected, "{header}");
        }
        check("de", Some("de"));
        check("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", Some("fr"));
        check("nl, es;q=0.3, de;q=0.7", Some("de"));
        check("en;q=0.2, de;q=0, fr;q=0.1", Some("en"));
        check("DE-at;q=1.0", Some("de"));
        check("nl", None);
        check("*", None);
        check("", None);
        check("de;q=x", None);
        check("de;q=7", None);
        check(";;;,,,q=1", None);
        check(&"nl,".repeat(500), None);
    }

    #[test]
    fn an_own_language_joins_or_takes_a_place() {
        let italian = Language::of_table("it", &BUILTIN[0].1.parse().unwrap()).unwrap();
        let all = Languages::builtin().with(vec![italian]);
        assert_eq!(all.codes().collect::<Vec<_>>(), ["en", "de", "fr", "es", "it"]);
        let other = all.with(vec![Language::of_table("en", &BUILTIN[1].1.parse().unwrap()).unwrap()]);
        assert_eq!(other.all().len(), 5);
        assert_eq!(other.of("xx").name(), "Deutsch", "an own English is what stands in");
    }
}
