//! From tables to settings: what each option is called, may hold, and holds when it is not set.

mod digests;
mod feeds;
mod headers;
mod imap;
mod languages;
mod mail;
mod service;
mod shared;
mod stories;
mod subscribers;

use std::collections::BTreeMap;
use std::time::Duration;

use super::notes::{Located, Notes};
use super::secret::Surroundings;
use super::settings::{Config, PollSettings};
use super::source::At;
use super::table::Table;
use super::{KnownSlugs, problem};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Reads the settings out of the files' tables. With problems noted, what it returns is not to be used.
pub(super) fn check(roots: Vec<Table<'_>>, known: &KnownSlugs, around: &Surroundings, notes: &Notes<'_>) -> Config {
    let mut roots = Roots(roots);
    roots.includes();
    let daemon = service::daemon(roots.single("daemon", notes));
    let database = service::database(roots.single("database", notes), around);
    let poll = service::poll(roots.single("poll", notes));
    let shared = shared::Shared {
        groups: shared::groups(roots.many("group")),
        hosts: shared::hosts(roots.many("host")),
    };
    let lists = feeds::lists(roots.many("feed_list"), &shared, around);
    let feeds = feeds::feeds(roots.many("feed"), &shared, lists.is_empty(), around, notes);
    let poll = PollSettings {
        hosts: shared.host_settings(),
        ..poll
    };
    let companies = stories::companies(roots.many("company"), known);
    let themes = stories::themes(roots.many("theme"), &companies, known);
    let names = digests::Names::new(&feeds, &lists, &companies, &themes, known);
    let digests = digests::digests(roots.many("digest"), &names, notes);
    let subscribers = subscribers::subscribers(roots.many("subscriber"), &digests, &names);
    let stories = stories::stories(roots.single("stories", notes), companies, themes);
    let mail = mail::mail(roots.single("mail", notes), around);
    let inbound = service::inbound(roots.single("inbound", notes), around);
    let web = service::web(roots.single("web", notes));
    let limits = service::limits(roots.single("limits", notes));
    let log = service::log(roots.single("log", notes));
    roots.finish();
    Config {
        daemon,
        database,
        poll,
        feeds: in_order(feeds),
        feed_lists: in_order(lists),
        stories,
        digests,
        subscribers,
        mail,
        inbound,
        web,
        limits,
        log,
        files: Vec::new(),
        warnings: Vec::new(),
    }
}

/// The top levels of all files, the main one first.
struct Roots<'a>(Vec<Table<'a>>);

impl<'a> Roots<'a> {
    /// Only the main file includes others.
    fn includes(&mut self) {
        for (place, root) in self.0.iter_mut().enumerate() {
            let patterns = if root.has("include") {
                root.strings("include")
            } else {
                Vec::new()
            };
            if let Some(first) = patterns.first().filter(|_| place > 0) {
                root.problem(first.at, "`include` in an included file", "include from the main file");
            }
            if place == 0 && patterns.is_empty() {
                root.strings("include");
            }
        }
    }

