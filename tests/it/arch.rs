//! The borders between modules, read from the source: who may use whom, and which file may name which crate.
//!
//! A failure says which rule was broken and what to do instead.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each stage may use of the others. `model`, `time`, `clock`, `config`, `context`, `store` are open to all stages.
const STAGES: &[&str] = &["ingest", "stories", "digest", "mail", "subscribe"];
/// `(from, to)`: the one exception. Mails are made by pure code that lives with the templates.
const STAGE_EXCEPTIONS: &[(&str, &str)] = &[
    ("digest", "mail::render"),
    ("digest", "mail::message"),
    ("subscribe", "mail::render"),
    ("subscribe", "mail::message"),
    ("subscribe", "mail::personal"),
];
/// Folders below the stages, and what they may use beside themselves.
const BELOW: &[(&str, &[&str])] = &[
    ("store", &["model", "time"]),
    ("model", &["time"]),
    ("time", &["model"]),
    ("clock", &["time"]),
    ("config", &["model", "time", "language"]),
    ("language", &["model", "time"]),
];

/// Crate -> the only files (or folders, with a slash at the end) that may name it.
const CRATES: &[(&str, &[&str])] = &[
    ("reqwest", &["ingest/fetch"]),
    ("feed_rs", &["ingest/parse/"]),
    ("rusqlite", &["store/"]),
    ("cron", &["time/"]),
    ("chrono_tz", &["time/"]),
    ("minijinja", &["mail/render/"]),
    ("lettre", &["mail/message", "mail/smtp"]),
    ("mail_auth", &["mail/dkim", "mail/doctor/"]),
    ("mail_parser", &["subscribe/inbound", "mail/bounce"]),
    ("axum", &["subscribe/web", "ops/", "demo/"]),
    ("aho_corasick", &["stories/"]),
    ("clap", &["cli/"]),
    ("sd_notify", &["ops/"]),
    ("rustix", &["ops/"]),
    ("anyhow", &["cli/", "app/", "demo/"]),
];

struct Source {
    /// Path below `src`, with slashes.
    path: String,
    /// The code without comments and without the tests at its end.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    files
        .into_iter()
        .filter(|path| path.file_name().is_none_or(|name| name != "tests.rs"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            Source { path, code }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// Every `crate::a::b` named in the code, as `a::b`.
fn uses(code: &str) -> Vec<String> {
    code.split("crate::")
        .skip(1)
        .map(|rest| {
            let path: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
                .collect();
            path.trim_end_matches(':').to_owned()
        })
        .collect()
}

fn top(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

fn first(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

#[test]
fn stages_do_not_know_each_other() {
    let mut broken = Vec::new();
    for source in sources() {
        let from = top(&source.path);
        if !STAGES.contains(&from) {
            continue;
        }
        for used in uses(&source.code) {
            let to = first(&used);
            let excepted = STAGE_EXCEPTIONS.iter().any(|(f, t)| *f == from && used.starts_with(t));
            if STAGES.contains(&to) && to != from && !excepted {
                broken.push(format!("{} uses {used}", source.path));
            }
            if matches!(to, "app" | "cli" | "ops" | "demo")
                && !(from == "subscribe" && used.starts_with("ops::metrics"))
            {
                broken.push(format!("{} uses {used}", source.path));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "stages talk through the database and a wake-up: hand the value over in `model`, or move pure code both need \
         out of the stage\n{}",
        broken.join("\n")
    );
}

#[test]
fn what_lies_below_the_stages_knows_nothing_above() {
    let mut broken = Vec::new();
    for source in sources() {
        let from = top(&source.path);
        let Some((_, allowed)) = BELOW.iter().find(|(folder, _)| *folder == from) else {
            continue;
        };
        for used in uses(&source.code) {
            let to = first(&used);
            if to != from && !allowed.contains(&to) {
                broken.push(format!("{} uses {used}", source.path));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "store and config decide nothing; pass the value in\n{}",
        broken.join("\n")
    );
}

#[test]
fn one_place_one_dependency() {
    let mut broken = Vec::new();
    for source in sources() {
        for (name, places) in CRATES {
            let named = source.code.contains(&format!("{name}::")) || source.code.contains(&format!("use {name}"));
            // `crate::time::…` must not count as the crate `time`, nor `store::rusqlite` as naming it.
            let named = named && !source.code.contains(&format!("store::{name}"));
            if named && !places.iter().any(|place| source.path.starts_with(place)) {
                broken.push(format!("{} names `{name}`, which only {places:?} may", source.path));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "wrap what you need where the crate lives\n{}",
        broken.join("\n")
    );
}

#[test]
fn only_one_place_reads_the_clock_and_the_environment() {
    let mut broken = Vec::new();
    for source in sources() {
        let clock = ["SystemTime::now", "Utc::now", "Local::now"]
            .iter()
            .any(|call| source.code.contains(call));
        if clock && source.path != "clock.rs" {
            broken.push(format!("{} reads the clock: take `now` as an argument", source.path));
        }
        let environment = source.code.contains("env::var");
        let allowed =
            source.path.starts_with("config/") || source.path == "crash.rs" || source.path.starts_with("ops/systemd");
        if environment && !allowed {
            broken.push(format!("{} reads the environment: let config do it", source.path));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_crash_point_is_passed_and_tried() {
    let code: String = sources().into_iter().map(|source| source.code).collect();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/crash.rs");
    let tests = std::fs::read_to_string(tests).unwrap();
    for point in courant::crash::POINTS {
        let passed = code.contains(&format!("crash::point(\"{point}\")"));
        let tried = tests.contains(&format!("\"{point}"));
        assert!(passed && tried, "{point}: passed {passed}, tried by crash.rs {tried}");
    }
}

#[test]
fn files_stay_readable() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let long: BTreeMap<_, _> = files
        .into_iter()
        .map(|path| {
            (
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap().lines().count(),
            )
        })
        .filter(|(_, lines)| *lines > 600)
        .collect();
    assert!(long.is_empty(), "split by noun: {long:?}");
}
