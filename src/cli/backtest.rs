//! `courant backtest`: what other settings would have made of the stories the daemon has placed.
//!
//! Reads the database and writes nothing. The entries of the last days are placed anew in the batches in which the
//! daemon placed them, on top of the stories that were open then, under the corrections there are today.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Exit, Refused, load_config, runtime};
use crate::app;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{self, Config};
use crate::model::{EntryId, StoryId};
use crate::store::corrections::Correction;
use crate::store::window::WindowRow;
use crate::store::{self, Db, StoreError};
use crate::stories::backtest::{self, Changes, Group, Places};
use crate::stories::cluster::{Item, Settled};
use crate::stories::replay::Replay;
use crate::stories::{self, BATCH};
use crate::time::Timestamp;

/// Options of `[stories]` that decide on stories.
const OPTIONS: [&str; 3] = ["stories.cut", "stories.granularity", "stories.window"];
/// Longest headline shown, in characters.
const TITLE_MAX: usize = 80;
/// Entries shown of one change.
const SHOWN_ENTRIES: usize = 4;
const DAY_SECS: i64 = 86_400;

/// Show what other settings would make of stored stories: which would merge, split, appear, vanish
///
/// The entries placed in the last days are placed anew and compared with the stories they are in. Nothing is changed.
/// Options to set: `stories.cut` (0.01 to 0.99, more joins less), `stories.granularity` (0.0 to 1.0, more joins more),
/// `stories.window` (1h to 30d, how long a story stays open). Without `--set` it shows what placing anew alone changes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many days back
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
    /// An option and its value: stories.cut, stories.granularity or stories.window; may be given several times
    #[arg(long = "set", value_name = "OPTION=VALUE", num_args = 1.., value_parser = option)]
    set: Vec<(String, String)>,
    /// How many changes of each kind are shown
    #[arg(long, default_value_t = 10, value_name = "N")]
    show: usize,
}

