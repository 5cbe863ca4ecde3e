//! `courant explain`: why the engine says what it says.

use std::fmt::Write as _;
use std::path::Path;

use super::{Exit, Refused, load_config, runtime, story_settings};
use crate::address::Address;
use crate::app;
use crate::config::DigestSettings;
use crate::digest::rank;
use crate::digest::standing::{Place, Scored, Standing, standing};
use crate::model::{EntryId, SectionKind, StoryId};
use crate::store::story_history::Change;
use crate::store::{stories, story_history};
use crate::stories::tag::Tagger;

/// Show why a story is one, how it scores, why an entry is where it is, or what a headline is about
///
/// `s12` is story 12, `e34` is entry 34; anything else is a headline. For a story each part of its score is shown, as it
/// is now and as it was in past editions.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A story (`s12`), an entry (`e34`) or a headline
    #[arg(value_name = "STORY|ENTRY|HEADLINE")]
    what: String,
    /// Its summary
    #[arg(long, default_value = "")]
    summary: String,
    /// Score the story for this subscriber, with what follows from their choices
    #[arg(long = "for", value_name = "ADDRESS")]
    reader: Option<String>,
}

/// Prints what is found and what was considered.
pub fn run(config: &Path, args: &Args) -> anyhow::Result<Exit> {
    let number = |letter| args.what.strip_prefix(letter).and_then(|n| n.parse::<i64>().ok());
    let reader = args.reader.as_deref().map(Address::parse).transpose();
    let reader = reader.map_err(|error| Refused::new(Exit::Data, format!("--for: {error}")))?;
    if let Some(id) = number('s') {
        return stored(config, Asked::Story(StoryId::new(id)), reader.as_ref());
    }
    if let Some(id) = number('e') {
        return stored(config, Asked::Entry(EntryId::new(id)), reader.as_ref());
    }
    let tagger = Tagger::new(&story_settings(config)?);
    print!("{}", headline(&tagger, &args.what, &args.summary));
    Ok(Exit::Done)
}

/// What is looked up in the database.
#[derive(Clone, Copy)]
enum Asked {
    Story(StoryId),
    Entry(EntryId),
}

const MEMBERS_MAX: usize = 500;
const RELATED_MAX: usize = 5;
const CHANGES_MAX: usize = 50;

/// Prints what is kept of a story or of one entry's place in it.
fn stored(path: &Path, asked: Asked, reader: Option<&Address>) -> anyhow::Result<Exit> {
    let config = load_config(path)?;
    let (found, standings) = runtime()?.block_on(async {
        let ctx = app::open_here(config.clone()).await?;
        let now = ctx.now();
        let read = ctx.db.read(move |conn| {
            let story = match asked {
                Asked::Story(story) => stories::living(conn, story)?,
                Asked::Entry(entry) => stories::story_of(conn, entry)?,
            };
            let Some(story) = story else { return Ok(None) };
            let members = stories::members(conn, story, MEMBERS_MAX)?;
            let mut related = Vec::new();
            for (other, closeness) in stories::related(conn, story, now, RELATED_MAX)? {
                let first = stories::members(conn, other, 1)?;
                related.extend(first.into_iter().map(|m| (other, closeness, m.entry.title)));
            }
            let changes = story_history::of(conn, story, CHANGES_MAX)?;
            Ok(Some((story, members, related, changes)))
        });
        let found = read.await?;
        let mut standings = Vec::new();
        if let (Some((story, ..)), Asked::Story(_)) = (&found, asked) {
            let reader = reader.map(Address::key);
            for spec in &config.digests {
                let found = standing(&ctx.db, &config, spec, *story, now, reader.as_deref()).await?;
                standings.push((spec, found));
            }
        }
        anyhow::Ok((found, standings))
    })?;
    let Some((story, members, related, changes)) = found else {
        return Err(Refused::new(Exit::Data, "there is no such story or entry, or it waits for its story").into());
    };
    println!("Story s{story}: {} entries", members.len());
    for m in &members {
        if matches!(asked, Asked::Entry(entry) if entry != m.entry.id) {
            continue;
        }
        let marks = if m.marks.is_empty() {
            String::new()
        } else {
            format!(" [{}]", m.marks)
        };
        println!(
            "  e{} {} {}: {}{marks}",
            m.entry.id, m.entry.dated_at, m.entry.source, m.entry.title
        );
        let like = m.like.map_or_else(String::new, |like| format!(" like e{like}"));
        println!("      {:?}{like}, {:.2}: {}", m.reason, m.similarity, m.evidence);
    }
    for change in &changes {
        println!("  {}", what_became(change));
    }
    if !related.is_empty() {
        println!("Possibly related, not folded");
    }
    for (other, closeness, title) in &related {
        println!("  s{other} ({closeness:.2}): {title}");
    }
    for (spec, standing) in &standings {
        print!("{}", score(spec, standing));
    }
    Ok(Exit::Done)
}

/// `2026-01-05T07:00:00Z: s7 (2 entries) became part of it; by the engine`
fn what_became(change: &Change) -> String {
    let Change { story, other, .. } = change;
    let n = change.n_entries;
    let what = if change.is_merge {
        format!("s{other} ({n} entries) became part of s{story}")
    } else {
        format!("{n} entries of s{story} became s{other}")
    };
    format!("{}: {what}; by {}", change.at, change.source)
}

/// How a story stands in a digest, in words.
fn score(spec: &DigestSettings, standing: &Standing) -> String {
    let mut out = String::new();
    let local = |at| format!("{}", spec.zone.local(at));
    let digest = &standing.digest;
    match &standing.next {
        Some(scored) => {
            let enough = if scored.score < spec.score_min {
                format!(", below the floor of {:.2}", spec.score_min)
            } else {
                String::new()
            };
            let _ = writeln!(out, "Score in the next `{digest}`: {:.2}{enough}", scored.score);
            parts(&mut out, spec, scored);
        }
        None => {
            let _ = writeln!(
                out,
                "Not in the next `{digest}`: nothing new since {}",
                local(standing.since)
            );
        }
    }
    for place in &standing.past {
        let _ = writeln!(
            out,
            "Shown in `{digest}` of {} as number {} {}, with {:.2}",
            local(place.due_at),
            place.number,
            section(place),
            place.scored.score
        );
        parts(&mut out, spec, &place.scored);
    }
    out
}

fn parts(out: &mut String, spec: &DigestSettings, scored: &Scored) {
    for part in &scored.parts {
        let most = rank::weight(&part.name, &spec.weights);
        let _ = writeln!(out, "  {:<10} {:+.2} of {most:+.2}", part.name, part.value);
    }
}

fn section(place: &Place) -> String {
    match place.kind {
        SectionKind::Top => "on top".to_owned(),
        SectionKind::Company | SectionKind::Theme if place.section.is_empty() => "under more stories".to_owned(),
        SectionKind::Company | SectionKind::Theme => format!("under {}", place.section),
        SectionKind::Updates => "as an update".to_owned(),
        SectionKind::AlsoNoted => "in a line".to_owned(),
    }
}

/// The tags of a headline in words.
fn headline(tagger: &Tagger, title: &str, summary: &str) -> String {
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
