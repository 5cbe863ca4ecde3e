//! What a document is that is no feed: a page that names its feeds, a page that keeps programs out, something else.
//!
//! A page's own `<link rel="alternate">` comes first, comment feeds last; then the places where well-known programs
//! and sites keep their feeds, tried only for pages that name none.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, StartTag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use url::Url;

use super::feed::Link;
use super::scope::resolve;
use super::{ParseContext, ParseFailure, text};

/// Bytes of a page that are searched.
const PAGE_MAX_BYTES: usize = 512 * 1024;

/// Feeds listed of one page.
const FEEDS_MAX: usize = 20;

/// What a page that blocks programs contains, in lower case, and who it is from.
const BLOCKS: [(&str, &str); 16] = [
    ("cf-browser-verification", "Cloudflare"),
    ("challenges.cloudflare.com", "Cloudflare"),
    ("cf-challenge", "Cloudflare"),
    ("attention required! | cloudflare", "Cloudflare"),
    ("<title>just a moment...</title>", "Cloudflare"),
    ("_incapsula_resource", "Imperva"),
    ("captcha-delivery.com", "DataDome"),
    ("px-captcha", "PerimeterX"),
    ("anubis_challenge", "Anubis"),
    ("access denied</title>", "the site's firewall"),
    ("ddos-guard", "DDoS-Guard"),
    ("sucuri website firewall", "Sucuri"),
    ("consent.google.com", "a consent page"),
    ("consent.yahoo.com", "a consent page"),
    ("g-recaptcha", "a captcha"),
    ("h-captcha", "a captcha"),
];

/// Says what a document is that could not be read as a feed; `root` is its root element, possibly empty.
pub(super) fn judge(document: &str, root: &str, context: &ParseContext<'_>) -> ParseFailure {
    let head = text::cut(document, 2048).to_ascii_lowercase();
    let is_page = root == "html" || head.contains("<!doctype html") || head.contains("<html") || head.contains("<head");
    if is_page {
        if let Some(by) = blocked(document) {
            return ParseFailure::Blocked { by };
        }
        return ParseFailure::WebPage {
            feeds: feeds(document, context),
        };
    }
    if !root.is_empty() && document.starts_with('<') {
        return ParseFailure::XmlNoFeed(text::tidy(root, 64));
    }
    ParseFailure::Garbage
}

/// Who keeps us out; pages that name a feed are no block pages.
fn blocked(document: &str) -> Option<&'static str> {
    let page = text::cut(document, PAGE_MAX_BYTES).to_ascii_lowercase();
    let (_, by) = BLOCKS.iter().find(|(mark, _)| page.contains(mark))?;
    let names_feed = page.contains("application/rss+xml") || page.contains("application/atom+xml");
    // A captcha on a page's comment form blocks nobody: challenge pages are short.
    let short = document.len() < 64 * 1024;
    (short && !names_feed).then_some(*by)
}

/// The feeds of a page, the best first.
#[must_use]
pub fn feeds(document: &str, context: &ParseContext<'_>) -> Vec<Link> {
    let sink = Head {
        base: RefCell::new(Url::parse(context.url).ok()),
        feeds: RefCell::default(),
        generator: RefCell::default(),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(text::cut(document, PAGE_MAX_BYTES)));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut feeds = tokenizer.sink.feeds.into_inner();
    feeds.sort_by_key(|link| {
        let words = format!("{} {}", link.title, link.href).to_ascii_lowercase();
        words.contains("comment")
    });
    if let Some(known) = Url::parse(context.url).ok().and_then(|url| usual(&url)) {
        if !feeds.iter().any(|link| link.href == known) {
            feeds.insert(
                0,
                Link {
                    href: known,
                    rel: "alternate".to_owned(),
                    ..Link::default()
                },
            );
        }
    } else if feeds.is_empty()
        && let Ok(url) = Url::parse(context.url)
    {
        let generator = tokenizer.sink.generator.into_inner();
        feeds.extend(guesses(&generator).iter().filter_map(|path| {
            Some(Link {
                href: url.join(path).ok()?.to_string(),
                rel: "alternate".to_owned(),
                ..Link::default()
            })
        }));
    }
    feeds.truncate(FEEDS_MAX);
    feeds
}

