//! `[[subscriber]]`: people the operator subscribes, with their choices.

use std::collections::BTreeMap;

use super::address;
use super::digests::Names;
use crate::config::notes::Located;
use crate::config::settings::{DigestSettings, SubscriberSettings};
use crate::config::table::Table;
use crate::model::{Choices, Frequency, Length, MailFormat};
use crate::time::{Weekday, Zone, parse_clock};

pub(super) fn subscribers(
    tables: Vec<Table<'_>>,
    digests: &[DigestSettings],
    names: &Names<'_>,
) -> Vec<SubscriberSettings> {
    let mut people: Vec<SubscriberSettings> = Vec::new();
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for mut table in tables {
        if let Some(person) = subscriber(&mut table, digests, names) {
            let key = person.address.to_lowercase();
            let line = table.notes.line(table.at);
            match seen.insert((key, person.digest.clone()), line) {
                Some(first) => table.problem(
                    table.at,
                    format!("`{}` gets `{}` already, by line {first}", person.address, person.digest),
                    "remove one of the two",
                ),
                None => people.push(person),
            }
        }
        table.finish();
    }
    people
}

fn subscriber(table: &mut Table<'_>, digests: &[DigestSettings], names: &Names<'_>) -> Option<SubscriberSettings> {
    let has_address = table.has("address");
    let address = address(table, "address");
    let digest = table.line("digest");
    let mut choices = Choices {
        companies: names.companies(table, "companies"),
        themes: names.themes(table, "themes"),
        muted: names.companies_or_themes(table, "muted"),
        time: table.line("time").and_then(|found| clock(table, found)),
        zone: table.line("zone").and_then(|found| zone(table, found)),
        frequency: table
            .line("often")
            .and_then(|found| often(table, found))
            .unwrap_or_default(),
        length: table
            .choice("length", &[("long", Length::Long), ("short", Length::Short)])
            .unwrap_or_default(),
        format: table
            .choice("format", &[("html", MailFormat::Html), ("text", MailFormat::Text)])
            .unwrap_or_default(),
        language: table.line("language").map(|found| found.value.to_ascii_lowercase()),
        paused_until: None,
    };
    for list in [&mut choices.companies, &mut choices.themes, &mut choices.muted] {
        list.sort();
        list.dedup();
    }
    let Some(address) = address else {
        if !has_address {
            table.problem(table.at, "has no `address`", "add `address = \"anna@example.org\"`");
        }
        return None;
    };
    let key = match digest {
        None => digests.first().map(|d| d.key.clone())?,
        Some(found) if digests.iter().any(|d| d.key == found.value) => found.value.to_owned(),
        Some(found) => {
            let known: Vec<&str> = digests.iter().map(|d| d.key.as_str()).collect();
            let message = format!("`digest`: there is no `[[digest]]` named `{}`", found.value);
            table.problem(found.at, message, format!("known here: {}", known.join(", ")));
            return None;
        }
    };
    Some(SubscriberSettings {
        address: address.value,
        digest: key,
        choices,
    })
}

fn clock(table: &Table<'_>, found: Located<&str>) -> Option<String> {
    match parse_clock(found.value) {
        Ok((hour, minute)) => Some(format!("{hour:02}:{minute:02}")),
        Err(error) => {
            table.problem(found.at, format!("`time`: {error}"), "write it like `07:30`");
            None
        }
    }
}

fn zone(table: &Table<'_>, found: Located<&str>) -> Option<String> {
    match found.value.parse::<Zone>() {
        Ok(zone) => Some(zone.to_string()),
        Err(error) => {
            table.problem(found.at, format!("`zone`: {error}"), "");
            None
        }
    }
}

fn often(table: &Table<'_>, found: Located<&str>) -> Option<Frequency> {
    let text = found.value.to_ascii_lowercase();
    let day = |text: &str| text.trim().parse::<Weekday>().ok().map(|day| day.short().to_owned());
    let read = match text.as_str() {
        "daily" => Some(Frequency::Daily),
        "weekdays" => Some(Frequency::Weekdays),
        other => other.strip_prefix("weekly").and_then(day).map(Frequency::Weekly),
    };
    if read.is_none() {
        table.problem(
            found.at,
            format!("`often`: `{}` is no rhythm", found.value),
            "write `daily`, `weekdays` or `weekly Mon`",
        );
    }
    read
}
