//! `courant explain`: why the engine says what it says.

use std::path::Path;

use super::{Exit, story_settings};
use crate::stories::tag::Tagger;

/// Show the companies and themes of a headline with the reasons for each
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The headline
    headline: String,
    /// Its summary
    #[arg(long, default_value = "")]
    summary: String,
}

/// Prints what is found and what was considered.
pub fn run(config: &Path, args: &Args) -> anyhow::Result<Exit> {
    let tagger = Tagger::new(&story_settings(config)?);
    print!("{}", headline(&tagger, &args.headline, &args.summary));
    Ok(Exit::Done)
}

/// The tags of a headline in words.
fn headline(tagger: &Tagger, title: &str, summary: &str) -> String {
    use std::fmt::Write as _;
    let tags = tagger.tag(title, summary);
    let mut out = String::from("Companies\n");
    for m in &tags.mentions {
        let role = if m.about { "about" } else { "mentioned" };
        let unlisted = if m.unlisted { ", unlisted" } else { "" };
        let _ = writeln!(
            out,
            "  {} ({:?}, {role}{unlisted}, {:.2}): {}",
            m.name, m.surface, m.score, m.reason
        );
    }
    if tags.mentions.is_empty() {
        out.push_str("  none\n");
    }
    let refused: Vec<_> = tagger
        .candidates(title)
        .into_iter()
        .filter(|c| !tags.mentions.iter().any(|m| m.name == c.company))
        .collect();
    if !refused.is_empty() {
        out.push_str("Considered, not taken\n");
        for c in &refused {
            let _ = writeln!(
                out,
                "  {} ({:?}, {:.2}): {}",
                c.company,
                c.words,
                c.score,
                c.features.join(", ")
            );
        }
    }
    out.push_str("Themes\n");
    for t in &tags.themes {
        let _ = writeln!(out, "  {} {:.1}: {}", t.theme, t.score, t.reason);
    }
    if tags.themes.is_empty() {
        out.push_str("  none\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::headline;
    use crate::config::StorySettings;
    use crate::stories::tag::Tagger;

    #[test]
    fn reasons_are_shown() {
        let tagger = Tagger::new(&StorySettings::default());
        let text = headline(&tagger, "Nvidia to buy chip designer Arm for $40 billion", "");
        assert!(text.contains("Nvidia") && text.contains("m-and-a"), "{text}");
    }
}
