//! `[[feed_list]]`: feeds that a list kept elsewhere names, joined to those of the configuration itself. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Config;
use super::edit::unused;
use crate::model::{FeedSpec, ListedFeed};

/// One `[[feed_list]]`: an OPML list at an address, whose feeds are polled as if they stood in the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedListSettings {
    /// The list itself: its key, where it is fetched, with what login and by what way.
    pub source: FeedSpec,
    /// What each of its feeds is given beside its own address and name.
    pub feeds: FeedSpec,
    /// How often it is read.
    pub refresh: Duration,
    /// Most feeds taken of it, the first ones.
    pub feeds_max: usize,
}

impl Config {
    /// With the feeds that lists name, in place of the ones they named before. What the configuration has itself wins:
    /// a listed feed of the same address is passed over, one of the same key is renamed.
    #[must_use]
    pub fn with_listed(mut self, listed: &[ListedFeed]) -> Self {
        self.feeds.retain(|feed| feed.list.is_none());
        let mut urls: BTreeSet<String> = self.feeds.iter().map(|feed| feed.url.clone()).collect();
        let mut keys: BTreeSet<String> = self.feeds.iter().map(|feed| feed.key.clone()).collect();
        for feed in listed {
            let Some(list) = self.feed_lists.iter().find(|list| list.source.key == feed.list) else {
                continue;
            };
            if !urls.insert(feed.url.clone()) {
                continue;
            }
            let key = unused(&feed.key, &keys);
            keys.insert(key.clone());
            let group = if list.feeds.group.is_empty() {
                feed.group.clone()
            } else {
                list.feeds.group.clone()
            };
            self.feeds.push(FeedSpec {
                key,
                url: feed.url.clone(),
                name: feed.name.clone(),
                group,
                ..list.feeds.clone()
            });
        }
        self
    }
}
