//! Outlets as houses: what counts as one outlet, whichever way its articles came.
//!
//! - `Bloomberg` and `Bloomberg.com` are one house: an aggregator names publishers in its own way.
//! - An aggregator's feed has one weight and owner for all publishers; where a publisher is configured by name, its
//!   articles have its own, and the name as it is configured.
//! - An outlet's own feed and an aggregator's copy of it are one article; where the engine kept the two apart, the edition
//!   does not tell it twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{FeedSpec, house};
use crate::store::digests::{Candidate, CandidateEntry};

/// The letters and digits of a title: what "identical wording" compares.
#[must_use]
pub fn wording(title: &str) -> String {
    title
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Gives articles that came through an aggregator the name, the owner and the weight their outlet has where it is
/// configured by name: the Gazette is one house, by its own feed and by an aggregator's.
pub fn as_configured(stories: &mut [Candidate], feeds: &[FeedSpec]) {
    let mut houses: BTreeMap<String, (&FeedSpec, f64)> = BTreeMap::new();
    for feed in feeds.iter().filter(|feed| !feed.name.is_empty()) {
        let known = houses.entry(house(&feed.name)).or_insert((feed, feed.weight));
        known.1 = known.1.max(feed.weight);
    }
    let own: BTreeMap<&str, String> = feeds
        .iter()
        .map(|feed| (feed.key.as_str(), house(&feed.name)))
        .collect();
    for item in stories.iter_mut().flat_map(|story| &mut story.entries) {
        let home = house(&item.entry.source);
        let by_itself = own.get(item.entry.feed_key.as_str()) == Some(&home);
        if let Some((feed, weight)) = houses.get(&home).filter(|_| !by_itself) {
            item.entry.weight = *weight;
            item.entry.source.clone_from(&feed.name);
            let owner = if feed.owner.is_empty() { &feed.name } else { &feed.owner };
            item.entry.owner.clone_from(owner);
        }
    }
}

/// Stories all of whose articles stand in another story too, word for word and by the same house, are that story: an
/// outlet's own feed and an aggregator's copy of it. Order is kept; the earlier story of two that equal each other stays.
#[must_use]
pub fn without_copies(mut stories: Vec<Candidate>) -> Vec<Candidate> {
    let article = |item: &CandidateEntry| (house(&item.entry.source), wording(&item.entry.title));
    let mut homes: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (at, story) in stories.iter().enumerate() {
        for item in story.entries.iter().filter(|item| !item.entry.title.is_empty()) {
            homes.entry(article(item)).or_default().push(at);
        }
    }
    let homes: Vec<Option<usize>> = stories
        .iter()
        .enumerate()
        .map(|(at, story)| {
            let own: BTreeSet<(String, String)> = story.entries.iter().map(article).collect();
            let mut rest = own.iter().map(|key| homes.get(key).map_or(&[][..], Vec::as_slice));
            let first = rest.next()?.iter().copied();
            let mut shared: Vec<usize> = first.filter(|home| *home != at).collect();
            for others in rest {
                shared.retain(|home| others.contains(home));
            }
            let larger = |home: &usize| {
                let n = stories.get(*home).map_or(0, |other| other.entries.len());
                n > story.entries.len() || n == story.entries.len() && *home < at
            };
            shared.into_iter().find(larger)
        })
        .collect();
    for at in 0..stories.len() {
        let mut home = at;
        while let Some(next) = homes.get(home).copied().flatten() {
            home = next;
        }
        if home == at {
            continue;
        }
        let copy = stories.get_mut(at).map(|story| std::mem::take(&mut story.entries));
        if let (Some(copy), Some(home)) = (copy, stories.get_mut(home)) {
            home.entries.extend(copy);
            home.entries.sort_by_key(|item| (item.entry.dated_at, item.entry.id));
        }
    }
    stories.retain(|story| !story.entries.is_empty());
    stories
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Entry, EntryId, FeedId, PlacementReason, StoryId};
    use crate::time::Timestamp;

    fn entry(id: i64, feed: &str, source: &str, title: &str) -> CandidateEntry {
        let at = Timestamp::from_unix(id);
        CandidateEntry {
            entry: Entry {
                id: EntryId::new(id),
                feed_id: FeedId::new(1),
                feed_key: feed.to_owned(),
                url: format!("https://{feed}.example/{id}"),
                title: title.to_owned(),
                summary: String::new(),
                author: String::new(),
                language: String::new(),
                source: source.to_owned(),
                owner: source.to_owned(),
                weight: 1.0,
                press_release: false,
                published_at: None,
                first_seen_at: at,
                dated_at: at,
                revision: 0,
                history: false,
            },
            reason: PlacementReason::First,
            like: None,
            marks: Vec::new(),
            mentions: Vec::new(),
            themes: Vec::new(),
        }
    }

    fn story(id: i64, entries: Vec<CandidateEntry>) -> Candidate {
        Candidate {
            id: StoryId::new(id),
            lead: entries[0].entry.id,
            entries,
            near: Vec::new(),
        }
    }

    const DEAL: &str = "Acme buys Globex";

    #[test]
    fn one_article_is_told_once() {
        let left = |stories: Vec<Candidate>| -> Vec<(i64, usize)> {
            let left = without_copies(stories).into_iter();
            left.map(|story| (story.id.get(), story.entries.len())).collect()
        };
        let own = || entry(1, "gazette", "The Gazette", DEAL);
        let copy = || entry(2, "news", "Gazette", "Acme buys Globex!");
        let other = || entry(3, "echo", "The Echo", DEAL);
        assert_eq!(left(vec![story(1, vec![own()]), story(2, vec![copy()])]), [(1, 2)]);
        assert_eq!(
            left(vec![story(1, vec![own()]), story(2, vec![other()])]),
            [(1, 1), (2, 1)]
        );
        assert_eq!(
            left(vec![story(1, vec![own()]), story(2, vec![copy(), other()])]),
            [(2, 3)],
            "into the larger one"
        );
        let both = || vec![entry(4, "gazette", "The Gazette", "Globex's past"), own()];
        assert_eq!(
            left(vec![story(1, both()), story(2, vec![copy(), other()])]),
            [(1, 2), (2, 2)],
            "two stories that share one article are two"
        );
        let third = || entry(5, "more", "gazette.com", DEAL);
        assert_eq!(
            left(vec![
                story(1, vec![own()]),
                story(2, vec![copy()]),
                story(3, vec![third(), other()])
            ]),
            [(3, 4)]
        );
    }

    #[test]
    fn a_publisher_has_the_name_and_the_weight_it_is_configured_with() {
        let toml = "[[feed]]\nkey = \"gazette\"\nname = \"The Gazette\"\nowner = \"Gazette Group\"\nweight = 1.5\n\
                    url = \"https://gazette.example/feed\"\n\
                    [[feed]]\nkey = \"news\"\nurl = \"https://news.example/feed\"\n";
        let config = crate::config::Config::from_toml_str(toml, std::path::Path::new("/")).unwrap();
        let mut stories = [story(
            1,
            vec![entry(1, "news", "Gazette", DEAL), entry(2, "news", "The Echo", DEAL)],
        )];
        as_configured(&mut stories, &config.feeds);
        let got: Vec<(&str, &str, f64)> = stories[0]
            .entries
            .iter()
            .map(|item| (item.entry.source.as_str(), item.entry.owner.as_str(), item.entry.weight))
            .collect();
        assert_eq!(
            got,
            [("The Gazette", "Gazette Group", 1.5), ("The Echo", "The Echo", 1.0)]
        );
    }
}
