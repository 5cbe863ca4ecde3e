//! The demo's outlets: invented names, real events of the past, told in our own words. Pure.
//!
//! `content/*.txt` holds one block an item: its time before the demo's last edition (`-05:30` is five and a half hours
//! before) and its headline, then indented lines of summary, and `=` with a link where it carries somebody else's.

use crate::time::Timestamp;

/// How an outlet's feed is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RSS 0.91, without dates.
    Rss091,
    /// RSS 1.0 (RDF).
    Rss10,
    /// RSS 2.0.
    Rss20,
    /// Atom 1.0.
    Atom,
    /// JSON Feed 1.1.
    Json,
}

/// One invented outlet.
#[derive(Debug, Clone, Copy)]
pub struct Outlet {
    /// Its name.
    pub name: &'static str,
    /// Its key in the configuration, its host under `.example`, and the first part of its path.
    pub key: &'static str,
    /// How its feed is written.
    pub format: Format,
    /// Weight in the configuration.
    pub weight: f64,
    content: &'static str,
}

/// All outlets. A ninth feed, without an outlet, is broken on purpose.
pub const OUTLETS: [Outlet; 8] = [
    Outlet {
        name: "Northgate Wire",
        key: "northgate-wire",
        format: Format::Rss20,
        weight: 1.2,
        content: include_str!("content/northgate-wire.txt"),
    },
    Outlet {
        name: "Harbor Ledger",
        key: "harbor-ledger",
        format: Format::Rss20,
        weight: 1.1,
        content: include_str!("content/harbor-ledger.txt"),
    },
    Outlet {
        name: "Copperfield Post",
        key: "copperfield-post",
        format: Format::Atom,
        weight: 1.1,
        content: include_str!("content/copperfield-post.txt"),
    },
    Outlet {
        name: "Circuit & Signal",
        key: "circuit-and-signal",
        format: Format::Json,
        weight: 1.0,
        content: include_str!("content/circuit-and-signal.txt"),
    },
    Outlet {
        name: "Meridian Markets",
        key: "meridian-markets",
        format: Format::Rss10,
        weight: 1.0,
        content: include_str!("content/meridian-markets.txt"),
    },
    Outlet {
        name: "Polder Finance",
        key: "polder-finance",
        format: Format::Atom,
        weight: 0.9,
        content: include_str!("content/polder-finance.txt"),
    },
    Outlet {
        name: "Lakeshore Review",
        key: "lakeshore-review",
        format: Format::Rss20,
        weight: 0.9,
        content: include_str!("content/lakeshore-review.txt"),
    },
    Outlet {
        name: "Atlas Evening",
        key: "atlas-evening",
        format: Format::Rss091,
        weight: 0.8,
        content: include_str!("content/atlas-evening.txt"),
    },
];

/// One item of an outlet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// When it came out.
    pub at: Timestamp,
    /// Headline.
    pub title: String,
    /// Summary.
    pub summary: String,
    /// Link.
    pub link: String,
}

impl Outlet {
    /// Its items that are out at `now`, newest first, when the last edition is at `base`.
    #[must_use]
    pub fn items(&self, base: Timestamp, now: Timestamp) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        for line in self.content.lines() {
            if let Some(rest) = line.strip_prefix("  = ") {
                if let Some(item) = items.last_mut() {
                    rest.clone_into(&mut item.link);
                }
            } else if let Some(text) = line.strip_prefix("  ") {
                if let Some(item) = items.last_mut() {
                    item.summary.push_str(text);
                }
            } else if let Some((seconds, title)) = heading(line) {
                let at = Timestamp::from_unix(base.unix().saturating_sub(seconds));
                let link = format!("https://{}.example/{}", self.key, slug(title));
                items.push(Item {
                    at,
                    title: title.to_owned(),
                    summary: String::new(),
                    link,
                });
            }
        }
        items.retain(|item| item.at <= now);
        items.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.title.cmp(&b.title)));
        items
    }
}

/// `-05:30 Headline` as seconds before the last edition and the headline.
fn heading(line: &str) -> Option<(i64, &str)> {
    let (time, title) = line.strip_prefix('-')?.split_once(' ')?;
    let (hours, minutes) = time.split_once(':')?;
    Some((
        hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60,
        title,
    ))
}

fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.to_lowercase().chars().filter(|c| *c != '\'' && *c != '.') {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_content_is_read() {
        let base = Timestamp::from_unix(1_700_000_000);
        for outlet in OUTLETS {
            let items = outlet.items(base, base);
            let headings = outlet.content.lines().filter(|line| line.starts_with('-')).count();
            assert_eq!(items.len(), headings, "{}", outlet.name);
            for item in items {
                assert!(!item.summary.is_empty(), "no summary: {}", item.title);
                assert!(base.since(item.at).as_secs() < 48 * 3600, "too old: {}", item.title);
            }
        }
    }

    #[test]
    fn only_what_is_out_is_listed() {
        let base = Timestamp::from_unix(1_700_000_000);
        let yesterday = Timestamp::from_unix(base.unix() - 86_400);
        assert!(
            OUTLETS[0]
                .items(base, yesterday)
                .iter()
                .all(|item| item.at <= yesterday)
        );
    }

    #[test]
    fn a_slug_is_a_path() {
        assert_eq!(slug("Kroger's $24.6 billion bid: over"), "krogers-246-billion-bid-over");
    }
}
