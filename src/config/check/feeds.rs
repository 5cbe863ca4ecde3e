//! `[[feed]]` and `[[feed_list]]`.

use std::collections::BTreeMap;

use super::headers::headers;
use super::service::usize_of;
use super::shared::{Shared, common};
use super::{DAY, Defined, MINUTE, is_slug, slug, slug_of, unless_taken, web_address};
use crate::config::FeedListSettings;
use crate::config::notes::{Located, Notes};
use crate::config::secret::Surroundings;
use crate::config::table::Table;
use crate::model::{FeedSpec, IdentityKind};

pub(super) fn feeds(
    tables: Vec<Table<'_>>,
    shared: &Shared,
    no_lists: bool,
    around: &Surroundings,
    notes: &Notes<'_>,
) -> Defined<FeedSpec> {
    let mut feeds = BTreeMap::new();
    let mut urls: BTreeMap<String, usize> = BTreeMap::new();
    let none = tables.is_empty() && no_lists;
    for mut table in tables {
        let at = table.at;
        if let Some(spec) = feed(&mut table, shared, &feeds, around) {
            if let Some(line) = urls.get(&spec.url) {
                table.problem(
                    at,
                    format!("`url`: {} is polled already", spec.url),
                    format!("the first is at line {line}; remove one"),
                );
            } else {
                urls.insert(spec.url.clone(), notes.line(at));
                feeds.insert(spec.key.clone(), Located { value: spec, at });
            }
        }
        table.finish();
    }
    if none {
        let at = crate::config::source::At { file: 0, offset: 0 };
        notes.warning(
            at,
            "",
            "there is no `[[feed]]`: nothing will be read",
            "add one, or run `courant feeds add URL`",
        );
    }
    feeds
}

pub(super) fn lists(tables: Vec<Table<'_>>, shared: &Shared, around: &Surroundings) -> Defined<FeedListSettings> {
    let mut lists = BTreeMap::new();
    for mut table in tables {
        let at = table.at;
        if let Some(list) = list(&mut table, shared, &lists, around) {
            lists.insert(list.source.key.clone(), Located { value: list, at });
        }
        table.finish();
    }
    lists
}

/// A list: what reaches it (login, proxy) is its own, what its feeds share is theirs.
fn list(
    table: &mut Table<'_>,
    shared: &Shared,
    taken: &Defined<FeedListSettings>,
    around: &Surroundings,
) -> Option<FeedListSettings> {
    let key = slug(table, "key", "feed_list", taken);
    let url = table.line("opml_url");
    let own = common(table);
    let headers = headers(table, around);
    let group = table.line("group").map_or("", |found| found.value);
    let allow_private = table.flag("allow_private").unwrap_or(false);
    let refresh = table.duration("refresh", DAY, 15 * MINUTE..=30 * DAY);
    let feeds_max = table.whole("feeds_max", 500, 1..=20_000);
    let Some(url) = url else {
        table.problem(table.at, "has no `opml_url`", "add a line `opml_url = \"https://...\"`");
        return None;
    };
    let parsed = web_address(table, "opml_url", url, &["http", "https"])?;
    let key = key?;
    let given = own.or(shared.group(group));
    Some(FeedListSettings {
        source: FeedSpec {
            headers,
            user_agent: given.user_agent.clone(),
            proxy: given.proxy.clone(),
            allow_private,
            ..FeedSpec::plain(&key, parsed.as_str())
        },
        feeds: FeedSpec {
            weight: given.weight.unwrap_or(1.0),
            group: group.to_owned(),
            interval: given.interval,
            user_agent: given.user_agent,
            proxy: given.proxy,
            press_release: given.press_release.unwrap_or(false),
            full_text: given.full_text.unwrap_or(false),
            paused: given.paused.unwrap_or(false),
            list: Some(key),
            ..FeedSpec::plain("", "")
        },
        refresh,
        feeds_max: usize_of(feeds_max),
    })
}

fn feed(table: &mut Table<'_>, shared: &Shared, taken: &Defined<FeedSpec>, around: &Surroundings) -> Option<FeedSpec> {
    let name = table
        .line("name")
        .map(|found| found.value.to_owned())
        .unwrap_or_default();
    let url = table.line("url");
    let key = key(table, &name, url, taken);
    let own = common(table);
    let headers = headers(table, around);
    let owner = table
        .line("owner")
        .map(|found| found.value.to_owned())
        .unwrap_or_default();
    let group = table
        .line("group")
        .map(|found| found.value.to_owned())
        .unwrap_or_default();
    let allow_private = table.flag("allow_private").unwrap_or(false);
    let identities = [
        ("guid", IdentityKind::Guid),
        ("link", IdentityKind::Link),
        ("text", IdentityKind::Text),
    ];
    let identity = table.choice("identity", &identities);
    let Some(url) = url else {
        table.problem(table.at, "has no `url`", "add a line `url = \"https://...\"`");
        return None;
    };
    let parsed = web_address(table, "url", url, &["http", "https"])?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        table.problem(
            url.at,
            "`url` contains a login",
            "move it to `username` and `password_file`",
        );
        return None;
    }
    let given = own.or(shared.group(&group)).or(shared.host(&parsed));
    Some(FeedSpec {
        key: key?,
        url: parsed.into(),
        name,
        owner,
        weight: given.weight.unwrap_or(1.0),
        group,
        interval: given.interval,
        headers,
        user_agent: given.user_agent,
        proxy: given.proxy,
        allow_private,
        identity,
        press_release: given.press_release.unwrap_or(false),
        full_text: given.full_text.unwrap_or(false),
        paused: given.paused.unwrap_or(false),
        list: None,
    })
}

/// The feed's key: as given, else made from its name, else from its host.
fn key(table: &mut Table<'_>, name: &str, url: Option<Located<&str>>, taken: &Defined<FeedSpec>) -> Option<String> {
    if table.has("key") {
        return slug(table, "key", "feed", taken);
    }
    table.line("key");
    let host = || {
        let url = url::Url::parse(url?.value).ok()?;
        Some(slug_of(url.host_str()?.trim_start_matches("www.")))
    };
    let made = Some(slug_of(name))
        .filter(|key| is_slug(key) && !key.is_empty())
        .or_else(host)
        .filter(|key| is_slug(key));
    let Some(made) = made else {
        if url.is_some() {
            table.problem(
                table.at,
                "has no `key`, and none can be made from its name",
                "add a line `key = \"...\"`",
            );
        }
        return None;
    };
    table.place = format!("feed `{made}`");
    unless_taken(table, made, table.at, "key", taken)
}
