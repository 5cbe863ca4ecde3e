//! Why a document is no feed, in words a person can act on.

use super::feed::Link;

/// What the bytes were instead of a feed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseFailure {
    /// Nothing, or white space only.
    #[error("the document is empty")]
    Empty,
    /// A page that keeps programs out.
    #[error("blocked: {by} answered with a page instead of the feed")]
    Blocked {
        /// Who blocks: `Cloudflare`, `a consent page`, `a captcha`.
        by: &'static str,
    },
    /// A web page.
    #[error("this is a web page, not a feed{}", hint(.feeds))]
    WebPage {
        /// The feeds it names or its site is known to have, the best first.
        feeds: Vec<Link>,
    },
    /// JSON that is no JSON Feed.
    #[error("this is JSON, but not a JSON Feed")]
    JsonNoFeed,
    /// JSON that is cut off or broken.
    #[error("this is JSON, but cut off or broken")]
    JsonBroken,
    /// XML that is no feed: the name of its root element.
    #[error("this is XML with the root element <{0}>, not a feed")]
    XmlNoFeed(String),
    /// Something else.
    #[error("this is neither XML nor JSON")]
    Garbage,
}

fn hint(feeds: &[Link]) -> String {
    feeds
        .first()
        .map_or_else(String::new, |feed| format!("; try {}", feed.href))
}
