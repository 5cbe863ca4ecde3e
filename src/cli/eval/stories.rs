//! `courant eval stories`: headlines as a stream in time order, placed by the shipped engine with the shipped tagger.
//!
//! Reads items (`id`, `published`, `source`, `url`, `title`, `summary`, `lang`, `cluster`) or pairs (`a_title`,
//! `b_title`, `a_date`, ..., `label`), told by their header. An aggregator's " - Outlet" is taken off as a poll does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::{Table, print_cost, write_table};
use crate::cli::Exit;
use crate::config::StorySettings;
use crate::ingest::publisher;
use crate::model::EntryId;
use crate::stories::cluster::{Engine, FEATURES, Item, Knobs, Model};
use crate::stories::corrections::{Correction, Corrections};
use crate::stories::marks;
use crate::stories::replay::Replay;
use crate::stories::tag::Tagger;
use crate::time::Timestamp;

/// Files of one evaluation
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Items or pairs: a tab-separated file with a header
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where predictions go: `id` and `cluster`, or `label` for pairs
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Labels, when they are not in the input: `id` and `cluster`
    #[arg(long, value_name = "FILE")]
    gold: Option<PathBuf>,
    /// How many hours of items are placed at once
    #[arg(long, default_value = "6h", value_name = "DURATION", value_parser = hours)]
    batch: Duration,
    /// 0.0 joins little, 1.0 joins much
    #[arg(long, value_name = "0.0-1.0")]
    granularity: Option<f64>,
    /// The probability from which an entry joins, as `cut` in `[stories]`
    #[arg(long, value_name = "0.01-0.99")]
    cut: Option<f64>,
    /// What a person said, kept as the daemon keeps it: `kind` (together or apart), `a` and `b`, ids of the input
    #[arg(long, value_name = "FILE")]
    corrections: Option<PathBuf>,
    /// Weights of the pair model in place of the shipped ones, as `src/stories/cluster/weights.tsv` has them: to see
    /// what transfers, fitted without the collection at hand
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Leave out summaries of items whose source starts with this
    #[arg(long, value_name = "SOURCE")]
    blank: Option<String>,
    /// Where every compared pair goes with its features and whether it is one story (for scripts/fit_stories.py)
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
}

fn hours(text: &str) -> Result<Duration, String> {
    let number: u64 = text
        .strip_suffix('h')
        .unwrap_or(text)
        .parse()
        .map_err(|_| format!("`{text}` is not a number of hours like 6h"))?;
    (1..=720)
        .contains(&number)
        .then(|| Duration::from_secs(number * 3600))
        .ok_or_else(|| "between 1h and 720h".to_owned())
}

/// A row of the input on its way into the engine.
#[derive(Debug, Clone, Default)]
struct Line {
    published: Option<Timestamp>,
    source: String,
    url: String,
    title: String,
    summary: String,
}

/// Places, writes, scores.
pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let input = Table::read(&args.input)?;
    if input.column("a_title").is_some() {
        return pairs(&input, args);
    }
    for name in ["id", "title"] {
        input.need(name, &args.input)?;
    }
    let ids: Vec<&str> = input.rows.iter().map(|row| input.cell(row, "id")).collect();
    let lines = input.rows.iter().map(|row| line(&input, row, "", args)).collect();
    let labels = gold(&input, args)?;
    let same = |a: usize, b: usize| {
        let label = |i: usize| ids.get(i).and_then(|id| labels.get(*id));
        Some(label(a)? == label(b)?)
    };
    let engine = engine(args, &corrections(args, &ids)?)?;
    let (stories, observed) = place(engine, lines, args, &same);
    if let Some(path) = &args.output {
        let rows = ids.iter().zip(&stories).map(|(id, story)| format!("{id}\t{story}"));
        write_table(path, "id\tcluster", rows)?;
    }
    if let Some(path) = &args.pairs {
        write_table(
            path,
            &format!("a\tb\tsame\t{}", FEATURES.join("\t")),
            observed.into_iter(),
        )?;
    }
    if !labels.is_empty() {
        let cells: Vec<(&str, u64)> = ids
            .iter()
            .zip(&stories)
            .filter_map(|(id, story)| Some((labels.get(*id)?.as_str(), *story)))
            .collect();
        println!("{}", Scores::of(&cells).words());
    }
    Ok(Exit::Done)
}

fn gold(input: &Table, args: &Args) -> anyhow::Result<BTreeMap<String, String>> {
    let table = args.gold.as_deref().map(Table::read).transpose()?;
    let table = table.as_ref().unwrap_or(input);
    let Some(_) = table.column("cluster") else {
        return Ok(BTreeMap::new());
    };
    let path: &Path = args.gold.as_deref().unwrap_or(&args.input);
    table.need("id", path)?;
    Ok(table
        .rows
        .iter()
        .map(|row| (table.cell(row, "id").to_owned(), table.cell(row, "cluster").to_owned()))
        .collect())
}

