//! Choices changed as a reader asks: names looked up, times and zones checked. Pure.
//!
//! A name is understood by slug, name, ticker or other name, without regard to case, spaces and punctuation, or when it
//! begins exactly one known name ("Nvidia" for "NVIDIA Corporation"). What is not known is answered with the nearest
//! known name and changes nothing.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::command::Change;
use super::note::Note;
use crate::language::{Language, Languages};
use crate::model::{Choices, KnownName, NameKind};
use crate::time::{ReaderSchedule, Schedule, TimeError, Timestamp, Zone};

/// From this likeness on (Jaro-Winkler) a known name is offered for an unknown one.
const LIKENESS_MIN: f64 = 0.82;
/// Most names a reader follows or mutes.
const NAMES_MAX: usize = 200;
/// Shortest text that may stand for a longer name.
const PREFIX_CHARS_MIN: usize = 3;

/// The names readers may use for companies and themes.
#[derive(Debug, Clone, Default)]
pub struct Names {
    known: Vec<KnownName>,
    folded: OnceLock<BTreeMap<String, usize>>,
}

/// What changes came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// What changed.
    pub done: Vec<Note>,
    /// What was not understood, with what was probably meant.
    pub not_done: Vec<Note>,
}

impl Notes {
    /// Leaves out what is in the words of whoever wrote: anybody may have, in the name of whoever is answered, and the
    /// answer must not carry a text of theirs.
    pub fn in_our_words(&mut self) {
        self.not_done = std::mem::take(&mut self.not_done)
            .into_iter()
            .filter_map(Note::in_our_words)
            .collect();
    }
}

impl Names {
    /// From all known names; a theme may be called as any of the languages calls it. The index over them is made when a
    /// word is first looked up.
    #[must_use]
    pub fn new(mut known: Vec<KnownName>, languages: &Languages) -> Self {
        for theme in known.iter_mut().filter(|known| known.kind == NameKind::Theme) {
            let names = languages
                .all()
                .iter()
                .map(|language| language.theme(&theme.slug, &theme.name).to_owned());
            let names: Vec<String> = names.filter(|name| *name != theme.name).collect();
            theme.others.extend(names);
        }
        Self {
            known,
            folded: OnceLock::new(),
        }
    }

    /// Of two that share a word the first keeps it; a name comes before another's ticker.
    fn folded(&self) -> &BTreeMap<String, usize> {
        self.folded.get_or_init(|| {
            let mut folded = BTreeMap::new();
            let numbered = || self.known.iter().enumerate();
            let names = numbered().flat_map(|(i, n)| [(i, &n.slug), (i, &n.name)]);
            let others = numbered().flat_map(|(i, n)| n.others.iter().map(move |other| (i, other)));
            for (place, word) in names.chain(others) {
                let word = fold(word);
                if !word.is_empty() {
                    folded.entry(word).or_insert(place);
                }
            }
            folded
        })
    }

    /// The known names.
    #[must_use]
    pub fn all(&self) -> &[KnownName] {
        &self.known
    }

    /// The name of a slug as readers of a language see it; the slug itself when it is not known.
    #[must_use]
    pub fn name_of<'a>(&'a self, slug: &'a str, language: &'a Language) -> &'a str {
        match self.known.iter().find(|known| known.slug == slug) {
            Some(known) if known.kind == NameKind::Theme => language.theme(slug, &known.name),
            Some(known) => &known.name,
            None => slug,
        }
    }

    /// What a reader's word means.
    ///
    /// # Errors
    /// The nearest known name, when nothing matches.
    pub fn find(&self, text: &str) -> Result<&KnownName, Option<&str>> {
        let word = fold(text);
        if let Some(known) = self.folded().get(&word).and_then(|place| self.known.get(*place)) {
            return Ok(known);
        }
        let mut begins = self
            .folded()
            .range(word.clone()..)
            .take_while(|(known, _)| known.starts_with(&word))
            .map(|(_, place)| *place);
        let first = begins.next();
        let only = first.filter(|first| begins.all(|other| other == *first));
        if let Some(known) = only
            .and_then(|place| self.known.get(place))
            .filter(|_| word.chars().count() >= PREFIX_CHARS_MIN)
        {
            return Ok(known);
        }
        let nearest = self
            .folded()
            .iter()
            .map(|(known, place)| (strsim::jaro_winkler(&word, known), *place))
            .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        Err(nearest
            .and_then(|(_, place)| self.known.get(place))
            .map(|known| known.name.as_str()))
    }
}

