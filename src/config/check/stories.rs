//! `[stories] [[company]] [[theme]]`.

use std::collections::BTreeMap;

use super::{DAY, Defined, HOUR, in_order, slug, suggestion};
use crate::config::KnownSlugs;
use crate::config::notes::Located;
use crate::config::settings::{CompanySettings, StorySettings, ThemeSettings};
use crate::config::table::Table;

/// Weights of phrases stay small, so that one phrase cannot drown all others.
const WEIGHT_MAX: f64 = 10.0;

pub(super) fn stories(
    mut table: Table<'_>,
    companies: Defined<CompanySettings>,
    themes: Defined<ThemeSettings>,
) -> StorySettings {
    let settings = StorySettings {
        granularity: table.number("granularity", 0.5, 0.0..=1.0),
        cut: table.number("cut", 0.35, 0.01..=0.99),
        window: table.duration("window", 3 * DAY, HOUR..=30 * DAY),
        companies: in_order(companies),
        themes: in_order(themes),
    };
    table.finish();
    settings
}

pub(super) fn companies(tables: Vec<Table<'_>>, known: &KnownSlugs) -> Defined<CompanySettings> {
    let mut companies = BTreeMap::new();
    for mut table in tables {
        let slug = slug(&mut table, "slug", "company", &companies);
        let company = CompanySettings {
            slug: slug.clone().unwrap_or_default(),
            name: text(&mut table, "name"),
            aliases: texts(&mut table, "aliases"),
            tickers: texts(&mut table, "tickers"),
            products: texts(&mut table, "products"),
            not: texts(&mut table, "not"),
            ambiguous: table.flag("ambiguous"),
            enabled: table.flag("enabled").unwrap_or(true),
        };
        if let Some(slug) = slug {
            let built_in = known.companies.as_ref().is_none_or(|known| known.contains(&slug));
            if !built_in && company.name.is_empty() {
                table.problem(
                    table.at,
                    "has no `name`, and is not in the built-in list",
                    "add a line `name = \"...\"`",
                );
            }
            companies.insert(
                slug,
                Located {
                    value: company,
                    at: table.at,
                },
            );
        }
        table.finish();
    }
    companies
}

pub(super) fn themes(
    tables: Vec<Table<'_>>,
    companies: &Defined<CompanySettings>,
    known: &KnownSlugs,
) -> Defined<ThemeSettings> {
    let mut themes = BTreeMap::new();
    for mut table in tables {
        let slug = slug(&mut table, "slug", "theme", &themes);
        let mut named = Vec::new();
        for found in table.strings("companies") {
            check_slug(
                &table,
                "companies",
                "company",
                found,
                companies,
                known.companies.as_ref(),
            );
            named.push(found.value.to_owned());
        }
        let theme = ThemeSettings {
            slug: slug.clone().unwrap_or_default(),
            name: text(&mut table, "name"),
            phrases: weights(&mut table, "phrases"),
            not: weights(&mut table, "not"),
            companies: named,
            replace: table.flag("replace").unwrap_or(false),
            enabled: table.flag("enabled").unwrap_or(true),
        };
        if let Some(slug) = slug {
            let built_in = known.themes.as_ref().is_none_or(|known| known.contains(&slug));
            if !built_in && theme.name.is_empty() {
                table.problem(
                    table.at,
                    "has no `name`, and is not a built-in theme",
                    "add a line `name = \"...\"`",
                );
            }
            let idle = theme.phrases.is_empty() && theme.companies.is_empty();
            if theme.enabled && idle && (theme.replace || (!built_in && !theme.name.is_empty())) {
                table.problem(
                    table.at,
                    "has no `phrases` and no `companies`: nothing can match it",
                    "add `phrases = [\"...\"]`",
                );
            }
            themes.insert(
                slug,
                Located {
                    value: theme,
                    at: table.at,
                },
            );
        }
        table.finish();
    }
    themes
}

/// Notes a slug that is neither defined in the configuration nor built in.
pub(super) fn check_slug<T>(
    table: &Table<'_>,
    key: &str,
    kind: &str,
    found: Located<&str>,
    here: &Defined<T>,
    built_in: Option<&std::collections::BTreeSet<String>>,
) {
    let Some(built_in) = built_in else { return };
    if here.contains_key(found.value) || built_in.contains(found.value) {
        return;
    }
    let defined = here
        .iter()
        .map(|(slug, item)| (slug.as_str(), table.notes.line(item.at)));
    let remedy = suggestion(found.value, defined, built_in.iter().map(String::as_str));
    let remedy = match (remedy.is_empty(), kind) {
        (false, _) => remedy,
        (true, "company") => {
            "define it by `[[company]]`; `courant companies search NAME` finds built-in ones".to_owned()
        }
        (true, _) => format!(
            "define it by `[[{kind}]]`; built in are {}",
            super::super::table::list(built_in.iter().map(String::as_str))
        ),
    };
    table.problem(found.at, format!("unknown {kind} `{}` in `{key}`", found.value), remedy);
}

fn text(table: &mut Table<'_>, key: &'static str) -> String {
    table.line(key).map(|found| found.value.to_owned()).unwrap_or_default()
}

fn texts(table: &mut Table<'_>, key: &'static str) -> Vec<String> {
    table.strings(key).iter().map(|found| found.value.to_owned()).collect()
}

fn weights(table: &mut Table<'_>, key: &'static str) -> BTreeMap<String, f64> {
    table
        .weights(key, 0.0..=WEIGHT_MAX)
        .into_iter()
        .map(|(phrase, weight)| (phrase, weight.value))
        .collect()
}
