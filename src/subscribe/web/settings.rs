//! A reader's choices behind a signed link: shown, changed, and checked before anything is kept.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::guest::Guest;
use super::member::{self, Member};
use super::{field, fields};
use crate::language::Language;
use crate::model::{Choices, Frequency, Length, MailFormat, NameKind};
use crate::subscribe::choose::{Known, canonical, schedule_of};
use crate::subscribe::note::often_words;
use crate::time::{CivilDate, Timestamp, Zone, parse_clock};

/// The page.
pub async fn page(guest: Guest, Path(token): Path<String>) -> Response {
    match member::by_settings_token(&guest.door.ctx, &token).await {
        Ok(Some(member)) => show(&guest.reads(&member), &token, &member, &member.choices, Told::default()).await,
        Ok(None) => guest.bad_token(),
        Err(error) => guest.failed(&error),
    }
}

/// Keeps what the form says, or shows it again with what is wrong.
pub async fn save(guest: Guest, Path(token): Path<String>, body: Bytes) -> Response {
    let member = match member::by_settings_token(&guest.door.ctx, &token).await {
        Ok(Some(member)) => member,
        Ok(None) => return guest.bad_token(),
        Err(error) => return guest.failed(&error),
    };
    let guest = guest.reads(&member);
    let names = match member::names(&guest.door.ctx).await {
        Ok(names) => names,
        Err(error) => return guest.failed(&error),
    };
    let config = guest.door.ctx.config();
    let Some(spec) = config.digests.iter().find(|digest| digest.key == member.digest) else {
        return guest.missing();
    };
    let written = fields(&body);
    let known = Known {
        names: &names,
        languages: &config.mail.languages,
    };
    let (choices, mut problems) = read(&written, known, spec.zone, &guest.language);
    if problems.is_empty()
        && let Err(error) = schedule_of(&choices, &spec.schedule, spec.zone)
    {
        problems.push(error.to_string());
    }
    if !problems.is_empty() {
        let told = Told {
            saved: false,
            problems: &problems,
            written: Some(&written),
        };
        return show(&guest, &token, &member, &choices, told).await;
    }
    match member::change(&guest.door.ctx, &member, choices.clone(), guest.network.words()).await {
        Ok(()) => {
            // Who has just chosen a language is thanked in it.
            let member = Member {
                choices: choices.clone(),
                ..member
            };
            let told = Told {
                saved: true,
                ..Told::default()
            };
            show(&guest.reads(&member), &token, &member, &choices, told).await
        }
        Err(error) => guest.failed(&error),
    }
}

/// The choices of a form, and what of it cannot be used.
fn read(fields: &[(String, String)], known: Known<'_>, zone: Zone, l: &Language) -> (Choices, Vec<String>) {
    let names = known.names;
    let say = |key: &str, values: &[(&str, &str)]| l.page().say(key, values);
    let mut problems = Vec::new();
    let mut slugs = |text: &str, kind: Option<NameKind>| -> Vec<String> {
        let written = text
            .split([',', '\n', ';'])
            .map(str::trim)
            .filter(|word| !word.is_empty());
        let mut found = Vec::new();
        for word in written {
            match names.find(word) {
                Ok(known) if kind.is_none_or(|kind| kind == known.kind) => found.push(known.slug.clone()),
                Ok(known) => problems.push(say("is_theme", &[("name", &known.name)])),
                Err(Some(near)) => problems.push(say("unknown_near", &[("name", word), ("near", near)])),
                Err(None) => problems.push(say("unknown", &[("name", word)])),
            }
        }
        found
    };
    let companies = slugs(field(fields, "companies"), Some(NameKind::Company));
    let muted = slugs(field(fields, "muted"), None);
    let chosen = fields
        .iter()
        .filter(|(name, _)| name == "theme")
        .map(|(_, value)| value.as_str());
    let themes = chosen
        .filter_map(|slug| names.find(slug).ok())
        .map(|known| known.slug.clone())
        .collect();
    let filled = |name: &str| Some(field(fields, name).to_owned()).filter(|value| !value.is_empty());
    let time = filled("time");
    if let Some(time) = &time
        && parse_clock(time).is_err()
    {
        problems.push(say("bad_time", &[("name", time)]));
    }
    if let Some(zone) = filled("zone")
        && zone.parse::<Zone>().is_err()
    {
        problems.push(say("bad_zone", &[("name", &zone)]));
    }
    let paused_until = filled("pause").and_then(|date| {
        let start = date.parse::<CivilDate>().ok().and_then(|date| date.start_in(zone));
        if start.is_none() {
            problems.push(say("bad_date", &[("name", &date)]));
        }
        start
    });
    let mut choices = Choices {
        companies,
        themes,
        muted,
        time,
        zone: filled("zone"),
        frequency: frequency(field(fields, "frequency")),
        length: if field(fields, "length") == "short" {
            Length::Short
        } else {
            Length::Long
        },
        format: if field(fields, "format") == "text" {
            MailFormat::Text
        } else {
            MailFormat::Html
        },
        language: filled("language").filter(|code| known.languages.codes().any(|other| other == code)),
        paused_until,
    };
    canonical(&mut choices);
    (choices, problems)
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn frequency(value: &str) -> Frequency {
    match value {
        "daily" => Frequency::Daily,
        "weekdays" => Frequency::Weekdays,
        day if DAYS.contains(&day) => Frequency::Weekly(day.to_owned()),
        _ => Frequency::Default,
    }
}

/// What the page says beside the choices.
#[derive(Default)]
struct Told<'a> {
    saved: bool,
    problems: &'a [String],
    /// The form as it came, when it cannot be kept: whoever mistyped a name mends it and does not begin anew.
    written: Option<&'a [(String, String)]>,
}

