//! `[[digest]]`, and what its lists may name.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::service::usize_of;
use super::stories::check_slug;
use super::{DAY, Defined, HOUR, slug, suggestion};
use crate::config::notes::{Located, Notes};
use crate::config::settings::{CompanySettings, DigestSettings, LatePolicy, ThemeSettings};
use crate::config::source::At;
use crate::config::table::Table;
use crate::config::{FeedListSettings, KnownSlugs};
use crate::model::FeedSpec;
use crate::time::{Schedule, TimeError, Zone};

/// Longest key: it is part of addresses.
const KEY_MAX: usize = 32;
/// When a digest is composed that says nothing about it.
const SCHEDULE: &str = "0 7 * * *";
const WEIGHT_MAX: f64 = 10.0;

/// What a digest may refer to.
pub(super) struct Names<'a> {
    feeds: &'a Defined<FeedSpec>,
    /// Lists name feeds and groups that are not known here.
    has_lists: bool,
    groups: BTreeSet<&'a str>,
    companies: &'a Defined<CompanySettings>,
    themes: &'a Defined<ThemeSettings>,
    known: &'a KnownSlugs,
}

impl<'a> Names<'a> {
    pub(super) fn new(
        feeds: &'a Defined<FeedSpec>,
        lists: &'a Defined<FeedListSettings>,
        companies: &'a Defined<CompanySettings>,
        themes: &'a Defined<ThemeSettings>,
        known: &'a KnownSlugs,
    ) -> Self {
        let groups = feeds
            .values()
            .map(|feed| feed.value.group.as_str())
            .chain(lists.values().map(|list| list.value.feeds.group.as_str()))
            .filter(|group| !group.is_empty())
            .collect();
        Self {
            feeds,
            groups,
            has_lists: !lists.is_empty(),
            companies,
            themes,
            known,
        }
    }
}

pub(super) fn digests<'a>(mut tables: Vec<Table<'a>>, names: &Names<'_>, notes: &'a Notes<'a>) -> Vec<DigestSettings> {
    let mut digests: Vec<DigestSettings> = Vec::new();
    let mut keys: Defined<()> = BTreeMap::new();
    if tables.is_empty() {
        let at = At { file: 0, offset: 0 };
        let remedy = "add a `[[digest]]` with `schedule` and `zone`";
        notes.warning(
            at,
            "",
            "there is no `[[digest]]`: one named `daily` comes out every day at 07:00 UTC",
            remedy,
        );
        tables.push(Table::new(notes, "digest", at, None));
    }
    for mut table in tables {
        let key = if table.present() {
            slug(&mut table, "key", "digest", &keys)
        } else {
            Some("daily".to_owned())
        };
        if key.as_ref().is_some_and(|key| key.len() > KEY_MAX) {
            table.problem(
                table.at,
                format!("`key` is longer than {KEY_MAX} letters"),
                "it is part of mail addresses: shorten it",
            );
        }
        let digest = digest(&mut table, key.clone().unwrap_or_default(), names);
        if let Some(key) = key {
            keys.insert(
                key,
                Located {
                    value: (),
                    at: table.at,
                },
            );
            digests.push(digest);
        }
        table.finish();
    }
    digests
}

fn digest(table: &mut Table<'_>, key: String, names: &Names<'_>) -> DigestSettings {
    let title = table
        .line("title")
        .map_or_else(|| title_of(&key), |found| found.value.to_owned());
    let (schedule, zone) = (schedule(table), zone(table));
    let companies = list(table, "companies", |table, found| {
        check_slug(
            table,
            "companies",
            "company",
            found,
            names.companies,
            names.known.companies.as_ref(),
        );
    });
    let themes = list(table, "themes", |table, found| {
        check_slug(
            table,
            "themes",
            "theme",
            found,
            names.themes,
            names.known.themes.as_ref(),
        );
    });
    let feeds = list(table, "feeds", |table, found| check_feed(table, found, names));
    let weights = table.weights("weights", -WEIGHT_MAX..=WEIGHT_MAX);
    for (name, weight) in &weights {
        let Some(parts) = names.known.score_parts.as_ref().filter(|parts| !parts.contains(name)) else {
            continue;
        };
        let remedy = suggestion(name, std::iter::empty(), parts.iter().map(String::as_str));
        let known = || {
            format!(
                "known here: {}",
                crate::config::table::list(parts.iter().map(String::as_str))
            )
        };
        table.problem(
            weight.at,
            format!("unknown part `{name}` in `weights`"),
            if remedy.is_empty() { known() } else { remedy },
        );
    }
    let late = [
        ("send", LatePolicy::Send),
        ("merge", LatePolicy::Merge),
        ("skip", LatePolicy::Skip),
    ];
    let stories_max = table.whole("stories_max", 24, 1..=40);
    DigestSettings {
        key,
        title,
        schedule,
        zone,
        catch_up: table.duration("catch_up", 12 * HOUR, Duration::ZERO..=7 * DAY),
        late: table.choice("late", &late).unwrap_or(LatePolicy::Send),
        companies,
        themes,
        feeds,
        stories_max: usize_of(stories_max),
        top_max: usize_of(table.whole("top_max", 5, 0..=20)),
        related_max: usize_of(table.whole("related_max", 4, 0..=12)),
        noted_max: usize_of(table.whole("noted_max", 10, 0..=40)),
        per_source_max: usize_of(table.whole("per_source_max", 6, 1..=40)),
        per_company_max: usize_of(table.whole("per_company_max", 5, 1..=40)),
        per_theme_max: usize_of(table.whole("per_theme_max", 6, 1..=40)),
        score_min: table.number("score_min", 0.28, 0.0..=10.0),
        weights: weights.into_iter().map(|(name, weight)| (name, weight.value)).collect(),
        send_empty: table.flag("send_empty").unwrap_or(false),
        subject: table.line("subject").map(|found| found.value.to_owned()),
        language: language(table),
        open: table.flag("open").unwrap_or(true),
    }
}

