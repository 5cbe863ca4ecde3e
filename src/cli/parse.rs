//! `courant parse`: what Courant reads in a feed document, as JSON.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Exit, Refused};
use crate::ingest::parse::clean::clean;
use crate::ingest::parse::{
    Category, Date, Link, ParseContext, ParseFailure, ParsedEntry, ParsedFeed, Person, Text, parse_feed,
};
use crate::time::Timestamp;

/// A file that is read has at most this many bytes.
const FILE_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Show what Courant reads in a feed document, as JSON
///
/// Prints one JSON document for FILE (`-` is standard input), or with --files-from one line for each path. Exit code 65:
/// the document is not a feed; the reason is on standard error.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The document
    #[arg(required_unless_present = "files_from", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Read paths from this file, one a line (`-`: standard input)
    #[arg(long, value_name = "LIST", conflicts_with = "file")]
    files_from: Option<PathBuf>,
    /// Where the document came from: what its relative links are relative to
    #[arg(long, default_value = "")]
    url: String,
    /// The Content-Type it came with
    #[arg(long, default_value = "", value_name = "TYPE")]
    content_type: String,
}

/// Parses and prints.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let context = ParseContext {
        url: &args.url,
        content_type: &args.content_type,
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if let Some(list) = &args.files_from {
        let paths: Box<dyn BufRead> = if list == Path::new("-") {
            Box::new(std::io::stdin().lock())
        } else {
            let file = std::fs::File::open(list).with_context(|| format!("Unable to open `{}`", list.display()))?;
            Box::new(std::io::BufReader::new(file))
        };
        for path in paths.lines() {
            let path = path.context("Unable to read the list of files")?;
            writeln!(out, "{}", line(&path, &context))?;
            out.flush()?;
        }
        return Ok(Exit::Done);
    }
    let path = args.file.as_deref().unwrap_or(Path::new("-"));
    let body = read(path)?;
    let feed = parse_feed(&body, &context)
        .map_err(|failure| Refused::new(Exit::Data, format!("`{}`: {failure}", path.display())))?;
    serde_json::to_writer_pretty(&mut out, &document(&feed))?;
    writeln!(out)?;
    out.flush()?;
    Ok(Exit::Done)
}

/// One line of `--files-from`.
fn line(path: &str, context: &ParseContext<'_>) -> Value {
    let outcome = read(Path::new(path)).map(|body| parse_feed(&body, context));
    let mut value = match &outcome {
        Ok(Ok(feed)) => document(feed),
        Ok(Err(failure)) => json!({ "error": failure.to_string(), "feeds": discovered(failure) }),
        Err(error) => json!({ "error": format!("{error:#}") }),
    };
    if let Value::Object(members) = &mut value {
        members.insert("file".to_owned(), json!(path));
        members.insert("ok".to_owned(), json!(matches!(outcome, Ok(Ok(_)))));
    }
    value
}

fn discovered(failure: &ParseFailure) -> Vec<&str> {
    match failure {
        ParseFailure::WebPage { feeds } => feeds.iter().map(|feed| feed.href.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    use std::io::Read;
    let mut body = Vec::new();
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).with_context(|| format!("Unable to open `{}`", path.display()))?)
    };
    source
        .take(FILE_MAX_BYTES)
        .read_to_end(&mut body)
        .with_context(|| format!("Unable to read `{}`", path.display()))?;
    Ok(body)
}

fn document(feed: &ParsedFeed) -> Value {
    json!({
        "type": feed.format.name(),
        "feed": {
            "title": text(&feed.title),
            "link": word(&feed.link),
            "links": links(&feed.links),
            "id": word(&feed.id),
            "published": date(&feed.published),
            "updated": date(&feed.updated),
            "subtitle": text(&feed.subtitle),
            "language": word(&feed.language),
            "rights": text(&feed.rights),
            "authors": people(&feed.authors),
            "contributors": people(&feed.contributors),
            "categories": categories(&feed.categories),
            "generator": word(&feed.generator),
            "image": word(&feed.image),
            "icon": word(&feed.icon),
            "ttl": feed.ttl_minutes,
        },
        "entries": feed.entries.iter().map(entry).collect::<Vec<_>>(),
        "entries_dropped": feed.entries_dropped,
        "truncated": feed.truncated,
        "repaired": feed.repaired,
    })
}

fn entry(entry: &ParsedEntry) -> Value {
    let summary = if entry.summary.is_empty() {
        &entry.content
    } else {
        &entry.summary
    };
    json!({
        "title": text(&entry.title),
        "link": word(&entry.link),
        "links": links(&entry.links),
        "id": word(&entry.id),
        "published": date(&entry.published),
        "updated": date(&entry.updated),
        "summary": text(summary),
        "content": text(&entry.content),
        "authors": people(&entry.authors),
        "contributors": people(&entry.contributors),
        "rights": text(&entry.rights),
        "categories": categories(&entry.categories),
        "enclosures": entry.enclosures.iter().map(|enclosure| json!({
            "href": word(&enclosure.href),
            "type": word(&enclosure.kind),
            "length": word(&enclosure.length),
        })).collect::<Vec<_>>(),
        "thumbs": entry.thumbnails,
        "language": word(&entry.language),
        "source": word(&entry.source.title),
        "comments": word(&entry.comments),
    })
}

/// An absent value is null.
fn word(value: &str) -> Option<&str> {
    (!value.is_empty()).then_some(value)
}

fn text(text: &Text) -> Option<String> {
    let value = if text.html {
        clean(&text.value, &text.base)
    } else {
        text.value.clone()
    };
    (!value.is_empty()).then_some(value)
}

fn date(date: &Date) -> Option<String> {
    date.at.map(Timestamp::rfc3339)
}

fn links(links: &[Link]) -> Vec<Value> {
    links
        .iter()
        .map(|link| {
            json!({ "href": link.href, "rel": word(&link.rel), "type": word(&link.kind), "title": word(&link.title) })
        })
        .collect()
}

fn people(people: &[Person]) -> Vec<Value> {
    people
        .iter()
        .map(|person| json!({ "name": word(&person.name), "email": word(&person.email), "href": word(&person.href) }))
        .collect()
}

fn categories(categories: &[Category]) -> Vec<Value> {
    categories
        .iter()
        .map(|category| {
            json!({ "term": word(&category.term), "scheme": word(&category.scheme), "label": word(&category.label) })
        })
        .collect()
}
