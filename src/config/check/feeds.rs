//! `[[feed]]` and `[[group]]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::service::usize_of;
use super::{DAY, Defined, MINUTE, is_slug, slug, slug_of, unless_taken, web_address};
use crate::config::notes::{Located, Notes};
use crate::config::secret::{SecretKeys, Surroundings, read_private, secret};
use crate::config::table::Table;
use crate::config::{FeedListSettings, HostSettings};
use crate::model::{FeedSpec, IdentityKind};

/// What a `[[group]]` or a `[[host]]` gives its feeds where they say nothing themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    interval: Option<Duration>,
    weight: Option<f64>,
    user_agent: Option<String>,
    proxy: Option<String>,
    press_release: Option<bool>,
    full_text: Option<bool>,
    paused: Option<bool>,
}

impl Group {
    /// With what `other` says where this says nothing.
    fn or(self, other: Option<&Self>) -> Self {
        let Some(other) = other.cloned() else { return self };
        Self {
            interval: self.interval.or(other.interval),
            weight: self.weight.or(other.weight),
            user_agent: self.user_agent.or(other.user_agent),
            proxy: self.proxy.or(other.proxy),
            press_release: self.press_release.or(other.press_release),
            full_text: self.full_text.or(other.full_text),
            paused: self.paused.or(other.paused),
        }
    }
}

/// One `[[host]]`: limits of the host, and what its feeds take from it.
#[derive(Debug, Default)]
pub(super) struct Host {
    settings: HostSettings,
    feeds: Group,
}

/// What feeds take from where they say nothing themselves: their group first, then their host.
pub(super) struct Shared {
    pub(super) groups: Defined<Group>,
    pub(super) hosts: Defined<Host>,
}

impl Shared {
    fn group(&self, key: &str) -> Option<&Group> {
        self.groups.get(key).map(|group| &group.value)
    }

    /// The `[[host]]` of an address: of its own name, else of the nearest name above it.
    fn host(&self, url: &url::Url) -> Option<&Group> {
        let mut name = url.host_str()?;
        loop {
            if let Some(host) = self.hosts.get(name) {
                return Some(&host.value.feeds);
            }
            name = name.split_once('.')?.1;
        }
    }

    pub(super) fn host_settings(&self) -> BTreeMap<String, HostSettings> {
        let limited = self
            .hosts
            .iter()
            .filter(|(_, host)| host.value.settings != HostSettings::default());
        limited
            .map(|(name, host)| (name.clone(), host.value.settings))
            .collect()
    }
}

const WEIGHT_MAX: f64 = 3.0;

/// Headers the fetcher sets itself; another value for them would break conditional requests or limits.
const OWN_HEADERS: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-modified-since",
    "if-none-match",
    "range",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

macro_rules! secret_keys {
    ($name:literal) => {
        SecretKeys {
            inline: $name,
            file: concat!($name, "_file"),
            env: concat!($name, "_env"),
            credential: concat!($name, "_credential"),
            default_credential: None,
        }
    };
}

pub(super) fn groups(tables: Vec<Table<'_>>) -> Defined<Group> {
    let mut groups = BTreeMap::new();
    for mut table in tables {
        let key = slug(&mut table, "key", "group", &groups);
        let group = common(&mut table);
        if let Some(key) = key {
            groups.insert(
                key,
                Located {
                    value: group,
                    at: table.at,
                },
            );
        }
        table.finish();
    }
    groups
}

pub(super) fn hosts(tables: Vec<Table<'_>>) -> Defined<Host> {
    let mut hosts: Defined<Host> = BTreeMap::new();
    for mut table in tables {
        let name = host_name(&mut table, &hosts);
        let per_host = table.has("per_host");
        let n = table.whole("per_host", 1, 1..=16);
        let host = Host {
            settings: HostSettings {
                per_host: per_host.then_some(usize_of(n)),
                host_pause: table
                    .duration_set("host_pause", Duration::ZERO..=60 * MINUTE)
                    .map(|found| found.value),
            },
            feeds: common(&mut table),
        };
        if let Some(name) = name {
            let at = table.at;
            hosts.insert(name, Located { value: host, at });
        }
        table.finish();
    }
    hosts
}