/// What names and languages there are when choices change.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Companies and themes.
    pub names: &'a Names,
    /// Languages of fixed strings.
    pub languages: &'a Languages,
}

/// Applies one change.
pub fn apply(choices: &mut Choices, change: &Change, known: Known<'_>, now: Timestamp, notes: &mut Notes) {
    let names = known.names;
    match change {
        Change::Follow(list) | Change::Theme(list) => each(list, names, notes, |known| {
            choices.muted.retain(|slug| slug != &known.slug);
            add(followed(choices, known.kind), &known.slug).then(|| about("following", known))
        }),
        Change::Unfollow(list) => each(list, names, notes, |known| {
            followed(choices, known.kind).retain(|slug| slug != &known.slug);
            Some(about("not_following", known))
        }),
        Change::Mute(list) => each(list, names, notes, |known| {
            followed(choices, known.kind).retain(|slug| slug != &known.slug);
            add(&mut choices.muted, &known.slug).then(|| about("muted", known))
        }),
        Change::Unmute(list) => each(list, names, notes, |known| {
            choices.muted.retain(|slug| slug != &known.slug);
            Some(about("not_muted", known))
        }),
        Change::Time(time) => {
            choices.time = Some(time.clone());
            notes.done.push(Note::About("mail_at", time.clone()));
        }
        Change::Zone(zone) => match zone.parse::<Zone>() {
            Ok(zone) => {
                choices.zone = Some(zone.to_string());
                notes.done.push(Note::About("times_in", zone.to_string()));
            }
            Err(_) => notes.not_done.push(Note::About("unknown_zone", zone.clone())),
        },
        Change::Often(frequency) => {
            choices.frequency = frequency.clone();
            notes.done.push(Note::Often(frequency.clone()));
        }
        Change::Pause(span) => {
            choices.paused_until = Some(now.plus(*span));
            notes.done.push(Note::Paused(span.as_secs() / 86_400));
        }
        Change::Resume => {
            choices.paused_until = None;
            notes.done.push(Note::Plain("resumed"));
        }
        Change::Length(length) => {
            choices.length = *length;
            notes.done.push(Note::Length(*length));
        }
        Change::Format(format) => {
            choices.format = *format;
            notes.done.push(Note::Format(*format));
        }
        Change::Language(code) => {
            if let Some(language) = known.languages.find(code) {
                choices.language = Some(code.clone());
                notes.done.push(Note::About("language_set", language.name().to_owned()));
            } else {
                let codes: Vec<&str> = known.languages.codes().collect();
                notes.not_done.push(Note::NoLanguage(code.clone(), codes.join(", ")));
            }
        }
        Change::Reset => {
            *choices = Choices::default();
            notes.done.push(Note::Plain("reset"));
        }
    }
    canonical(choices);
}

/// Puts choices into the one form that equal choices share.
pub fn canonical(choices: &mut Choices) {
    for list in [&mut choices.companies, &mut choices.themes, &mut choices.muted] {
        list.sort();
        list.dedup();
        list.truncate(NAMES_MAX);
    }
}

/// The reader's own schedule as `subscriptions.schedule` has it; empty for the digest's own.
///
/// # Errors
/// When time, zone or day are none.
pub fn schedule_of(choices: &Choices, digest: &Schedule, zone: Zone) -> Result<String, TimeError> {
    let own = ReaderSchedule::choose(
        digest,
        zone,
        choices.time.as_deref(),
        choices.zone.as_deref(),
        &choices.frequency,
    )?;
    Ok(own.map_or_else(String::new, |own| own.to_string()))
}

fn followed(choices: &mut Choices, kind: NameKind) -> &mut Vec<String> {
    match kind {
        NameKind::Company => &mut choices.companies,
        NameKind::Theme => &mut choices.themes,
    }
}

fn add(list: &mut Vec<String>, slug: &str) -> bool {
    if list.len() >= NAMES_MAX {
        return false;
    }
    if !list.iter().any(|known| known == slug) {
        list.push(slug.to_owned());
    }
    true
}

fn each(list: &[String], names: &Names, notes: &mut Notes, mut act: impl FnMut(&KnownName) -> Option<Note>) {
    for text in list {
        match names.find(text) {
            Ok(known) => match act(known) {
                Some(done) => notes.done.push(done),
                None => notes.not_done.push(Note::Full(known.name.clone(), NAMES_MAX)),
            },
            Err(Some(near)) => notes
                .not_done
                .push(Note::Near("unknown_near", text.clone(), near.to_owned())),
            Err(None) => notes.not_done.push(Note::About("unknown", text.clone())),
        }
    }
}