fn line(table: &Table, row: &[String], side: &str, args: &Args) -> Line {
    let cell = |name: &str| table.cell(row, &format!("{side}{name}")).to_owned();
    let source = cell("source");
    let blank = args.blank.as_ref().is_some_and(|b| source.starts_with(b.as_str()));
    let date = cell(if side.is_empty() { "published" } else { "date" });
    Line {
        published: Timestamp::parse_rfc3339(&date),
        summary: if blank { String::new() } else { cell("summary") },
        url: cell("url"),
        title: cell("title"),
        source,
    }
}

/// Takes outlets' names off aggregators' headlines, as a poll does.
fn publishers(lines: &mut [Line]) {
    let sources: BTreeSet<String> = lines
        .iter()
        .map(|l| l.source.clone())
        .filter(|s| !s.is_empty())
        .collect();
    for source in sources {
        let titles = lines.iter().filter(|l| l.source == source).map(|l| l.title.as_str());
        let habit = publisher::habit(&source, titles);
        for line in lines.iter_mut().filter(|l| l.source == source) {
            let split = publisher::split(&line.title, "", &source, &habit);
            if !split.publisher.is_empty() {
                line.source = split.publisher;
            }
            line.title = split.title;
        }
    }
}

/// The shipped engine, or as the arguments want it.
fn engine(args: &Args, said: &[Correction]) -> anyhow::Result<Engine> {
    let mut knobs = Knobs::from(&StorySettings::default());
    knobs.granularity = args.granularity.unwrap_or(knobs.granularity);
    knobs.cut = args.cut.unwrap_or(knobs.cut);
    let engine = Engine::new(knobs, Corrections::said(said));
    let Some(path) = &args.weights else {
        return Ok(engine);
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("Unable to read {}", path.display()))?;
    Ok(engine.with_model(Model::read(&text)))
}

/// What a person said, by rows of the input.
fn corrections(args: &Args, ids: &[&str]) -> anyhow::Result<Vec<Correction>> {
    let Some(path) = &args.corrections else {
        return Ok(Vec::new());
    };
    let table = Table::read(path)?;
    for name in ["kind", "a", "b"] {
        table.need(name, path)?;
    }
    let rows: BTreeMap<&str, usize> = ids.iter().enumerate().map(|(row, id)| (*id, row)).collect();
    let entry = |id: &str| {
        let row = rows
            .get(id)
            .with_context(|| format!("{} names the id `{id}`, which the input does not have", path.display()))?;
        anyhow::Ok(EntryId::new(i64::try_from(*row)?))
    };
    let mut said = Vec::new();
    for row in &table.rows {
        let together = match table.cell(row, "kind") {
            "together" => true,
            "apart" => false,
            other => anyhow::bail!("{}: kind is `{other}`, not `together` or `apart`", path.display()),
        };
        said.push((together, entry(table.cell(row, "a"))?, entry(table.cell(row, "b"))?));
    }
    Ok(said)
}

/// Runs the stream. Gives each line's story, and the observed pairs as table lines where they were asked for.
fn place(
    engine: Engine,
    mut lines: Vec<Line>,
    args: &Args,
    same: &dyn Fn(usize, usize) -> Option<bool>,
) -> (Vec<u64>, Vec<String>) {
    publishers(&mut lines);
    let tagger = Tagger::new(&StorySettings::default());
    let since = Instant::now();
    let first = lines.iter().filter_map(|l| l.published).min().unwrap_or_default();
    let n = lines.len();
    let mut order: Vec<(Timestamp, usize, Line)> = lines
        .into_iter()
        .enumerate()
        .map(|(i, l)| (l.published.unwrap_or(first), i, l))
        .collect();
    order.sort_by_key(|(at, i, _)| (*at, *i));
    let mut replay = Replay::new(engine, &[]);
    let mut observed = Vec::new();
    let mut rest = order.as_slice();
    let batch_secs = i64::try_from(args.batch.as_secs()).unwrap_or(i64::MAX);
    while let Some((at, ..)) = rest.first() {
        let batches = (at.unix() - first.unix()) / batch_secs + 1;
        let until = Timestamp::from_unix(first.unix() + batches * batch_secs);
        let (batch, after) = rest.split_at(rest.partition_point(|(at, ..)| *at < until));
        rest = after;
        let items: Vec<Item> = batch.iter().map(|(at, i, line)| item(&tagger, *at, *i, line)).collect();
        replay.place(&items, &mut |a, b, features| {
            if args.pairs.is_some() {
                let index = |e: EntryId| usize::try_from(e.get()).unwrap_or_default();
                let values: Vec<String> = features.iter().map(|x| format!("{x:.5}")).collect();
                let same = same(index(a), index(b)).map_or(-1, i8::from);
                observed.push(format!("{a}\t{b}\t{same}\t{}", values.join("\t")));
            }
        });
    }
    // Entries are numbered by row, so they come back in the order of the rows.
    let stories = replay
        .stories()
        .values()
        .map(|story| story.get().unsigned_abs())
        .collect();
    print_cost(n, since);
    (stories, observed)
}