impl Names<'_> {
    /// A list of companies, each known.
    pub(super) fn companies(&self, table: &mut Table<'_>, key: &'static str) -> Vec<String> {
        list(table, key, |table, found| self.check_company(table, key, found))
    }

    fn check_company(&self, table: &Table<'_>, key: &'static str, found: Located<&str>) {
        check_slug(
            table,
            key,
            "company",
            found,
            self.companies,
            self.known.companies.as_ref(),
        );
    }

    /// A list of themes, each known.
    pub(super) fn themes(&self, table: &mut Table<'_>, key: &'static str) -> Vec<String> {
        list(table, key, |table, found| {
            check_slug(table, key, "theme", found, self.themes, self.known.themes.as_ref());
        })
    }

    /// A list of either, each known.
    pub(super) fn companies_or_themes(&self, table: &mut Table<'_>, key: &'static str) -> Vec<String> {
        list(table, key, |table, found| {
            let is_theme = self.themes.contains_key(found.value)
                || self
                    .known
                    .themes
                    .as_ref()
                    .is_some_and(|themes| themes.contains(found.value));
            if !is_theme {
                self.check_company(table, key, found);
            }
        })
    }
}

fn schedule(table: &mut Table<'_>) -> Schedule {
    let found = table.line("schedule");
    let read = Schedule::parse(found.map_or(SCHEDULE, |found| found.value));
    let default = || Schedule::parse(SCHEDULE).expect("the default schedule is a schedule");
    read.unwrap_or_else(|error| {
        if let Some(found) = found {
            let remedy = "`0 7 * * *` is every day at 07:00, `0 8 * * Mon-Fri` on weekdays at 08:00";
            let message = match error {
                TimeError::BadSchedule { text, why } => format!("`schedule`: `{text}`: {why}"),
                other => format!("`schedule`: {other}"),
            };
            table.problem(found.at, message, remedy);
        }
        default()
    })
}

fn zone(table: &mut Table<'_>) -> Zone {
    let Some(found) = table.line("zone") else {
        return Zone::UTC;
    };
    found.value.parse().unwrap_or_else(|error| {
        table.problem(found.at, format!("`zone`: {error}"), "");
        Zone::UTC
    })
}

fn language(table: &mut Table<'_>) -> String {
    let Some(found) = table.line("language") else {
        return "en".to_owned();
    };
    let tag = found.value.to_ascii_lowercase();
    let plausible = tag.len() <= 16
        && tag
            .split('-')
            .all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if !plausible {
        table.problem(
            found.at,
            format!("`language`: `{}` is no language tag", found.value),
            "write it like `en` or `de`",
        );
    }
    tag
}

/// A list of names, each checked, none twice.
fn list(table: &mut Table<'_>, key: &'static str, check: impl Fn(&Table<'_>, Located<&str>)) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for found in table.strings(key) {
        check(table, found);
        if names.iter().any(|name| name == found.value) {
            table.problem(
                found.at,
                format!("`{}` stands twice in `{key}`", found.value),
                "remove one",
            );
        } else {
            names.push(found.value.to_owned());
        }
    }
    names
}

fn check_feed(table: &Table<'_>, found: Located<&str>, names: &Names<'_>) {
    if names.feeds.contains_key(found.value) || names.groups.contains(found.value) {
        return;
    }
    if names.has_lists {
        table.warning(
            found.at,
            format!("no feed or group `{}` is configured", found.value),
            "right if a `[[feed_list]]` has a folder or a feed of this name",
        );
        return;
    }
    let defined = names
        .feeds
        .iter()
        .map(|(key, feed)| (key.as_str(), table.notes.line(feed.at)));
    let remedy = suggestion(found.value, defined, names.groups.iter().copied());
    let remedy = if remedy.is_empty() {
        "name a feed by its `key`, or a `group` of feeds".to_owned()
    } else {
        remedy
    };
    table.problem(
        found.at,
        format!("unknown feed or group `{}` in `feeds`", found.value),
        remedy,
    );
}

/// `daily` becomes `Daily`.
fn title_of(key: &str) -> String {
    let mut letters = key.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
