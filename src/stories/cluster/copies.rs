//! One article by several ways: an outlet's own feed and an aggregator's copy of it, an agency's report under many
//! mastheads. The headline is the same word for word, so no evidence has to be weighed; what has to be kept out is the
//! headline that a template makes again every day.
//!
//! - "Acme buys Globex for $3 billion" by the Gazette and, with another link and no summary, by an aggregator.
//! - "Stock market today" has too few words to name one article.
//! - "Asia bond risk falls, swap prices show" of Monday and Tuesday: one outlet used it twice, by the same way, a day
//!   apart; or the texts give other figures.
//! - A headline that comes back after three days is another article, whoever has it.

use foldhash::HashMap;

use super::doc::{DIGIT, Doc};
use super::gates::{REPEAT_SECS, figures_differ};
use super::index::{DocId, Index};
use super::read::hash;
use crate::model::PlacementReason;
use crate::stories::text::{Kind, Term, is_cjk};

/// Fewer words than this name no article; a CJK bigram is half a word.
const WORDS_MIN: usize = 4;
/// Nor do these few between outlets that both wrote for themselves.
const APART_WORDS_MIN: usize = 5;
/// An article's copies follow within this time; where feeds give days only, that is the next day.
const COPY_SECS: i64 = 2 * 86_400;
/// Entries kept of one wording, the latest.
const KEPT: usize = 8;

/// A headline's wording: who has it in the window.
#[derive(Debug, Default)]
pub struct Copies {
    by_wording: HashMap<u64, Vec<DocId>>,
}

impl Copies {
    /// Notes an entry of the window.
    pub fn note(&mut self, id: DocId, doc: &Doc) {
        if doc.wording == 0 {
            return;
        }
        let kept = self.by_wording.entry(doc.wording).or_default();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(id);
    }

    /// Forgets an entry that leaves the window.
    pub fn forget(&mut self, id: DocId, doc: &Doc) {
        if let Some(kept) = self.by_wording.get_mut(&doc.wording) {
            kept.retain(|k| *k != id);
            if kept.is_empty() {
                self.by_wording.remove(&doc.wording);
            }
        }
    }

    /// The latest entry that a new one is a copy of, and what the new one is then: the outlet's own article that an
    /// aggregator brought first is no reprint of it.
    pub fn original(&self, index: &Index, doc: &Doc) -> Option<(DocId, PlacementReason)> {
        let kept = self.by_wording.get(&doc.wording).filter(|_| doc.wording != 0)?;
        let others = || kept.iter().rev().filter_map(|id| Some((*id, index.doc(*id)?)));
        let all: Vec<&Doc> = others().map(|(_, other)| other).chain([doc]).collect();
        if is_template(&all) {
            return None;
        }
        let (id, other) = others().find(|(_, other)| is_copy(doc, other))?;
        let reason = if other.aggregated && !doc.aggregated {
            PlacementReason::Similar
        } else {
            PlacementReason::Reprint
        };
        Some((id, reason))
    }
}

/// One outlet came back to the wording on another day, by the same way.
fn is_template(all: &[&Doc]) -> bool {
    let again = |a: &Doc, b: &Doc| {
        a.outlet == b.outlet && a.outlet != 0 && a.aggregated == b.aggregated && a.gap_secs(b) >= REPEAT_SECS
    };
    all.iter()
        .enumerate()
        .any(|(at, a)| all.iter().skip(at + 1).any(|b| again(a, b)))
}

/// Two entries of one wording tell one article.
fn is_copy(a: &Doc, b: &Doc) -> bool {
    let one_way = a.aggregated == b.aggregated;
    let few = a.skeleton().count() + a.marked(DIGIT).count() < APART_WORDS_MIN;
    let gap = a.gap_secs(b);
    gap < COPY_SECS && !(one_way && few) && !(one_way && gap >= REPEAT_SECS && figures_differ(a, b))
}

