//! From the address of a site, or of a feed, to feeds that work: asked, read, and shown before anything is configured.

use std::sync::Arc;

use super::body;
use super::fetch::{FetchOutcome, Fetcher};
use super::normalize::{Normalized, Terms, normalize};
use super::parse::{ParseContext, ParseFailure, ParsedFeed, parse_feed};
use crate::config::PollSettings;
use crate::model::{DueFeed, FeedId, FeedSpec, PollFailure};
use crate::time::Timestamp;

/// Candidates of one page that are asked.
const CANDIDATES_MAX: usize = 8;

/// A feed that was found and reads well.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Where it is, after permanent redirects.
    pub url: String,
    /// Its format, `rss20`.
    pub format: &'static str,
    /// What it holds.
    pub content: Normalized,
}

/// Asks an address. A feed is the only result; a page gives the feeds it names that work, the best first.
///
/// # Errors
/// Why there is none.
pub async fn discover(settings: &PollSettings, url: &str, now: Timestamp) -> Result<Vec<Candidate>, PollFailure> {
    let fetcher = Fetcher::new(settings);
    let named = match ask(&fetcher, settings, url, now).await {
        Ok(found) => return Ok(vec![found]),
        Err(Miss::Page(feeds)) => feeds,
        Err(Miss::Failed(failure)) => return Err(failure),
    };
    let mut found: Vec<Candidate> = Vec::new();
    for address in named.iter().take(CANDIDATES_MAX) {
        // Usual places are guesses, so a miss says nothing.
        if let Ok(candidate) = ask(&fetcher, settings, address, now).await
            && !found.iter().any(|other| other.url == candidate.url)
        {
            found.push(candidate);
        }
    }
    if found.is_empty() {
        return Err(PollFailure {
            kind: "not_a_feed",
            status: Some(200),
            message: format!("`{url}` is a web page, and none of the feeds it names or usually has can be read"),
        });
    }
    Ok(found)
}

enum Miss {
    Page(Vec<String>),
    Failed(PollFailure),
}

async fn ask(fetcher: &Fetcher, settings: &PollSettings, url: &str, now: Timestamp) -> Result<Candidate, Miss> {
    let feed = DueFeed::unpolled(FeedId::new(0), FeedSpec::plain("", url));
    let fetched = fetcher.get(&feed, true, now).await;
    let (wire, encoding, content_type) = match fetched.outcome {
        FetchOutcome::Body {
            wire,
            encoding,
            content_type,
        } => (wire, encoding, content_type),
        FetchOutcome::Refused { failure, .. } | FetchOutcome::Failed(failure) => return Err(Miss::Failed(failure)),
        FetchOutcome::NotModified => return Err(Miss::Failed(not_readable(url, "304 without being asked for it"))),
    };
    let stays = fetched.permanent_to.unwrap_or_else(|| url.to_owned());
    let (settings, answered) = (Arc::new(settings.clone()), fetched.url);
    let reading = tokio::task::spawn_blocking(move || {
        let document = body::decode(wire, &encoding, settings.body_max)
            .map_err(|error| Miss::Failed(not_readable(&answered, &error.to_string())))?;
        let context = ParseContext {
            url: &answered,
            content_type: &content_type,
        };
        match parse_feed(&document, &context) {
            Ok(parsed) => Ok(content(&parsed, &settings, &answered, now)),
            Err(ParseFailure::WebPage { feeds }) if !feeds.is_empty() => {
                Err(Miss::Page(feeds.into_iter().map(|link| link.href).collect()))
            }
            Err(failure) => Err(Miss::Failed(not_readable(&answered, &failure.to_string()))),
        }
    });
    let (format, content) = reading.await.unwrap_or_else(|_| {
        Err(Miss::Failed(not_readable(
            url,
            "reading it failed in a way it should not",
        )))
    })?;
    Ok(Candidate {
        url: stays,
        format,
        content,
    })
}

fn content(parsed: &ParsedFeed, settings: &PollSettings, url: &str, now: Timestamp) -> (&'static str, Normalized) {
    let terms = Terms {
        now,
        first_poll: true,
        first_poll_news: settings.first_poll_news,
        identity: None,
        entries_max: settings.entries_max,
        tracking: &settings.tracking_parameters,
        url,
        recent: &[],
    };
    (parsed.format.name(), normalize(parsed, &terms))
}

fn not_readable(url: &str, why: &str) -> PollFailure {
    PollFailure {
        kind: "not_a_feed",
        status: None,
        message: format!("`{url}`: {why}"),
    }
}
