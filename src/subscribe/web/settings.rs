//! A reader's choices behind a signed link: shown, changed, and checked before anything is kept.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::connection::Peer;
use super::member::{self, Member};
use super::{Door, Site, field, fields};
use crate::language::Languages;
use crate::model::{Choices, Frequency, Length, MailFormat, NameKind};
use crate::subscribe::choose::{Names, canonical, schedule_of};
use crate::subscribe::note::often_words;
use crate::time::{CivilDate, Timestamp, Zone, parse_clock};

/// The page.
pub async fn page(
    State(door): State<Door>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    match member::by_settings_token(&door.ctx, &token).await {
        Ok(Some(member)) => show(&door, &token, &member, &member.choices, Told::default()).await,
        Ok(None) => door.bad_token(door.network(peer, &headers)),
        Err(error) => door.failed(&error),
    }
}

/// Keeps what the form says, or shows it again with what is wrong.
pub async fn save(
    State(door): State<Door>,
    Extension(peer): Extension<Peer>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let network = door.network(peer, &headers);
    let member = match member::by_settings_token(&door.ctx, &token).await {
        Ok(Some(member)) => member,
        Ok(None) => return door.bad_token(network),
        Err(error) => return door.failed(&error),
    };
    let names = match member::names(&door.ctx).await {
        Ok(names) => names,
        Err(error) => return door.failed(&error),
    };
    let config = door.ctx.config();
    let Some(spec) = config.digests.iter().find(|digest| digest.key == member.digest) else {
        return door.missing();
    };
    let written = fields(&body);
    let (choices, mut problems) = read(&written, &names, spec.zone);
    if let Err(error) = schedule_of(&choices, &spec.schedule, spec.zone) {
        problems.push(error.to_string());
    }
    if !problems.is_empty() {
        let told = Told {
            saved: false,
            problems: &problems,
            written: Some(&written),
        };
        return show(&door, &token, &member, &choices, told).await;
    }
    match member::change(&door.ctx, &member, choices.clone(), network.words()).await {
        Ok(()) => {
            let told = Told {
                saved: true,
                ..Told::default()
            };
            show(&door, &token, &member, &choices, told).await
        }
        Err(error) => door.failed(&error),
    }
}

/// The choices of a form, and what of it cannot be used.
fn read(fields: &[(String, String)], names: &Names, zone: Zone) -> (Choices, Vec<String>) {
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
                Ok(known) => problems.push(format!("{} is a theme; choose it in the list of themes.", known.name)),
                Err(Some(near)) => problems.push(format!("“{word}” is not known. Did you mean {near}?")),
                Err(None) => problems.push(format!("“{word}” is not known.")),
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
        problems.push(format!("“{time}” is no time of day; write it as 07:30."));
    }
    let paused_until = filled("pause").and_then(|date| {
        let start = date.parse::<CivilDate>().ok().and_then(|date| date.start_in(zone));
        if start.is_none() {
            problems.push(format!("“{date}” is no date; write it as 2026-12-24."));
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
        language: filled("language").filter(|code| Languages::builtin().find(code).is_some()),
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

async fn show(door: &Door, token: &str, member: &Member, choices: &Choices, told: Told<'_>) -> Response {
    let names = match member::names(&door.ctx).await {
        Ok(names) => names,
        Err(error) => return door.failed(&error),
    };
    let config = door.ctx.config();
    let zone = config
        .digests
        .iter()
        .find(|digest| digest.key == member.digest)
        .map_or_else(Zone::default, |d| d.zone);
    let listed = |name: &str, slugs: &[String]| {
        if let Some(written) = told.written {
            return field(written, name).to_owned();
        }
        let known: Vec<&str> = slugs.iter().map(|slug| names.name_of(slug)).collect();
        known.join(", ")
    };
    let themes: Vec<_> = names
        .all()
        .iter()
        .filter(|known| known.kind == NameKind::Theme)
        .map(|known| {
            serde_json::json!({"slug": known.slug, "name": known.name, "chosen": choices.themes.contains(&known.slug)})
        })
        .collect();
    let languages: Vec<_> = std::iter::once(("", "As the digest"))
        .chain(["en", "de", "fr", "es"].map(|code| (code, language_name(code))))
        .map(|(code, name)| {
            let chosen = choices.language.as_deref().unwrap_or_default() == code;
            serde_json::json!({"value": code, "name": name, "chosen": chosen})
        })
        .collect();
    let values = serde_json::json!({
        "site": Site::of(&config),
        "digest": member.title,
        "address": member.address,
        "action": format!("/settings/{token}"),
        "leave": format!("/leave/{}", member.leave_token),
        "saved": told.saved,
        "problems": told.problems,
        "companies": listed("companies", &choices.companies),
        "muted": listed("muted", &choices.muted),
        "themes": themes,
        "frequencies": frequencies(&choices.frequency),
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
    door.page(status, "settings", &values)
}

fn date_of(at: Timestamp, zone: Zone) -> String {
    zone.local(at).iso().chars().take(10).collect()
}

fn frequencies(chosen: &Frequency) -> Vec<serde_json::Value> {
    let all = [
        ("", Frequency::Default),
        ("daily", Frequency::Daily),
        ("weekdays", Frequency::Weekdays),
    ]
    .into_iter()
    .chain(DAYS.into_iter().map(|day| (day, Frequency::Weekly(day.to_owned()))));
    all.map(|(value, frequency)| {
        serde_json::json!({"value": value, "name": often_words(&frequency, &Languages::builtin().of("en")), "chosen": frequency == *chosen})
    })
    .collect()
}

fn language_name(code: &str) -> &str {
    match code {
        "en" => "English",
        "de" => "Deutsch",
        "fr" => "Français",
        "es" => "Español",
        other => other,
    }
}