fn option(text: &str) -> Result<(String, String), String> {
    let (option, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` is no option and value, like stories.cut=0.5"))?;
    if OPTIONS.contains(&option) {
        Ok((option.to_owned(), value.to_owned()))
    } else {
        Err(format!(
            "`{option}` decides on no story; there are {}",
            OPTIONS.join(", ")
        ))
    }
}

/// What is read of the database.
struct Stored {
    rows: Vec<WindowRow>,
    corrections: Vec<Correction>,
    places: Vec<(EntryId, StoryId)>,
    learnt: String,
    older: Vec<(String, String)>,
}

/// Replays and prints.
pub fn run(path: &Path, args: &Args) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    let wanted = config::load_with(path, &app::known_slugs(), &args.set)
        .map_err(|problems| Refused::new(Exit::Config, format!("these settings cannot be used\n{problems}")))?;
    if !config.database.path.exists() {
        let message = format!("there is no database at {}", config.database.path.display());
        return Err(Refused::new(Exit::Data, message).into());
    }
    let now = SystemClock.now();
    let since = Timestamp::from_unix(now.unix() - i64::from(args.days) * DAY_SECS);
    let window = config.stories.window.max(wanted.stories.window);
    let from = since.minus(window);
    let db = Db::open(&config.database.path)?;
    let stored = runtime()?.block_on(db.read(move |conn| read(conn, from)))?;
    print!("{}", report(&stored, since, (&config, &wanted), args));
    Ok(Exit::Done)
}

fn read(conn: &store::rusqlite::Connection, from: Timestamp) -> Result<Stored, StoreError> {
    let learnt = store::settings::get(conn, stories::LEARNT)?.unwrap_or_default();
    Ok(Stored {
        rows: store::window::entries(conn, from)?,
        corrections: store::corrections::all(conn)?,
        places: store::corrections::places(conn)?,
        learnt: String::from_utf8_lossy(&learnt).into_owned(),
        older: store::window::older_texts(conn, from, stories::OLDER_TEXTS)?,
    })
}

/// All of the answer.
fn report(stored: &Stored, since: Timestamp, (config, wanted): (&Config, &Config), args: &Args) -> String {
    use std::fmt::Write as _;
    let titles: BTreeMap<EntryId, &str> = stored
        .rows
        .iter()
        .map(|row| (row.entry.id, row.entry.title.as_str()))
        .collect();
    let now: Places = stored.rows.iter().map(|row| (row.entry.id, row.story)).collect();
    let replayed = stored.rows.iter().filter(|row| row.joined_at >= since).count();
    let mut out = format!(
        "{replayed} entries of the last {} days placed anew, {} older ones of open stories beside them\n",
        args.days,
        stored.rows.len() - replayed
    );
    let plain = replay(stored, since, config);
    let changed = if args.set.is_empty() {
        plain.clone()
    } else {
        replay(stored, since, wanted)
    };
    let line = |name: &str, places: &Places| {
        format!(
            "{name:<18}{} stories, {} of them told by several entries\n",
            backtest::n_stories(places),
            backtest::told_by_several(places)
        )
    };
    out += &line("as stored", &now);
    out += &line("settings of now", &plain);
    if !args.set.is_empty() {
        let words: Vec<String> = args.set.iter().map(|(key, value)| format!("{key}={value}")).collect();
        out += &line("settings to try", &changed);
        let _ = writeln!(out, "tried: {}", words.join(" "));
    }
    let changes = backtest::compare(&now, &changed);
    let alone = backtest::compare(&now, &plain);
    let _ = writeln!(out, "\n{:<10}{:>8}  of them by placing anew alone", "", "count");
    for (name, list, by_itself) in kinds(&changes, &alone) {
        let known: BTreeSet<&Vec<Group>> = by_itself.iter().collect();
        let both = list.iter().filter(|parts| known.contains(parts)).count();
        let _ = writeln!(out, "{name:<10}{:>8}  {both}", list.len());
    }
    for (name, list, _) in kinds(&changes, &alone) {
        if !list.is_empty() && args.show > 0 {
            let _ = writeln!(out, "\nWould {name}");
        }
        for parts in list.iter().take(args.show) {
            out += &words(parts, &now, &titles);
        }
        if list.len() > args.show {
            let _ = writeln!(out, "  and {} more (--show)", list.len() - args.show);
        }
    }
    out
}

/// A kind of change: its name, and its list in two comparisons.
type Kind<'a> = (&'static str, &'a [Vec<Group>], &'a [Vec<Group>]);

/// The four kinds.
fn kinds<'a>(a: &'a Changes, b: &'a Changes) -> [Kind<'a>; 4] {
    [
        ("merge", &a.merge, &b.merge),
        ("split", &a.split, &b.split),
        ("appear", &a.appear, &b.appear),
        ("vanish", &a.vanish, &b.vanish),
    ]
}

/// One change: its parts with their stories and some headlines.
fn words(parts: &[Group], now: &Places, titles: &BTreeMap<EntryId, &str>) -> String {
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        for (n, entry) in part.iter().take(SHOWN_ENTRIES).enumerate() {
            let mark = match (at, n) {
                (0, 0) => '-',
                (_, 0) => '+',
                _ => ' ',
            };
            let story = now.get(entry).map_or_else(String::new, |story| format!("s{story} "));
            let title: String = titles
                .get(entry)
                .copied()
                .unwrap_or_default()
                .chars()
                .take(TITLE_MAX)
                .collect();
            out += &format!("  {mark} {story}e{entry} {title}\n");
        }
        if part.len() > SHOWN_ENTRIES {
            out += &format!("      and {} more entries\n", part.len() - SHOWN_ENTRIES);
        }
    }
    out
}

/// Where everything would stand under these settings.
fn replay(stored: &Stored, since: Timestamp, config: &Config) -> Places {
    let mut engine = stories::engine(config, &stored.corrections);
    for (title, summary) in &stored.older {
        engine.count_words(title, summary);
    }
    engine.learn(&stored.learnt);
    let (before, after): (Vec<&WindowRow>, Vec<&WindowRow>) = stored.rows.iter().partition(|row| row.joined_at < since);
    let settled: Vec<Settled> = before.into_iter().cloned().map(stories::settled).collect();
    let mut replay = Replay::new(engine, &settled);
    replay.remember(&stored.places);
    let newest = stored.rows.iter().map(|row| row.story).max();
    replay.number_after(newest.unwrap_or(StoryId::new(0)));
    for tick in after.chunk_by(|a, b| a.joined_at == b.joined_at) {
        for batch in tick.chunks(BATCH) {
            let items: Vec<Item> = batch.iter().map(|row| stories::settled((*row).clone()).item).collect();
            replay.place(&items, &mut |_, _, _| {});
        }
    }
    replay.stories()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Entry, FeedId};

    fn row(id: i64, story: i64, at: i64, title: &str) -> WindowRow {
        let entry = Entry {
            id: EntryId::new(id),
            feed_id: FeedId::new(1),
            feed_key: "wire".into(),
            url: format!("https://example.org/{id}"),
            title: title.into(),
            summary: String::new(),
            author: String::new(),
            language: String::new(),
            source: format!("Outlet {id}"),
            owner: String::new(),
            weight: 1.0,
            press_release: false,
            published_at: Some(Timestamp::from_unix(at)),
            first_seen_at: Timestamp::from_unix(at),
            dated_at: Timestamp::from_unix(at),
            revision: 0,
            history: false,
        };
        WindowRow {
            entry,
            story: StoryId::new(story),
            near: Vec::new(),
            marks: String::new(),
            companies: Vec::new(),
            themes: Vec::new(),
            joined_at: Timestamp::from_unix(at + 60),
        }
    }

    const MINIMAL: &str = "[mail]\ncontact = \"A\"\nfrom = \"a@example.org\"\nlist_address = \"n@example.org\"\n\
        [[digest]]\nkey = \"daily\"\ntitle = \"Daily\"\nschedule = \"0 7 * * *\"\nzone = \"Europe/Berlin\"\n";

    fn config(text: &str) -> Config {
        Config::from_toml_str(text, Path::new(".")).unwrap()
    }

    /// The counts of merge, split, appear, vanish with the option set so.
    #[track_caller]
    fn check(value: Option<&str>, corrections: Vec<Correction>, expected: [&str; 4]) {
        let noise = [
            "Acme opens a plant in Ohio",
            "Globex sues a rival over patents",
            "Initech recalls toasters after fires",
            "Umbrella names a finance chief",
            "Hooli cuts its forecast for the year",
            "Stark wins a contract with the navy",
            "Wayne raises its dividend again",
            "Tyrell moves its seat to Dublin",
            "Soylent closes three shops in Wales",
            "Wonka hires two hundred people",
            "Duff sells a brewery for cash",
            "Cyberdyne delays a robot until spring",
        ];
        let mut rows: Vec<WindowRow> = (10..)
            .zip(noise)
            .map(|(id, title)| row(id, id, 500_000, title))
            .collect();
        rows.push(row(1, 1, 500_000, "Sirius Cybernetics to buy Magrathea for $3 billion"));
        rows.push(row(
            2,
            1,
            500_600,
            "Sirius Cybernetics agrees $3bn takeover of Magrathea",
        ));
        rows.push(row(3, 3, 500_600, "Quake of magnitude 6.1 shakes northern Chile"));
        let stored = Stored {
            rows,
            corrections,
            places: Vec::new(),
            learnt: String::new(),
            older: Vec::new(),
        };
        let set: Vec<(String, String)> = value.iter().map(|v| ("stories.cut".into(), (*v).to_owned())).collect();
        let wanted = set.iter().fold(MINIMAL.to_owned(), |text, (option, value)| {
            config::edit::set_option(&text, option, value).unwrap()
        });
        let args = Args { days: 7, set, show: 10 };
        let since = Timestamp::from_unix(400_000);
        let text = report(&stored, since, (&config(MINIMAL), &config(&wanted)), &args);
        let counts = ["merge", "split", "appear", "vanish"].map(|name| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_whitespace().nth(1).unwrap_or_default().to_owned()
        });
        assert_eq!(counts, expected, "{text}");
    }

    #[test]
    fn what_another_cut_would_change() {
        check(None, Vec::new(), ["0", "0", "0", "0"]);
        check(Some("0.99"), Vec::new(), ["0", "0", "0", "1"]);
        let apart = vec![(false, EntryId::new(1), EntryId::new(2))];
        check(None, apart, ["0", "0", "0", "1"]);
        let together = vec![(true, EntryId::new(3), EntryId::new(10))];
        check(None, together, ["0", "0", "1", "0"]);
    }

    #[test]
    fn only_what_decides_on_stories_can_be_set() {
        assert_eq!(option("stories.cut=0.12"), Ok(("stories.cut".into(), "0.12".into())));
        for wrong in ["stories.cut", "poll.interval=1h", "cut=0.1"] {
            assert!(option(wrong).is_err(), "{wrong}");
        }
    }
}