/// Where the program that made a site keeps its feed, else where most do.
fn guesses(generator: &str) -> &'static [&'static str] {
    let generator = generator.to_ascii_lowercase();
    if generator.contains("wordpress") {
        &["/feed/"]
    } else if generator.contains("blogger") {
        &["/feeds/posts/default"]
    } else if generator.contains("ghost") {
        &["/rss/"]
    } else if generator.contains("hugo") {
        &["/index.xml"]
    } else if generator.contains("jekyll") {
        &["/feed.xml"]
    } else if generator.contains("drupal") {
        &["/rss.xml"]
    } else {
        &[
            "/feed",
            "/rss",
            "/feed.xml",
            "/rss.xml",
            "/atom.xml",
            "/index.xml",
            "/feed.json",
        ]
    }
}

/// The feed address of well-known sites, made from a page's address.
fn usual(url: &Url) -> Option<String> {
    let host = url.host_str()?.trim_start_matches("www.");
    let parts: Vec<&str> = url.path_segments()?.filter(|part| !part.is_empty()).collect();
    let path = |from: usize| parts.get(from..).unwrap_or_default().join("/");
    match (host, parts.as_slice()) {
        ("youtube.com" | "m.youtube.com", ["channel", id, ..]) => {
            Some(format!("https://www.youtube.com/feeds/videos.xml?channel_id={id}"))
        }
        ("youtube.com" | "m.youtube.com", ["playlist"]) => {
            let (_, id) = url.query_pairs().find(|(name, _)| name == "list")?;
            Some(format!("https://www.youtube.com/feeds/videos.xml?playlist_id={id}"))
        }
        ("reddit.com" | "old.reddit.com", ["r" | "user" | "u", _, ..]) => {
            Some(format!("https://www.reddit.com/{}/.rss", path(0)))
        }
        ("github.com", [owner, repository]) => Some(format!("https://github.com/{owner}/{repository}/releases.atom")),
        ("github.com", [owner, repository, page @ ("releases" | "tags" | "commits"), ..]) => {
            Some(format!("https://github.com/{owner}/{repository}/{page}.atom"))
        }
        ("medium.com", [who, ..]) => Some(format!("https://medium.com/feed/{who}")),
        ("news.ycombinator.com", []) => Some("https://news.ycombinator.com/rss".to_owned()),
        (host, []) if host.ends_with(".substack.com") || host.ends_with(".medium.com") => {
            Some(format!("https://{host}/feed"))
        }
        (host, []) if host.ends_with(".tumblr.com") => Some(format!("https://{host}/rss")),
        // Mastodon and its relatives.
        (_, [who]) if who.starts_with('@') && who.len() > 1 => url.join(&format!("/{who}.rss")).ok().map(String::from),
        _ => None,
    }
}

struct Head {
    base: RefCell<Option<Url>>,
    feeds: RefCell<Vec<Link>>,
    generator: RefCell<String>,
}

impl TokenSink for Head {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let TagToken(tag) = token else {
            return TokenSinkResult::Continue;
        };
        if tag.kind != StartTag {
            return TokenSinkResult::Continue;
        }
        let attribute = |name: &str| {
            tag.attrs
                .iter()
                .find(|attribute| &*attribute.name.local == name)
                .map_or("", |attribute| &*attribute.value)
        };
        match &*tag.name {
            "script" | "style" => return TokenSinkResult::RawData(RawKind::Rawtext),
            "base" => {
                let base = self
                    .base
                    .borrow()
                    .as_ref()
                    .and_then(|base| base.join(attribute("href")).ok());
                if base.is_some() {
                    *self.base.borrow_mut() = base;
                }
            }
            "meta" if attribute("name").eq_ignore_ascii_case("generator") => {
                attribute("content").clone_into(&mut self.generator.borrow_mut());
            }
            "link" | "a" => {
                let rels = attribute("rel").to_ascii_lowercase();
                let kind = attribute("type").trim().to_ascii_lowercase();
                let is_feed = matches!(
                    kind.split(';').next().unwrap_or_default(),
                    "application/rss+xml"
                        | "application/atom+xml"
                        | "application/feed+json"
                        | "application/rdf+xml"
                        | "application/json"
                );
                let alternate = rels
                    .split_ascii_whitespace()
                    .any(|rel| matches!(rel, "alternate" | "feed"));
                let named = rels.split_ascii_whitespace().any(|rel| rel == "feed");
                let href = attribute("href");
                let mut feeds = self.feeds.borrow_mut();
                if alternate
                    && (is_feed || named)
                    && !href.is_empty()
                    && !href.contains("wp-json")
                    && feeds.len() < FEEDS_MAX
                {
                    feeds.push(Link {
                        href: resolve(self.base.borrow().as_ref(), href),
                        rel: "alternate".to_owned(),
                        kind,
                        title: text::tidy(attribute("title"), 256),
                    });
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}
