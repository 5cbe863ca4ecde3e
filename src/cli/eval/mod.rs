//! `courant eval`: the shipped engine with shipped defaults over a labelled file, scored as the outside scorers do.

mod score;
mod stories;
mod tags;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use clap::Subcommand;

use super::Exit;

/// Measure the engine on a file of headlines
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Stories of a stream of headlines, or of pairs; scores when the input or --gold has labels
    Stories(stories::Args),
    /// Companies of headlines; scores when the input or --gold has a column `companies`
    Companies(tags::Args),
    /// Themes of headlines; scores when the input or --gold has a column `themes`
    Themes(tags::Args),
    /// Everyday words that may be companies; needs the columns `word` and `label`
    Ambiguous(tags::Args),
}

/// Runs one evaluation.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.what {
        What::Stories(args) => stories::run(args),
        What::Companies(args) => tags::run(tags::Kind::Companies, args),
        What::Themes(args) => tags::run(tags::Kind::Themes, args),
        What::Ambiguous(args) => tags::run(tags::Kind::Ambiguous, args),
    }
}

/// Most bytes of an evaluation file.
const FILE_MAX: u64 = 1 << 30;

/// A tab-separated file with a header, as rows of named cells.
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let size = std::fs::metadata(path)
            .with_context(|| format!("Unable to read {}", path.display()))?
            .len();
        anyhow::ensure!(size <= FILE_MAX, "{} has more than {FILE_MAX} bytes", path.display());
        let text = std::fs::read_to_string(path).with_context(|| format!("Unable to read {}", path.display()))?;
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let cells = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        let columns = cells(lines.next().with_context(|| {
            format!(
                "{} is empty: the first line has the names of its columns",
                path.display()
            )
        })?);
        Ok(Self {
            columns,
            rows: lines.map(cells).collect(),
        })
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == name)
    }

    fn need(&self, name: &str, path: &Path) -> anyhow::Result<usize> {
        self.column(name)
            .with_context(|| format!("{} has no column `{name}`", path.display()))
    }

    fn cell<'a>(&'a self, row: &'a [String], name: &str) -> &'a str {
        self.column(name).and_then(|i| row.get(i)).map_or("", String::as_str)
    }
}

/// Writes a tab-separated file.
pub(super) fn write_table(path: &PathBuf, header: &str, lines: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let file = std::fs::File::create(path).with_context(|| format!("Unable to write {}", path.display()))?;
    let mut out = std::io::BufWriter::new(file);
    writeln!(out, "{header}")?;
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
        .with_context(|| format!("Unable to write {}", path.display()))
}

/// How fast a run was and how much memory the process has needed at most.
fn print_cost(items: usize, since: Instant) {
    let seconds = since.elapsed().as_secs_f64().max(1e-9);
    let memory = peak_memory_mb().map_or_else(|| "peak memory unknown".to_owned(), |mb| format!("peak memory {mb} MB"));
    println!(
        "{items} items in {seconds:.2} s, {:.0} a second, {memory}",
        items as f64 / seconds
    );
}

/// The most memory this process has had, from Linux; `None` elsewhere.
fn peak_memory_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim()
        .trim_end_matches("kB")
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kb| kb / 1024)
}
