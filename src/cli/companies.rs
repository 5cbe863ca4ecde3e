//! `courant companies`: what the gazetteer knows.

use std::path::Path;

use super::{Exit, story_settings};
use crate::stories::tag::{CompanyInfo, Tagger};

/// Look up companies the tagger knows
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Companies by a name, an alias, a product, a person or a ticker, or a part of one
    Search {
        /// What to look for
        name: String,
        /// Most companies shown
        #[arg(long, default_value_t = 20)]
        most: usize,
    },
}

/// Prints what matches; exits with 1 when nothing does.
pub fn run(config: &Path, args: &Args) -> anyhow::Result<Exit> {
    let What::Search { name, most } = &args.what;
    let tagger = Tagger::new(&story_settings(config)?);
    let found = tagger.search(name, *most);
    if found.is_empty() {
        println!("No company named {name:?}. A [[company]] table in the configuration adds one.");
        return Ok(Exit::Failed);
    }
    for (company, names) in &found {
        println!("{}", line(company, names));
    }
    Ok(Exit::Done)
}

fn line(company: &CompanyInfo, names: &[String]) -> String {
    use std::fmt::Write as _;
    let mut text = format!("{:24} {}", company.slug, company.name);
    if !company.ticker.is_empty() {
        let _ = write!(text, " ({})", company.ticker);
    }
    if !company.parent.is_empty() {
        let _ = write!(text, ", part of {}", company.parent);
    }
    let others: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|n| *n != company.name)
        .collect();
    if !others.is_empty() {
        let _ = write!(text, "\n{:24} also: {}", "", others.join(", "));
    }
    text
}
