//! Bytes to [`ParsedFeed`]: what the feed says, nothing decided. It never panics, and its time and memory are bounded
//! by the limits below whatever the bytes are.

pub mod failure;
pub mod feed;
mod mainstream;
pub mod text;

pub use failure::ParseFailure;
pub use feed::{Category, Date, Enclosure, FeedFormat, Link, ParsedEntry, ParsedFeed, Person, Source, Text};

/// What is known about a document from the outside.
#[derive(Debug, Clone, Copy, Default)]
pub struct ParseContext<'a> {
    /// Where it came from (after redirects); what relative links are relative to.
    pub url: &'a str,
    /// Its `Content-Type` header, possibly empty.
    pub content_type: &'a str,
}

/// Entries kept of one document; feeds list the newest first, so the rest is old.
pub const ENTRIES_MAX: usize = 1_000;

/// Reads a feed.
///
/// # Errors
///
/// [`ParseFailure`] says what the document was instead.
pub fn parse_feed(body: &[u8], context: &ParseContext<'_>) -> Result<ParsedFeed, ParseFailure> {
    if body.trim_ascii().is_empty() {
        return Err(ParseFailure::Empty);
    }
    mainstream::read(body, context).ok_or(ParseFailure::Garbage)
}
