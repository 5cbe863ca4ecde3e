//! What holds for a reader, in words: when their mail comes, what it shows and leaves out.

use crate::config::DigestSettings;
use crate::language::{Language, Languages};
use crate::model::{Choices, Length, MailFormat};
use crate::subscribe::choose::Names;
use crate::time::{ReaderSchedule, Schedule, Timestamp};

fn own_schedule(choices: &Choices, digest: &DigestSettings) -> Option<ReaderSchedule> {
    let choose = ReaderSchedule::choose(
        &digest.schedule,
        digest.zone,
        choices.time.as_deref(),
        choices.zone.as_deref(),
        &choices.frequency,
    );
    choose.ok().flatten()
}

/// When a reader's mail comes, in words.
pub(super) fn when(choices: &Choices, digest: &DigestSettings, w: &Language) -> String {
    match own_schedule(choices, digest) {
        Some(own) => format!("{} ({})", rhythm(&own.schedule, w), own.zone),
        None => format!("{} ({})", rhythm(&digest.schedule, w), digest.zone),
    }
}

/// A schedule in words: the everyday ones in the reader's language, others in English.
pub(in crate::subscribe) fn rhythm(schedule: &Schedule, w: &Language) -> String {
    let Some((days, time)) = schedule.plain() else {
        return schedule.words();
    };
    match days.as_slice() {
        [1, 2, 3, 4, 5] => w.say("monday_to_friday", &[("time", &time)]),
        [day] => {
            let from_monday = (usize::from(*day) + 6) % 7;
            w.say("every_week", &[("day", w.weekday(from_monday)), ("time", &time)])
        }
        all if all.len() == 7 => w.say("every_day", &[("time", &time)]),
        _ => schedule.words(),
    }
}

/// When the next mail comes, in words.
pub(super) fn first(choices: &Choices, digest: &DigestSettings, now: Timestamp, w: &Language) -> String {
    let own = own_schedule(choices, digest);
    let (schedule, zone) = own
        .as_ref()
        .map_or((&digest.schedule, digest.zone), |own| (&own.schedule, own.zone));
    let start = choices.paused_until.filter(|until| *until > now).unwrap_or(now);
    schedule.next_after(zone, start).map_or_else(
        || w.say("first_soon", &[]),
        |firing| {
            let local = zone.local(firing.at);
            let values = [
                ("day", w.digest().long_date(&local)),
                ("time", local.clock()),
                ("zone", zone.to_string()),
            ];
            w.say(
                "first_on",
                &values.each_ref().map(|(name, value)| (*name, value.as_str())),
            )
        },
    )
}

/// What holds for a reader: label and value.
pub(in crate::subscribe) fn holds(
    choices: &Choices,
    digest: &DigestSettings,
    known: &Names,
    languages: &Languages,
    now: Timestamp,
    w: &Language,
) -> Vec<(String, String)> {
    let row = |label: &str, value: String| (w.say(label, &[]), value);
    let named = |slugs: &[String]| {
        slugs
            .iter()
            .map(|slug| known.name_of(slug, w))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut rows = vec![row("hold_when", when(choices, digest, w))];
    if choices.companies.is_empty() && choices.themes.is_empty() {
        rows.push(row("hold_what", w.say("hold_everything", &[])));
    }
    for (label, slugs) in [
        ("hold_companies", &choices.companies),
        ("hold_themes", &choices.themes),
        ("hold_muted", &choices.muted),
    ] {
        if !slugs.is_empty() {
            rows.push(row(label, named(slugs)));
        }
    }
    if choices.length == Length::Short {
        rows.push(row("hold_length", w.say("hold_short", &[])));
    }
    if choices.format == MailFormat::Text {
        rows.push(row("hold_format", w.say("hold_text", &[])));
    }
    if let Some(language) = &choices.language {
        rows.push(row("hold_language", languages.of(language).name().to_owned()));
    }
    if let Some(until) = choices.paused_until.filter(|until| *until > now) {
        let day = w.digest().long_date(&digest.zone.local(until));
        rows.push(row("hold_paused", w.say("hold_until", &[("day", &day)])));
    }
    rows
}
