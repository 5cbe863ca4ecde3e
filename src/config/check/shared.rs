//! `[[group]]` and `[[host]]`: what feeds take from where they say nothing themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use super::headers::is_header_value;
use super::service::usize_of;
use super::{DAY, Defined, MINUTE, slug, unless_taken, web_address};
use crate::config::HostSettings;
use crate::config::notes::Located;
use crate::config::table::Table;

const WEIGHT_MAX: f64 = 3.0;

/// What a `[[group]]` or a `[[host]]` gives its feeds where they say nothing themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) interval: Option<Duration>,
    pub(super) weight: Option<f64>,
    pub(super) user_agent: Option<String>,
    pub(super) proxy: Option<String>,
    pub(super) press_release: Option<bool>,
    pub(super) full_text: Option<bool>,
    pub(super) paused: Option<bool>,
}

impl Group {
    /// With what `other` says where this says nothing.
    pub(super) fn or(self, other: Option<&Self>) -> Self {
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
    pub(super) fn group(&self, key: &str) -> Option<&Group> {
        self.groups.get(key).map(|group| &group.value)
    }

    /// The `[[host]]` of an address: of its own name, else of the nearest name above it.
    pub(super) fn host(&self, url: &url::Url) -> Option<&Group> {
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

/// The options a feed and a group share.
pub(super) fn common(table: &mut Table<'_>) -> Group {
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