fn item(tagger: &Tagger, at: Timestamp, i: usize, line: &Line) -> Item {
    let tags = tagger.tag(&line.title, &line.summary);
    let marks = marks::marks(&line.title, &line.url, &line.source, &[], false);
    Item {
        entry: EntryId::new(i64::try_from(i).unwrap_or(i64::MAX)),
        url: line.url.clone(),
        title: line.title.clone(),
        summary: line.summary.clone(),
        outlet: line.source.clone(),
        dated_at: at,
        timed: line.published.is_some(),
        about: tags.about().map(str::to_owned).collect(),
        companies: tags.mentions.iter().map(|m| m.company.clone()).collect(),
        themes: tags.themes.iter().map(|t| t.theme.clone()).collect(),
        loose: marks::is_loose(&marks),
        roundup: marks::is_roundup(&marks),
    }
}

/// Pairs: both sides of all rows as one stream, a pair counting as found when both ended in one story.
fn pairs(input: &Table, args: &Args) -> anyhow::Result<Exit> {
    let lines: Vec<Line> = input
        .rows
        .iter()
        .flat_map(|row| [line(input, row, "a_", args), line(input, row, "b_", args)])
        .collect();
    let (stories, _) = place(engine(args, &[])?, lines, args, &|_, _| None);
    let found: Vec<bool> = stories.chunks(2).map(|pair| pair.first() == pair.get(1)).collect();
    if let Some(path) = &args.output {
        write_table(path, "label", found.iter().map(|f| u8::from(*f).to_string()))?;
    }
    if input.column("label").is_some() {
        let gold: Vec<bool> = input.rows.iter().map(|row| input.cell(row, "label") == "1").collect();
        let count = |f: bool, g: bool| found.iter().zip(&gold).filter(|(x, y)| **x == f && **y == g).count() as f64;
        let (precision, recall) = (
            share(count(true, true), count(true, true) + count(true, false)),
            share(count(true, true), count(true, true) + count(false, true)),
        );
        println!(
            "pairs: P {precision:.3} R {recall:.3} F1 {:.3} over {} pairs",
            harmonic(precision, recall),
            found.len()
        );
    }
    Ok(Exit::Done)
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 1.0 }
}

fn harmonic(p: f64, r: f64) -> f64 {
    if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 }
}

/// B-cubed and pairwise scores of a clustering.
#[derive(Debug, PartialEq)]
struct Scores {
    n: usize,
    b3: (f64, f64),
    pairwise: (f64, f64),
}

impl Scores {
    /// From each item's gold label and predicted story. In a cell of `k` items that share both, each has precision
    /// `k / predicted` and recall `k / gold` (Bagga and Baldwin, 1998).
    fn of(items: &[(&str, u64)]) -> Self {
        let mut gold: BTreeMap<&str, f64> = BTreeMap::new();
        let mut predicted: BTreeMap<u64, f64> = BTreeMap::new();
        let mut cells: BTreeMap<(&str, u64), f64> = BTreeMap::new();
        for (g, p) in items {
            *gold.entry(g).or_default() += 1.0;
            *predicted.entry(*p).or_default() += 1.0;
            *cells.entry((g, *p)).or_default() += 1.0;
        }
        let n = items.len() as f64;
        let of = |whole: Option<&f64>, k: f64| k * k / whole.copied().unwrap_or(1.0);
        let pairs = |counts: &mut dyn Iterator<Item = &f64>| counts.map(|k| k * (k - 1.0) / 2.0).sum::<f64>();
        let both = pairs(&mut cells.values());
        Self {
            n: items.len(),
            b3: (
                share(cells.iter().map(|((_, p), k)| of(predicted.get(p), *k)).sum(), n),
                share(cells.iter().map(|((g, _), k)| of(gold.get(g), *k)).sum(), n),
            ),
            pairwise: (
                share(both, pairs(&mut predicted.values())),
                share(both, pairs(&mut gold.values())),
            ),
        }
    }

    fn words(&self) -> String {
        let part = |(p, r): (f64, f64)| format!("P {p:.3} R {r:.3} F1 {:.3}", harmonic(p, r));
        format!(
            "B-cubed {}; pairwise {}; {} items",
            part(self.b3),
            part(self.pairwise),
            self.n
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked by hand: gold {a,b,c} {d,e}, predicted {a,b} {c,d,e}; both B-cubed sides are 11/15, pairwise 1/2.
    #[test]
    fn scores_of_a_small_case() {
        let scores = Scores::of(&[("1", 1), ("1", 1), ("1", 2), ("2", 2), ("2", 2)]);
        assert!((scores.b3.0 - 11.0 / 15.0).abs() < 1e-9 && (scores.b3.1 - 11.0 / 15.0).abs() < 1e-9);
        assert!((scores.pairwise.0 - 0.5).abs() < 1e-9 && (scores.pairwise.1 - 0.5).abs() < 1e-9);
    }

    #[test]
    fn all_apart_has_no_predicted_pair() {
        let scores = Scores::of(&[("1", 1), ("1", 2)]);
        assert!((scores.pairwise.0 - 1.0).abs() < 1e-9 && scores.pairwise.1.abs() < 1e-9);
    }
}