/// `name = "example.org"`, without scheme, port or path.
fn host_name(table: &mut Table<'_>, taken: &Defined<Host>) -> Option<String> {
    let Some(found) = table.line("name") else {
        table.problem(table.at, "has no `name`", "add a line `name = \"example.org\"`");
        return None;
    };
    let name = match url::Host::parse(found.value) {
        Ok(name) => name.to_string(),
        Err(error) => {
            let message = format!("`name`: `{}` is no host: {error}", found.value);
            table.problem(found.at, message, "write the name alone: `example.org`");
            return None;
        }
    };
    table.place = format!("host `{name}`");
    unless_taken(table, name, found.at, "name", taken)
}

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

/// The options a feed and a group share.
fn common(table: &mut Table<'_>) -> Group {
    let weight = table.has("weight");
    let number = table.number("weight", 1.0, 0.0..=WEIGHT_MAX);
    let proxy = table.line("proxy");
    let schemes = ["http", "https", "socks5", "socks5h"];
    let user_agent = table.line("user_agent");
    if let Some(found) = user_agent.filter(|found| !is_header_value(found.value)) {
        table.problem(
            found.at,
            "`user_agent` contains letters a header cannot hold",
            "use plain ASCII",
        );
    }
    Group {
        interval: table
            .duration_set("interval", MINUTE..=30 * DAY)
            .map(|found| found.value),
        weight: weight.then_some(number),
        user_agent: user_agent.map(|found| found.value.to_owned()),
        proxy: proxy
            .and_then(|found| web_address(table, "proxy", found, &schemes))
            .map(Into::into),
        press_release: table.flag("press_release"),
        full_text: table.flag("full_text"),
        paused: table.flag("paused"),
    }
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

/// Headers from the configuration and from secrets: `headers`, `headers_file`, `cookie`, `bearer`, `username`.
fn headers(table: &mut Table<'_>, around: &Surroundings) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for (name, value) in table.pairs("headers") {
        header(table, name, value, &mut headers);
    }
    if let Some(found) = table.line("headers_file") {
        let folder = table
            .notes
            .files
            .get(found.at.file)
            .map_or_else(PathBuf::new, |file| file.folder.clone());
        let text = read_private(table, found.at, "headers_file", &folder.join(found.value)).unwrap_or_default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line.split_once(':') {
                Some((name, value)) => header(
                    table,
                    Located {
                        value: name.trim(),
                        at: found.at,
                    },
                    value.trim(),
                    &mut headers,
                ),
                None => table.problem(
                    found.at,
                    "`headers_file` has a line without a colon",
                    "write one header a line: `Name: value`",
                ),
            }
        }
    }
    let here = table.at;
    let mut from_secret = |table: &Table<'_>, name: &'static str, value: String| {
        header(table, Located { value: name, at: here }, &value, &mut headers);
    };
    if let Some(cookie) = secret(table, &secret_keys!("cookie"), around) {
        from_secret(table, "cookie", cookie.expose().to_owned());
    }
    if let Some(bearer) = secret(table, &secret_keys!("bearer"), around) {
        from_secret(table, "authorization", format!("Bearer {}", bearer.expose()));
    }
    let password = secret(table, &secret_keys!("password"), around);
    match (table.line("username"), password) {
        (Some(username), Some(password)) => {
            let login = format!("{}:{}", username.value, password.expose());
            from_secret(
                table,
                "authorization",
                format!("Basic {}", data_encoding::BASE64.encode(login.as_bytes())),
            );
        }
        (Some(username), None) => table.problem(username.at, "`username` without a password", "add `password_file`"),
        (None, Some(_)) => table.problem(here, "a password without `username`", "add `username`"),
        (None, None) => {}
    }
    headers
}

fn header(table: &Table<'_>, name: Located<&str>, value: &str, headers: &mut Vec<(String, String)>) {
    let lower = name.value.to_ascii_lowercase();
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if lower.is_empty() || !lower.chars().all(token) || !is_header_value(value) {
        table.problem(
            name.at,
            format!("`{lower}` is no header that can be sent"),
            "use plain ASCII on one line",
        );
    } else if OWN_HEADERS.contains(&lower.as_str()) {
        let remedy = if lower == "user-agent" {
            "use `user_agent`"
        } else {
            "remove it"
        };
        table.problem(
            name.at,
            format!("the header `{lower}` is set by Courant itself"),
            remedy,
        );
    } else if headers.iter().any(|(other, _)| *other == lower) {
        table.problem(name.at, format!("the header `{lower}` is set twice"), "keep one");
    } else {
        headers.push((lower, value.to_owned()));
    }
}

fn is_header_value(value: &str) -> bool {
    value.chars().all(|c| c == '\t' || (' '..='~').contains(&c))
}