async fn show(guest: &Guest, token: &str, member: &Member, choices: &Choices, told: Told<'_>) -> Response {
    let names = match member::names(&guest.door.ctx).await {
        Ok(names) => names,
        Err(error) => return guest.failed(&error),
    };
    let config = guest.door.ctx.config();
    let zone = config
        .digests
        .iter()
        .find(|digest| digest.key == member.digest)
        .map_or_else(Zone::default, |d| d.zone);
    let listed = |name: &str, slugs: &[String]| {
        if let Some(written) = told.written {
            return field(written, name).to_owned();
        }
        let known: Vec<&str> = slugs.iter().map(|slug| names.name_of(slug, &guest.language)).collect();
        known.join(", ")
    };
    let themes: Vec<_> = names
        .all()
        .iter()
        .filter(|known| known.kind == NameKind::Theme)
        .map(|known| {
            let name = guest.language.theme(&known.slug, &known.name);
            serde_json::json!({"slug": known.slug, "name": name, "chosen": choices.themes.contains(&known.slug)})
        })
        .collect();
    let default = guest.say("language_default", &[]);
    let all = config.mail.languages.all().iter();
    let languages: Vec<_> = std::iter::once(("", default.as_str()))
        .chain(all.map(|language| (language.code(), language.name())))
        .map(|(code, name)| {
            let chosen = choices.language.as_deref().unwrap_or_default() == code;
            serde_json::json!({"value": code, "name": name, "chosen": chosen})
        })
        .collect();
    let values = serde_json::json!({
        "heading": guest.say("settings_for", &[("title", &member.title), ("address", &member.address)]),
        "action": format!("/settings/{token}"),
        "leave": format!("/leave/{}", member.leave_token),
        "saved": told.saved,
        "problems": told.problems,
        "companies": listed("companies", &choices.companies),
        "muted": listed("muted", &choices.muted),
        "themes": themes,
        "frequencies": frequencies(&choices.frequency, &guest.language),
        "time": choices.time.clone().unwrap_or_default(),
        "zone": choices.zone.clone().unwrap_or_default(),
        "default_zone": zone.name(),
        "pause": choices.paused_until.map(|at| date_of(at, zone)).unwrap_or_default(),
        "short": choices.length == Length::Short,
        "text_only": choices.format == MailFormat::Text,
        "languages": languages,
    });
    let status = if told.problems.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    guest.page(status, "settings", values)
}

fn date_of(at: Timestamp, zone: Zone) -> String {
    zone.local(at).iso().chars().take(10).collect()
}

fn frequencies(chosen: &Frequency, l: &Language) -> Vec<serde_json::Value> {
    let all = [
        ("", Frequency::Default),
        ("daily", Frequency::Daily),
        ("weekdays", Frequency::Weekdays),
    ]
    .into_iter()
    .chain(DAYS.into_iter().map(|day| (day, Frequency::Weekly(day.to_owned()))));
    all.map(|(value, frequency)| {
        serde_json::json!({"value": value, "name": often_words(&frequency, l), "chosen": frequency == *chosen})
    })
    .collect()
}