/// The wording of a headline; 0 where it is too short to name an article.
pub fn wording(title: &[Term]) -> u64 {
    let halves = |term: &Term| match term.text.chars().next() {
        Some(c) if term.kind == Kind::Word && is_cjk(c) => 1,
        _ => 2,
    };
    if title.iter().map(halves).sum::<usize>() < 2 * WORDS_MIN {
        return 0;
    }
    let words: Vec<&str> = title.iter().map(|term| term.text.as_str()).collect();
    hash(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::item::Item;
    use super::super::read::Reading;
    use super::super::tests::{background, check, engine, item};
    use super::*;
    use crate::stories::corrections::Corrections;

    const DEAL: &str = "Magrathea\u{2019}s end of term";

    fn own(id: i64, hours: i64, title: &str) -> Item {
        Item {
            url: format!("https://gazette.example/{id}"),
            summary: format!("Planets of number {id}00.5 are looked at"),
            ..item(id, hours, "The Gazette", title)
        }
    }

    fn aggregated(id: i64, hours: i64, outlet: &str, title: &str) -> Item {
        Item {
            url: format!("https://news.google.com/rss/articles/{id}"),
            ..item(id, hours, outlet, title)
        }
    }

    #[test]
    fn an_aggregators_copy_is_the_article() {
        check(
            &[own(1, 0, DEAL), aggregated(2, 3, "Gazette.example", DEAL)],
            &[&[1, 2]],
        );
        check(&[own(1, 30, DEAL), aggregated(2, 3, "The Gazette", DEAL)], &[&[1, 2]]);
        check(
            &[own(1, 0, DEAL), aggregated(2, 60, "The Gazette", DEAL)],
            &[&[1], &[2]],
        );
    }

    /// What the last item is a copy of, and as what.
    fn original(before: &[Item], last: &Item) -> Option<(i64, PlacementReason)> {
        let (mut index, mut copies) = (Index::default(), Copies::default());
        for item in before {
            let doc = Reading::of(item).numbered(&mut index);
            copies.note(index.next_id(), &doc);
            index.push(doc);
        }
        let doc = Reading::of(last).numbered(&mut index);
        let (id, reason) = copies.original(&index, &doc)?;
        Some((index.doc(id)?.entry.get(), reason))
    }

    #[test]
    fn a_headline_of_few_words_names_no_article() {
        let short = "Stock market today";
        assert_eq!(
            original(&[own(1, 0, short)], &aggregated(2, 3, "The Gazette", short)),
            None
        );
        // Two outlets that wrote for themselves need more than an outlet and its copy.
        assert_eq!(original(&[own(1, 0, DEAL)], &item(2, 3, "The Echo", DEAL)), None);
        let longer = "Magrathea\u{2019}s end of term and vote";
        assert_eq!(
            original(&[own(1, 0, longer)], &item(2, 3, "The Echo", longer)),
            Some((1, PlacementReason::Reprint))
        );
    }

    #[test]
    fn a_headline_of_every_day_names_no_article() {
        let daily = "Rocket parts fall over southern towns";
        let copy = aggregated(3, 25, "The Gazette", daily);
        assert_eq!(
            original(&[own(1, 0, daily)], &copy),
            Some((1, PlacementReason::Reprint))
        );
        assert_eq!(original(&[own(1, 0, daily)], &own(2, 24, daily)), None);
        assert_eq!(original(&[own(1, 0, daily), own(2, 24, daily)], &copy), None);
        // Nobody knows whose these are, but they give other figures.
        let unsigned = |id, hours| Item {
            url: String::new(),
            outlet: String::new(),
            ..own(id, hours, daily)
        };
        assert_eq!(original(&[unsigned(1, 0)], &unsigned(2, 24)), None);
        assert_eq!(
            original(&[unsigned(1, 0)], &unsigned(2, 2)),
            Some((1, PlacementReason::Reprint))
        );
        check(&[own(1, 0, daily), own(2, 24, daily)], &[&[1], &[2]]);
    }

    #[test]
    fn other_companies_are_another_article() {
        let about = |item: Item, company: &str| Item {
            about: vec![company.into()],
            companies: vec![company.into()],
            ..item
        };
        let title = "Shares of the maker of rockets fall";
        check(
            &[
                about(own(1, 0, title), "acme"),
                about(aggregated(2, 1, "The Gazette", title), "globex"),
            ],
            &[&[1], &[2]],
        );
    }

    #[test]
    fn who_reprints_whom() {
        let reason = |first: &Item, second: &Item| {
            let mut engine = engine(Corrections::default());
            engine.place(&background());
            engine.place(std::slice::from_ref(first));
            engine.place(std::slice::from_ref(second)).placements[0].reason
        };
        let (own, copy) = (own(1, 0, DEAL), aggregated(2, 1, "The Gazette", DEAL));
        assert_eq!(reason(&own, &copy), PlacementReason::Reprint);
        let later = Item {
            dated_at: copy.dated_at,
            ..own
        };
        assert_eq!(reason(&copy, &later), PlacementReason::Similar);
    }

    #[test]
    fn many_entries_of_one_wording_cost_no_more_each() {
        let mut copies = Copies::default();
        let mut index = Index::default();
        for id in 0..100 {
            let doc = Reading::of(&aggregated(id, id, "The Gazette", DEAL)).numbered(&mut index);
            copies.note(id.unsigned_abs(), &doc);
        }
        assert!(copies.by_wording.values().all(|kept| kept.len() == KEPT));
    }
}
