//! An item as the engine keeps it: terms by number, names and links by hash.

use sha2::{Digest as _, Sha256};

use super::doc::{ADDED, DIGIT, Doc, DocTerm, FIGURE, LEAD_TERMS, NUMBER, Near};
use super::index::Index;
use super::item::Item;
use super::spread::spread;
use super::topics::Topics;
use super::{copies, events};
use crate::model::{house, through_aggregator};
use crate::stories::tag::{WRAP, market, moves};
use crate::stories::text::{self, Kind, Term};

/// What an item says by itself. That takes most of the work and no look at the window, so many are read at once; the words
/// get their numbers after that, one item after the other.
pub struct Reading {
    doc: Doc,
    title: Vec<Term>,
    /// Companies and markets by their own names.
    names: Vec<Term>,
    summary: Vec<Term>,
}

/// Reads items, in their order.
pub fn read_all(items: &[&Item]) -> Vec<Reading> {
    spread(items, |some| some.iter().map(|item| Reading::of(item)).collect())
}

impl Reading {
    /// Reads one item.
    pub fn of(item: &Item) -> Self {
        let title = text::title_terms(text::split_outlet(&item.title).0);
        let aggregated = through_aggregator(&item.url);
        let moves = moves(&item.title);
        // A company by its ticker is the same company, bullion is gold.
        let markets = moves.iter().filter(|m| m.market != WRAP).map(|m| market(*m).to_owned());
        let names = item.about.iter().map(|slug| slug.replace('-', " ")).chain(markets);
        let names = names.flat_map(|name| text::title_terms(&name)).collect();
        let doc = Doc {
            entry: item.entry,
            at: item.dated_at.unix(),
            timed: item.timed,
            outlet: hash(&outlet(item, aggregated)),
            aggregated,
            wording: copies::wording(&title),
            url: if has_page(&item.url) { hash(&item.url) } else { 0 },
            terms: Box::default(),
            lead: [None; LEAD_TERMS],
            about: item.about.iter().map(|c| hash(c)).collect(),
            companies: item.companies.iter().map(|c| hash(c)).collect(),
            moves: moves.into(),
            news: events::news(item),
            shares_moved: events::shares_moved(item),
            topics: Topics::of(&item.themes),
            near: Near::default(),
            story: 0,
            loose: item.loose,
            roundup: item.roundup,
        };
        Self {
            doc,
            title,
            names,
            summary: text::summary_terms(&item.summary),
        }
    }

    /// The entry without a story; its new terms get their numbers.
    pub fn numbered(self, index: &mut Index) -> Doc {
        let mut doc = self.doc;
        let mut terms = Vec::with_capacity(self.title.len() + self.names.len() + self.summary.len());
        for (at, t) in self.title.iter().enumerate() {
            let term = index.intern(t);
            if let Some(place) = doc.lead.get_mut(at) {
                *place = Some(term);
            }
            let number = if t.kind == Kind::Number { NUMBER } else { 0 };
            let digit = if t.text.bytes().any(|b| b.is_ascii_digit()) {
                DIGIT
            } else {
                0
            };
            terms.push(DocTerm {
                term,
                title: 1,
                summary: 0,
                marks: number | digit,
            });
        }
        terms.extend(self.names.iter().map(|t| DocTerm {
            term: index.intern(t),
            title: 1,
            summary: 0,
            marks: ADDED,
        }));
        terms.extend(self.summary.iter().map(|t| DocTerm {
            term: index.intern(t),
            title: 0,
            summary: 1,
            marks: if t.kind == Kind::Number { FIGURE } else { 0 },
        }));
        doc.terms = counted(terms);
        doc
    }
}

/// Terms by number, each once with its counts; what a headline has is not added to it.
fn counted(mut terms: Vec<DocTerm>) -> Box<[DocTerm]> {
    terms.sort_by_key(|t| t.term);
    terms.dedup_by(|again, first| {
        let one = again.term == first.term;
        if one && again.marks & ADDED == 0 {
            first.title = first.title.saturating_add(again.title);
            first.summary = first.summary.saturating_add(again.summary);
            first.marks |= again.marks;
        }
        one
    });
    terms.into()
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
