//! Outlets: when two names are one, and which links are an aggregator's.

/// An outlet's name as it is compared: without case, signs, article and domain ending. `Bloomberg` and `Bloomberg.com` are
/// one house.
#[must_use]
pub fn house(name: &str) -> String {
    let lower = name.to_lowercase();
    let bare = ["www.", "the "]
        .iter()
        .fold(lower.as_str(), |name, start| name.strip_prefix(start).unwrap_or(name));
    let bare = [".com", ".org", ".net", ".co.uk"]
        .iter()
        .fold(bare, |name, end| name.strip_suffix(end).unwrap_or(name));
    bare.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether a link leads through an aggregator instead of to the article.
#[must_use]
pub fn through_aggregator(url: &str) -> bool {
    const AGGREGATORS: [&str; 3] = [
        "https://news.google.com/",
        "http://www.bing.com/news/apiclick",
        "https://www.bing.com/news/apiclick",
    ];
    AGGREGATORS.iter().any(|start| url.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_house() {
        for (a, b, one) in [
            ("Bloomberg", "bloomberg.com", true),
            ("The Echo", "Echo", true),
            ("www.gazette.co.uk", "Gazette", true),
            ("Echo", "Gazette", false),
        ] {
            assert_eq!(house(a) == house(b), one, "{a} and {b}");
        }
    }

    #[test]
    fn links_of_aggregators() {
        assert!(through_aggregator("https://news.google.com/rss/articles/abc"));
        assert!(!through_aggregator("https://gazette.example/news.google.com/"));
    }
}