fn fold(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// What is said of a name.
fn about(key: &'static str, known: &KnownName) -> Note {
    match known.kind {
        NameKind::Company => Note::About(key, known.name.clone()),
        NameKind::Theme => Note::Theme(key, known.slug.clone(), known.name.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Frequency;
    use crate::subscribe::command::{Command, Line, parse_line};

    fn names() -> Names {
        let company = |slug: &str, name: &str, others: &[&str]| KnownName {
            kind: NameKind::Company,
            slug: slug.to_owned(),
            name: name.to_owned(),
            others: others.iter().map(ToString::to_string).collect(),
        };
        let theme = |slug: &str, name: &str| KnownName {
            kind: NameKind::Theme,
            slug: slug.to_owned(),
            name: name.to_owned(),
            others: Vec::new(),
        };
        let known = vec![
            company("nvidia", "NVIDIA Corporation", &["NVDA"]),
            company("amd", "AMD", &[]),
            company("american-airlines", "American Airlines", &["AAL"]),
            company("american-express", "American Express", &["AXP"]),
            company("axp", "Axp", &[]),
            theme("ai", "Artificial intelligence"),
            theme("crypto", "Crypto"),
            theme("energy", "My energy"),
        ];
        Names::new(known, &Languages::builtin())
    }

    /// Applies commands one after the other and shows what holds and what was not understood.
    #[track_caller]
    fn check(lines: &str, holds: &str, not_done: &str) {
        let (mut choices, mut notes) = (Choices::default(), Notes::default());
        let (names, languages) = (names(), Languages::builtin());
        let known = Known {
            names: &names,
            languages: &languages,
        };
        for line in lines.split(';') {
            match parse_line(line) {
                Line::Command(Command::Change(change)) => {
                    apply(&mut choices, &change, known, Timestamp::from_unix(0), &mut notes);
                }
                other => panic!("{line}: {other:?}"),
            }
        }
        let shown = format!(
            "{} | {} | {}",
            choices.companies.join(" "),
            choices.themes.join(" "),
            choices.muted.join(" ")
        );
        assert_eq!(shown, holds);
        let english = languages.of("en");
        let said: Vec<String> = notes.not_done.iter().map(|n| n.say(&english)).collect();
        assert_eq!(said.join("; "), not_done);
    }

    #[test]
    fn names_are_understood() {
        check("follow nvidia, AMD", "amd nvidia |  | ", "");
        check("follow NVDA; unfollow Nvidia Corporation", " |  | ", "");
        check("follow ai", " | ai | ", "");
        check("theme AI, crypto; mute crypto", " | ai | crypto", "");
        check("mute amd; unmute amd", " |  | ", "");
        check("follow AMD, amd, A.M.D", "amd |  | ", "");
        // The name of one is the ticker of one that is listed before it.
        check("follow Axp", "axp |  | ", "");
        check("theme Künstliche Intelligenz, criptomonedas", " | ai crypto | ", "");
        check("follow my energy", " | energy | ", "");
    }

    #[test]
    fn unknown_names_get_the_nearest() {
        check(
            "follow Nvidja",
            " |  | ",
            "\u{201c}Nvidja\u{201d} is not known; did you mean \u{201c}NVIDIA Corporation\u{201d}?",
        );
        check(
            "follow qqqqq",
            " |  | ",
            "\u{201c}qqqqq\u{201d} is neither a company nor a theme we know",
        );
        check(
            "theme Énergie",
            " |  | ",
            "\u{201c}Énergie\u{201d} is neither a company nor a theme we know",
        );
        let known = names();
        assert!(known.find("American").is_err(), "two begin so");
        assert_eq!(known.find("American Exp").unwrap().slug, "american-express");
    }

    #[test]
    fn schedules_follow_choices() {
        let digest: Schedule = "0 7 * * *".parse().unwrap();
        let zone: Zone = "Europe/Paris".parse().unwrap();
        let mut choices = Choices::default();
        assert_eq!(schedule_of(&choices, &digest, zone).unwrap(), "");
        choices.time = Some("07:30".to_owned());
        choices.zone = Some("Europe/Berlin".to_owned());
        choices.frequency = Frequency::Weekdays;
        assert_eq!(
            schedule_of(&choices, &digest, zone).unwrap(),
            "07:30[Europe/Berlin] weekdays"
        );
    }
}