    /// A table that stands once in all files together.
    fn single(&mut self, key: &'static str, notes: &'a Notes<'a>) -> Table<'a> {
        let mut found: Option<Table<'a>> = None;
        for root in &mut self.0 {
            let table = root.table(key);
            match &found {
                Some(first) if table.present() => {
                    let line = notes.line(first.at);
                    table.problem(
                        table.at,
                        format!("`[{key}]` stands in two files"),
                        format!("the first is at line {line}; join them"),
                    );
                }
                None if table.present() => found = Some(table),
                _ => {}
            }
        }
        found.unwrap_or_else(|| Table::new(notes, key, At { file: 0, offset: 0 }, None))
    }

    /// The tables of one kind in all files.
    fn many(&mut self, key: &'static str) -> Vec<Table<'a>> {
        self.0.iter_mut().flat_map(|root| root.tables(key)).collect()
    }

    fn finish(self) {
        for root in self.0 {
            root.finish();
        }
    }
}

/// Things by their key, each with the place it is defined at.
type Defined<T> = BTreeMap<String, Located<T>>;

/// What was defined, in the order of the files.
fn in_order<T>(defined: Defined<T>) -> Vec<T> {
    let mut items: Vec<Located<T>> = defined.into_values().collect();
    items.sort_by_key(|item| item.at);
    items.into_iter().map(|item| item.value).collect()
}

/// Whether a text can be a key: lower-case letters, digits and `-`, beginning with a letter or digit.
pub(super) fn is_slug(text: &str) -> bool {
    const SLUG_MAX: usize = 64;
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.len() <= SLUG_MAX && text.chars().all(inner) && text.starts_with(|c: char| c != '-')
}

/// A key made from a name: `BBC Business` becomes `bbc-business`.
pub(super) fn slug_of(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words
        .collect::<Vec<_>>()
        .join("-")
        .chars()
        .take(64)
        .collect::<String>()
        .trim_matches('-')
        .to_owned()
}

/// The key of a table that must have one, and not that of an earlier one.
fn slug<T>(table: &mut Table<'_>, key: &'static str, kind: &str, taken: &Defined<T>) -> Option<String> {
    let Some(found) = table.line(key) else {
        let remedy = format!("add a line `{key} = \"...\"`: a short name in lower case that never changes");
        table.problem(table.at, format!("has no `{key}`"), remedy);
        return None;
    };
    table.place = format!("{kind} `{}`", found.value.chars().take(64).collect::<String>());
    if !is_slug(found.value) {
        let message = format!("`{key}`: `{}` is no key", found.value);
        table.problem(
            found.at,
            message,
            format!("take lower-case letters, digits and `-`: `{}`", slug_of(found.value)),
        );
        return None;
    }
    unless_taken(table, found.value.to_owned(), found.at, key, taken)
}

fn unless_taken<T>(table: &Table<'_>, value: String, at: At, key: &str, taken: &Defined<T>) -> Option<String> {
    match taken.get(&value) {
        None => Some(value),
        Some(first) => {
            let line = table.notes.line(first.at);
            table.problem(
                at,
                format!("`{key}`: `{value}` is taken already"),
                format!("the first is at line {line}; give this one another `{key}`"),
            );
            None
        }
    }
}

/// An e-mail address as configuration has it: `local@host`, ASCII, no comments and no quotes.
fn address(table: &mut Table<'_>, key: &'static str) -> Option<Located<String>> {
    let found = table.line(key)?;
    let valid = found.value.split_once('@').is_some_and(|(local, host)| {
        let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*/=?^_`{|}~+-.".contains(c);
        let label = |label: &str| {
            !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        (1..=64).contains(&local.len())
            && local.chars().all(atom)
            && local.split('.').all(|part| !part.is_empty())
            && host.len() <= 253
            && host.split('.').all(label)
    });
    if !valid {
        let message = format!("`{key}`: `{}` is no address", found.value);
        table.problem(found.at, message, "write the address alone, like `news@example.org`");
        return None;
    }
    Some(Located {
        value: found.value.to_owned(),
        at: found.at,
    })
}

/// A PEM file with a root certificate to trust beside the system's.
fn ca_file(table: &mut Table<'_>) -> Option<std::path::PathBuf> {
    let found = table.line("ca_file")?;
    let folder = table.notes.files.get(found.at.file).map(|file| file.folder.clone());
    let path = folder.unwrap_or_default().join(found.value);
    if !path.is_file() {
        table.problem(
            found.at,
            format!("`ca_file`: there is no file {}", path.display()),
            "give a PEM file with the root certificate",
        );
    }
    Some(path)
}

/// An http or https address with a host.
fn web_address(table: &Table<'_>, key: &str, found: Located<&str>, schemes: &[&str]) -> Option<url::Url> {
    let parsed = url::Url::parse(found.value);
    let (message, remedy) = match parsed {
        Ok(url) if !schemes.contains(&url.scheme()) => (
            format!("`{key}`: `{}` addresses are not supported", url.scheme()),
            format!("use {}", super::table::list(schemes.iter().copied())),
        ),
        Ok(url) if url.host_str().is_none_or(str::is_empty) => {
            (format!("`{key}`: the address names no host"), String::new())
        }
        Ok(url) => return Some(url),
        Err(error) => {
            let shown: String = found.value.chars().take(80).collect();
            (
                format!("`{key}`: `{shown}` is no address: {error}"),
                "write it in full: `https://example.org/...`".to_owned(),
            )
        }
    };
    table.problem(found.at, message, remedy);
    None
}

/// "did you mean `x`? (defined at line n)" for a reference to something unknown.
fn suggestion<'n>(
    wanted: &str,
    here: impl Iterator<Item = (&'n str, usize)> + Clone,
    built_in: impl Iterator<Item = &'n str>,
) -> String {
    let names = here.clone().map(|(name, _)| name).chain(built_in);
    let Some(near) = problem::nearest(wanted, names) else {
        return String::new();
    };
    match here.into_iter().find(|(name, _)| *name == near) {
        Some((_, line)) => format!("did you mean `{near}`? (defined at line {line})"),
        None => format!("did you mean `{near}`?"),
    }
}
