//! Bytes to [`ParsedFeed`]: what the feed says, nothing decided. It never panics, and its time and memory are bounded
//! by the limits below whatever the bytes are.

pub mod clean;
pub mod discovery;
mod entities;
pub mod failure;
pub mod feed;
mod fields;
mod hfeed;
mod json_feed;
mod mainstream;
mod markup;
mod person;
mod reader;
mod repair;
mod scope;
pub mod text;
mod vocabulary;
mod xml;

pub use failure::ParseFailure;
pub use feed::{Category, Date, Enclosure, FeedFormat, Link, ParsedEntry, ParsedFeed, Person, Source, Text};

use super::encoding;

/// What is known about a document from the outside.
#[derive(Debug, Clone, Copy, Default)]
pub struct ParseContext<'a> {
    /// Where it came from (after redirects); what relative links are relative to.
    pub url: &'a str,
    /// Its `Content-Type` header, possibly empty.
    pub content_type: &'a str,
}

/// Entries kept of one document: the newest.
pub const ENTRIES_MAX: usize = 1_000;

/// Items looked at in one document; what follows is not read.
const ITEMS_READ_MAX: u32 = 250_000;

/// Reads a feed.
///
/// # Errors
///
/// [`ParseFailure`] says what the document was instead.
pub fn parse_feed(body: &[u8], context: &ParseContext<'_>) -> Result<ParsedFeed, ParseFailure> {
    let text = encoding::decode(body, context.content_type);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\0'));
    if text.is_empty() {
        return Err(ParseFailure::Empty);
    }
    if text.starts_with(['{', '[']) {
        return json_feed::read(text, context);
    }
    if let Some(feed) = mainstream::read(text, context) {
        return Ok(feed);
    }
    read_xml(text, context)
}

fn read_xml(text: &str, context: &ParseContext<'_>) -> Result<ParsedFeed, ParseFailure> {
    let root = match reader::read(text, context) {
        reader::Outcome::Feed(feed) => return Ok(*feed),
        reader::Outcome::NoFeed(root) => root,
    };
    // A feed inside of something else: a page, a log, a mail.
    let inner = ["<rss", "<feed", "<rdf:RDF", "<item", "<entry"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min();
    if let Some(at) = inner.filter(|at| *at > 0)
        && let reader::Outcome::Feed(feed) = reader::read(text.get(at..).unwrap_or_default(), context)
        && !feed.entries.is_empty()
    {
        return Ok(ParsedFeed {
            repaired: true,
            ..*feed
        });
    }
    hfeed::read(text, context).ok_or_else(|| discovery::judge(text, &root, context))
}

#[cfg(test)]
mod tests;
