//! The configuration: read, checked, and swapped whole on reload.
//!
//! [`load`] gives a [`Config`] without contradictions, or every problem of the files at once, each with its line and
//! what to do. Only this folder reads the environment.

mod check;
pub mod edit;
mod listed;
mod lists;
mod notes;
pub mod patch;
mod problem;
mod secret;
mod settings;
mod source;
mod table;
mod units;

use std::collections::BTreeSet;
use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;

pub use listed::FeedListSettings;
pub use problem::{Problem, Problems};
use secret::Surroundings;
pub use settings::{
    CompanySettings, Config, Corrections, DaemonSettings, DatabaseSettings, DigestSettings, DkimKey, DkimSettings,
    HostSettings, ImapSettings, InboundSettings, LatePolicy, LimitSettings, LmtpListen, LogFormat, LogSettings,
    MailSettings, PollSettings, RateSettings, Secret, SmtpAuth, SmtpSettings, SmtpTls, StorySettings,
    SubscriberSettings, ThemeSettings, Transport, UncertainPolicy, WebSettings,
};
use source::{At, File};

/// The names that references may use beside those the configuration itself defines. `None` leaves a kind unchecked.
#[derive(Debug, Clone, Default)]
pub struct KnownSlugs {
    /// Slugs of the built-in companies.
    pub companies: Option<BTreeSet<String>>,
    /// Slugs of the built-in themes.
    pub themes: Option<BTreeSet<String>>,
    /// Names of the parts a story's score has.
    pub score_parts: Option<BTreeSet<String>>,
}

/// Reads a configuration file and those it includes.
///
/// # Errors
/// All problems at once.
pub fn load(path: &Path, known: &KnownSlugs) -> Result<Config, Problems> {
    let main = File::read(path).map_err(|problem| Problems(vec![problem]))?;
    assemble(main, known, &Surroundings::of_process()).map(|read| read.config)
}

/// The same as if these options (`stories.cut` and its value) were set so in the file.
///
/// # Errors
/// All problems at once.
pub fn load_with(path: &Path, known: &KnownSlugs, options: &[(String, String)]) -> Result<Config, Problems> {
    let mut main = File::read(path).map_err(|problem| Problems(vec![problem]))?;
    for (option, value) in options {
        main.text = edit::set_option(&main.text, option, value).map_err(|message| {
            Problems(vec![Problem {
                file: main.name.clone(),
                line: 0,
                place: String::new(),
                message,
                remedy: String::new(),
            }])
        })?;
    }
    let main = File::new(main.name, main.folder, main.text);
    assemble(main, known, &Surroundings::of_process()).map(|read| read.config)
}

impl Config {
    /// Reads a configuration from a text that stands for itself: relative paths start at `base_dir`, nothing is taken
    /// from the environment, and slugs of companies and themes are not checked against the built-in lists.
    ///
    /// # Errors
    /// All problems at once.
    pub fn from_toml_str(text: &str, base_dir: &Path) -> Result<Self, Problems> {
        let main = File::new("config.toml".to_owned(), base_dir.to_path_buf(), text.to_owned());
        assemble(main, &KnownSlugs::default(), &Surroundings::none()).map(|read| read.config)
    }
}

/// A configuration that was read, with the options it could have named.
struct Assembled {
    config: Config,
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "held against the documented example by a test")
    )]
    options: std::collections::BTreeMap<String, BTreeSet<String>>,
}

fn assemble(main: File, known: &KnownSlugs, around: &Surroundings) -> Result<Assembled, Problems> {
    let mut problems = Vec::new();
    let mut files = vec![main];
    let included = files
        .first()
        .map(|main| source::included(main, DeTable::parse_recoverable(&main.text).0.get_ref()));
    for file in included.into_iter().flatten() {
        match file {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    let mut tables: Vec<Spanned<DeTable<'_>>> = Vec::new();
    let mut broken = BTreeSet::new();
    for file in &files {
        let (table, errors) = DeTable::parse_recoverable(&file.text);
        for error in errors {
            let line = file.line(error.span().map_or(0, |span| span.start));
            broken.insert((file.name.clone(), line));
            problems.push(Problem {
                file: file.name.clone(),
                line,
                place: String::new(),
                message: format!("not TOML: {}", error.message().lines().collect::<Vec<_>>().join("; ")),
                remedy: String::new(),
            });
        }
        tables.push(table);
    }
    let notes = notes::Notes::new(&files);
    let roots = tables.iter().enumerate().map(|(file, table)| {
        table::Table::new(
            &notes,
            "",
            At {
                file,
                offset: table.span().start,
            },
            Some(table.get_ref()),
        )
    });
    let mut config = check::check(roots.collect(), known, around, &notes);
    let (found, warnings, options) = notes.finish();
    // What stands on a line that is no TOML was said already.
    problems.extend(
        found
            .into_iter()
            .filter(|problem| !broken.contains(&(problem.file.clone(), problem.line))),
    );
    if !problems.is_empty() {
        // Files that an option names, as language files, come before those of the configuration, by name.
        let place = |problem: &Problem| {
            let own = files.iter().position(|file| file.name == problem.file);
            let other = if own.is_none() {
                problem.file.clone()
            } else {
                String::new()
            };
            (own, other, problem.line)
        };
        problems.sort_by_key(place);
        problems.dedup();
        return Err(Problems(problems));
    }
    config.files = files.iter().filter_map(|file| file.path.clone()).collect();
    config.warnings = warnings.iter().map(ToString::to_string).collect();
    if config.web.is_some() && config.mailed_url().is_none() {
        config.warnings.push(
            "[web] has no `public_url`: mails carry no links to the pages, and leaving works by mail only".to_owned(),
        );
    }
    for digest in &config.digests {
        if config.mail.languages.find(&digest.language).is_none() {
            config.warnings.push(format!(
                "digest `{}`: there are no words in `{}`: its fixed words are English, until [mail] `languages` has a file",
                digest.key, digest.language
            ));
        }
    }
    Ok(Assembled { config, options })
}

#[cfg(test)]
mod documented;
#[cfg(test)]
mod tests;
