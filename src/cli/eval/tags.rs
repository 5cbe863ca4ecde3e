//! `courant eval companies|themes|ambiguous`: tags of headlines, as `surface=Company|...` and `theme|...`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use super::score::{self, Counts};
use super::{Table, print_cost, write_table};
use crate::cli::Exit;
use crate::config::StorySettings;
use crate::stories::tag::Tagger;

/// Files of one evaluation
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Headlines: a tab-separated file with the columns `id` and `text`
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where predictions go
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Labels, when they are not in the input
    #[arg(long, value_name = "FILE")]
    gold: Option<PathBuf>,
    /// Where every name found goes, accepted or not, with what the context model saw (for scripts/fit_context.py)
    #[arg(long, value_name = "FILE")]
    candidates: Option<PathBuf>,
}

/// What is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Companies,
    Themes,
    Ambiguous,
}

/// Tags, writes, scores.
pub(super) fn run(kind: Kind, args: &Args) -> anyhow::Result<Exit> {
    let input = Table::read(&args.input)?;
    let (id, text) = (input.need("id", &args.input)?, input.need("text", &args.input)?);
    let tagger = Tagger::new(&StorySettings::default());
    let since = Instant::now();
    let predicted: Vec<(&str, String)> = input
        .rows
        .iter()
        .map(|row| {
            let cell = |i: usize| row.get(i).map_or("", String::as_str);
            (cell(id), predict(kind, &tagger, cell(text)))
        })
        .collect();
    print_cost(predicted.len(), since);
    if let Some(path) = &args.output {
        let header = if kind == Kind::Themes {
            "id\tthemes"
        } else {
            "id\tcompanies"
        };
        write_table(path, header, predicted.iter().map(|(id, cell)| format!("{id}\t{cell}")))?;
    }
    if let Some(path) = &args.candidates {
        let lines = input.rows.iter().flat_map(|row| candidates(&tagger, row, id, text));
        write_table(path, "id\twords\tcompany\tlean\tscore\tfeatures", lines)?;
    }
    let gold = args.gold.as_ref().map(|path| Table::read(path)).transpose()?;
    let gold = gold.as_ref().unwrap_or(&input);
    let wanted = match kind {
        Kind::Companies => "companies",
        Kind::Themes => "themes",
        Kind::Ambiguous => "label",
    };
    if gold.column(wanted).is_none() {
        println!("no scores: there is no column `{wanted}`");
        return Ok(Exit::Done);
    }
    let by_id: BTreeMap<&str, &str> = predicted.iter().map(|(id, cell)| (*id, cell.as_str())).collect();
    let mut sources: BTreeMap<&str, Vec<&[String]>> = BTreeMap::new();
    for row in &gold.rows {
        sources.entry(gold.cell(row, "source")).or_default().push(row);
    }
    for (source, rows) in &sources {
        print_scores(kind, gold, source, rows, &by_id);
    }
    if sources.len() > 1 {
        let all: Vec<&[String]> = gold.rows.iter().map(Vec::as_slice).collect();
        print_scores(kind, gold, "all", &all, &by_id);
    }
    Ok(Exit::Done)
}

fn predict(kind: Kind, tagger: &Tagger, text: &str) -> String {
    let clean = |words: &str| words.replace(['|', '\t', '='], " ");
    match kind {
        Kind::Themes => {
            let themes = tagger.tag(text, "").themes;
            themes.iter().map(|t| t.theme.as_str()).collect::<Vec<_>>().join("|")
        }
        Kind::Companies | Kind::Ambiguous => {
            let found = tagger.surfaces(text);
            found
                .iter()
                .map(|s| format!("{}={}", clean(&s.words), clean(&s.company)))
                .collect::<Vec<_>>()
                .join("|")
        }
    }
}

fn candidates(tagger: &Tagger, row: &[String], id: usize, text: usize) -> Vec<String> {
    let cell = |i: usize| row.get(i).map_or("", String::as_str);
    tagger
        .candidates(cell(text))
        .into_iter()
        .map(|c| {
            format!(
                "{}\t{}\t{}\t{}\t{:.3}\t{}",
                cell(id),
                c.words,
                c.company,
                c.lean,
                c.score,
                c.features.join("|")
            )
        })
        .collect()
}

fn print_scores(kind: Kind, gold: &Table, source: &str, rows: &[&[String]], predicted: &BTreeMap<&str, &str>) {
    let guess = |row: &[String]| predicted.get(gold.cell(row, "id")).copied().unwrap_or("");
    let name = if source.is_empty() { "all" } else { source };
    let n = rows.len();
    match kind {
        Kind::Companies => {
            let mut all = Counts::default();
            for row in rows {
                all.add(score::companies(
                    gold.cell(row, "companies"),
                    gold.cell(row, "optional"),
                    guess(row),
                ));
            }
            println!(
                "{name}: {n} rows, P {:.4} R {:.4} F1 {:.4}",
                all.precision(),
                all.recall(),
                all.f1()
            );
        }
        Kind::Ambiguous => {
            let mut all = Counts::default();
            let mut right = 0;
            for row in rows {
                let is = gold.cell(row, "label") == "company";
                let said = score::says(gold.cell(row, "word"), guess(row));
                right += usize::from(is == said);
                all.right += usize::from(is && said);
                all.wrong += usize::from(!is && said);
                all.missed += usize::from(is && !said);
            }
            let accuracy = right as f64 / n.max(1) as f64;
            println!(
                "{name}: {n} rows, accuracy {accuracy:.4}, P {:.4} R {:.4} F1 {:.4}",
                all.precision(),
                all.recall(),
                all.f1()
            );
        }
        Kind::Themes => {
            let mut counts = BTreeMap::new();
            for row in rows {
                score::themes(
                    gold.cell(row, "themes"),
                    gold.cell(row, "themes_optional"),
                    guess(row),
                    &mut counts,
                );
            }
            let (micro, mean) = score::micro_macro(&counts);
            println!(
                "{name}: {n} rows, P {:.4} R {:.4} micro F1 {:.4} macro F1 {mean:.4}",
                micro.precision(),
                micro.recall(),
                micro.f1()
            );
            for (theme, c) in &counts {
                println!(
                    "  {theme:18} P {:.2} R {:.2} F1 {:.2}  ({} in gold)",
                    c.precision(),
                    c.recall(),
                    c.f1(),
                    c.right + c.missed
                );
            }
        }
    }
}
