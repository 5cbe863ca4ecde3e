//! An item as the engine keeps it: terms by number, names and links by hash.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::doc::{ADDED, DIGIT, Doc, DocTerm, FIGURE, LEAD_TERMS, NUMBER, Near};
use super::index::{Index, StoryKey};
use super::item::Item;
use super::topics::Topics;
use super::{copies, events};
use crate::model::{house, through_aggregator};
use crate::stories::tag::{WRAP, market, moves};
use crate::stories::text;

/// Reads an item; its new terms get their numbers.
pub fn read(index: &mut Index, item: &Item, story: StoryKey) -> Doc {
    let mut terms: BTreeMap<u32, DocTerm> = BTreeMap::new();
    let mut lead = [None; LEAD_TERMS];
    let blank = |term| DocTerm {
        term,
        title: 0,
        summary: 0,
        marks: 0,
    };
    let title = text::title_terms(text::split_outlet(&item.title).0);
    let aggregated = through_aggregator(&item.url);
    let wording = copies::wording(&title);
    for (at, t) in title.into_iter().enumerate() {
        let term = index.intern(&t);
        if let Some(place) = lead.get_mut(at) {
            *place = Some(term);
        }
        let count = terms.entry(term).or_insert_with(|| blank(term));
        count.title = count.title.saturating_add(1);
        if t.kind == text::Kind::Number {
            count.marks |= NUMBER;
        }
        if t.text.bytes().any(|b| b.is_ascii_digit()) {
            count.marks |= DIGIT;
        }
    }
    let moves = moves(&item.title);
    // A company by its ticker is the same company, bullion is gold.
    let names = moves.iter().filter(|m| m.market != WRAP).map(|m| market(*m).to_owned());
    for name in item.about.iter().map(|slug| slug.replace('-', " ")).chain(names) {
        for t in text::title_terms(&name) {
            let term = index.intern(&t);
            terms.entry(term).or_insert_with(|| DocTerm {
                title: 1,
                marks: ADDED,
                ..blank(term)
            });
        }
    }
    for t in text::summary_terms(&item.summary) {
        let term = index.intern(&t);
        let count = terms.entry(term).or_insert_with(|| blank(term));
        count.summary = count.summary.saturating_add(1);
        if t.kind == text::Kind::Number {
            count.marks |= FIGURE;
        }
    }
    Doc {
        entry: item.entry,
        at: item.dated_at.unix(),
        timed: item.timed,
        outlet: hash(&outlet(item, aggregated)),
        aggregated,
        wording,
        url: if has_page(&item.url) { hash(&item.url) } else { 0 },
        terms: terms.into_values().collect(),
        lead,
        about: item.about.iter().map(|c| hash(c)).collect(),
        companies: item.companies.iter().map(|c| hash(c)).collect(),
        moves: moves.into(),
        news: events::news(item),
        shares_moved: events::shares_moved(item),
        topics: Topics::of(&item.themes),
        near: Near::default(),
        story,
        loose: item.loose,
        roundup: item.roundup,
    }
}

/// The outlet's name; where nobody gives one, the host of the link, which names it as well.
fn outlet(item: &Item, aggregated: bool) -> String {
    if !item.outlet.is_empty() || aggregated {
        return house(&item.outlet);
    }
    let rest = item.url.split_once("://").map_or("", |(_, rest)| rest);
    house(rest.split(['/', '?', '#']).next().unwrap_or_default())
}

/// A link names a page unless it is a site's front page.
pub fn has_page(url: &str) -> bool {
    url.split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .is_some_and(|(_, path)| !path.is_empty())
}

/// A stable hash; 0 for nothing.
pub fn hash(text: &str) -> u64 {
    if text.is_empty() {
        return 0;
    }
    let digest = Sha256::digest(text.as_bytes());
    let first = digest
        .iter()
        .take(8)
        .fold(0, |all: u64, byte| all << 8 | u64::from(*byte));
    first.max(1)
}
