//! What holds for any stream: the order within a batch is nothing, placing twice is nothing, no gate opens, a person's
//! word holds for good, and a hostile headline costs what an honest one costs.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::candidates::CANDIDATES;
use super::doc::Doc;
use super::tests::{background, engine, item};
use super::{Engine, Item, Outcome, Settled, gates};
use crate::model::{EntryId, StoryId};
use crate::stories::corrections::{Correction, Corrections};
use crate::stories::text;

/// Headlines from few words, so that many resemble each other.
fn headlines() -> impl Strategy<Value = Vec<Item>> {
    const WORDS: [&str; 17] = [
        "Sirius",
        "Magrathea",
        "takeover",
        "quake",
        "Chile",
        "rates",
        "bank",
        "oil",
        "3%",
        "5%",
        "June",
        "recall",
        "chip",
        "strike",
        "shares",
        "plunge",
        "gold",
    ];
    const THEMES: [&str; 4] = ["energy", "macro", "stock-move", "m-and-a"];
    let themes = prop::sample::subsequence(THEMES.to_vec(), 0..=2);
    let one = (
        prop::collection::vec(0..WORDS.len(), 3..8),
        0..30_i64,
        0..4_u8,
        0..4_u8,
        themes,
        0..8_u8,
    );
    prop::collection::vec(one, 1..25).prop_map(|all| {
        let mut before = Vec::new();
        (1_i64..)
            .zip(all)
            .map(|(id, (mut words, hours, outlet, kind, themes, roundup))| {
                // Some have the wording of the headline before, and some of those are about somebody else.
                if kind < 2 && !before.is_empty() {
                    words.clone_from(&before);
                }
                before.clone_from(&words);
                let title: Vec<&str> = words.iter().map(|w| WORDS[*w]).collect();
                let named = words.iter().filter(|w| **w < 2).map(|w| WORDS[*w].into());
                let companies: Vec<String> = if kind == 0 {
                    vec!["Earth".into()]
                } else {
                    named.collect()
                };
                Item {
                    // Some share a page.
                    url: format!("https://example.com/{}", hours + 30 * i64::from(outlet == 0) * id),
                    about: companies.clone(),
                    companies,
                    themes: themes.into_iter().map(str::to_owned).collect(),
                    loose: roundup == 0,
                    roundup: roundup == 0,
                    timed: hours % 7 != 0,
                    ..item(id, hours, &format!("outlet {outlet}"), &title.join(" "))
                }
            })
            .collect()
    })
}

/// A stream over weeks with what persons said of it: pairs of one hidden group belong together, pairs of two do not.
fn said_stream() -> impl Strategy<Value = (Vec<Item>, Vec<Correction>, usize)> {
    let pairs = prop::collection::vec((1..25_i64, 1..25_i64), 1..8);
    let hours = prop::collection::vec(0..600_i64, 25);
    (headlines(), hours, pairs, 1..6_usize).prop_map(|(mut items, hours, pairs, restart)| {
        for (item, hours) in items.iter_mut().zip(hours) {
            item.dated_at = super::tests::item(0, hours, "", "").dated_at;
        }
        items.sort_by_key(|item| (item.dated_at, item.entry));
        let n = i64::try_from(items.len()).unwrap_or_default();
        let distinct = pairs.into_iter().filter(|(a, b)| a != b && *a <= n && *b <= n);
        let said = distinct.map(|(a, b)| (a % 3 == b % 3, EntryId::new(a), EntryId::new(b)));
        (items, said.collect(), restart)
    })
}

/// A daemon with its database, in memory: stories have row ids, and a restart reads them back.
struct Daemon {
    engine: Engine,
    said: Vec<Correction>,
    stories: BTreeMap<EntryId, StoryId>,
    placed: Vec<Settled>,
    n_stories: i64,
}

impl Daemon {
    fn new(said: &[Correction]) -> Self {
        Self {
            engine: engine(Corrections::said(said)),
            said: said.to_vec(),
            stories: BTreeMap::new(),
            placed: Vec::new(),
            n_stories: 0,
        }
    }

    fn tick(&mut self, batch: &[Item]) {
        let outcome = self.engine.place(batch);
        let mut opened = BTreeMap::new();
        for placement in &outcome.placements {
            let story = placement.story.unwrap_or_else(|| {
                *opened.entry(placement.opens).or_insert_with(|| {
                    self.n_stories += 1;
                    StoryId::new(self.n_stories)
                })
            });
            self.stories.insert(placement.entry, story);
        }
        self.engine.settle(&opened);
        for merge in &outcome.merges {
            for story in self.stories.values_mut().filter(|story| **story == merge.from) {
                *story = merge.into;
            }
        }
        self.placed.extend(batch.iter().map(|item| Settled {
            item: item.clone(),
            story: StoryId::new(0),
            near: outcome.near.get(&item.entry).cloned().unwrap_or_default(),
        }));
    }

    /// Reads the window back, as after a start: what is older is known only where a person said a word on it.
    fn restart(&mut self) {
        let newest = self.placed.iter().map(|s| s.item.dated_at).max().unwrap_or_default();
        for settled in &mut self.placed {
            settled.story = self.stories[&settled.item.entry];
        }
        // The database gives companies and themes by name.
        for settled in &mut self.placed {
            let Item {
                about,
                companies,
                themes,
                ..
            } = &mut settled.item;
            for names in [about, companies, themes] {
                names.sort();
            }
        }
        let young = |s: &&Settled| newest.unix() - s.item.dated_at.unix() <= self.engine.window_secs;
        let window: Vec<Settled> = self.placed.iter().filter(young).cloned().collect();
        let named = |entry: &EntryId| self.said.iter().any(|(_, a, b)| a == entry || b == entry);
        let places: Vec<(EntryId, StoryId)> = self
            .stories
            .iter()
            .filter(|(e, _)| named(e))
            .map(|(e, s)| (*e, *s))
            .collect();
        let mut fresh = engine(Corrections::said(&self.said));
        fresh.restore(&window);
        fresh.remember(&places);
        fresh.learn(&self.engine.learnt());
        self.engine = fresh;
    }
}

/// Longest term with the unit of a number.
const TERM_CHARS: usize = 35;

/// Texts that are made to cost: long, without spaces, from right to left, of no width, of pictures, of marks on marks.
fn hostile() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "x",
        "word ",
        "\u{6771}\u{4eac}",
        "\u{202e}\u{5d0} ",
        "\u{200b}",
        "\u{1f600}",
        "a\u{301}\u{301}\u{301}",
        "\u{fdfa}",
        "1,",
        "9.9 bn ",
        "a.b.",
        "- ",
        "| ",
        "&",
        "\u{2019}s ",
        "$9 ",
        "Magrathea ",
        "\n",
        "\u{0}",
    ]);
    let repeated = (prop::collection::vec(parts, 1..6), 1..10_000_usize)
        .prop_map(|(parts, bytes)| parts.concat().chars().cycle().take(bytes).collect());
    // More different words than any headline has.
    let wordy = (1..3_000_u32).prop_map(|n| (0..n).filter_map(|i| char::from_u32(0x4e00 + 7 * i)).collect());
    let short = (1..3_000_u32, "[a-z]").prop_map(|(n, with)| (0..n).map(|i| format!("{with}{} ", i % 89)).collect());
    prop_oneof![repeated, wordy, short]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn order_within_a_batch_does_not_matter(batch in headlines()) {
        // The same in another order, and each twice.
        let mut turned = batch.clone();
        turned.reverse();
        turned.extend_from_slice(&batch);
        let (mut one, mut other) = (engine(Corrections::default()), engine(Corrections::default()));
        prop_assert_eq!(one.place(&background()), other.place(&background()));
        prop_assert_eq!(one.place(&batch), other.place(&turned));
        prop_assert_eq!(one.place(&batch), Outcome::default());
    }

    #[test]
    fn no_story_mixes_what_a_gate_or_a_person_forbids(batch in headlines(), cut in 1..10_usize) {
        let mut said = Corrections::default();
        said.apart(EntryId::new(1), EntryId::new(2));
        let mut engine = engine(said);
        let (first, rest) = batch.split_at(cut.min(batch.len()));
        for (base, part) in [(0, first), (1000, rest)] {
            let outcome = engine.place(part);
            let opened = outcome.placements.iter().filter(|p| p.story.is_none()).map(|p| p.opens);
            let ids = opened.map(|o| (o, StoryId::new(i64::from(o) + base))).collect();
            engine.settle(&ids);
        }
        for story in engine.stories.values() {
            let docs: Vec<&Doc> = story.members.iter().filter_map(|m| engine.index.doc(*m)).collect();
            let ids: Vec<i64> = docs.iter().map(|d| d.entry.get()).collect();
            prop_assert!(!(ids.contains(&1) && ids.contains(&2)));
            for a in &docs {
                for b in &docs {
                    prop_assert!(a.entry == b.entry || gates::forbid(a, b).is_none());
                }
            }
        }
    }

    #[test]
    fn any_text_is_placed(title in ".{0,200}", summary in ".{0,300}") {
        let batch = [Item { summary, ..item(1, 0, "a", &title) }, item(2, 0, "b", &title)];
        prop_assert_eq!(engine(Corrections::default()).place(&batch).placements.len(), 2);
    }

    #[test]
    fn a_persons_word_holds_for_good((items, said, restart) in said_stream()) {
        let mut daemon = Daemon::new(&said);
        for (n, batch) in items.chunks(3).enumerate() {
            daemon.tick(batch);
            if n % restart == 0 {
                daemon.restart();
            }
        }
        for (together, a, b) in &said {
            prop_assert_eq!(daemon.stories[a] == daemon.stories[b], *together, "{} and {}", a, b);
        }
    }

    #[test]
    fn a_hostile_headline_costs_no_more(titles in prop::collection::vec((hostile(), hostile()), 1..40)) {
        let batch: Vec<Item> = (1_i64..)
            .zip(titles)
            .map(|(id, (title, summary))| Item { summary, ..item(id, 0, &format!("outlet {}", id % 3), &title) })
            .collect();
        let mut engine = engine(Corrections::default());
        engine.place(&background());
        let first = engine.index.next_id();
        let mut n_compared = 0;
        let outcome = engine.place_observed(&batch, &mut |_, _, _| n_compared += 1);
        prop_assert_eq!(outcome.placements.len(), batch.len());
        prop_assert!(n_compared <= batch.len() * CANDIDATES, "{} pairs", n_compared);
        for id in first..engine.index.next_id() {
            let doc = engine.index.doc(id).expect("just placed");
            prop_assert!(doc.terms.len() <= text::TITLE_TERMS_MAX + text::SUMMARY_TERMS_MAX);
            prop_assert!(doc.terms.iter().all(|t| engine.index.name(t.term).chars().count() <= TERM_CHARS));
        }
        for item in &batch {
            // What is beyond the limits is not read.
            let read = |text: &str, bytes| text[..text.floor_char_boundary(bytes)].to_owned();
            let (title, summary) = (text::title_terms(&item.title), text::summary_terms(&item.summary));
            prop_assert!(title.len() <= text::TITLE_TERMS_MAX, "{} terms", title.len());
            prop_assert!(summary.len() <= text::SUMMARY_TERMS_MAX, "{} terms", summary.len());
            prop_assert_eq!(title, text::title_terms(&read(&item.title, 512)));
            prop_assert_eq!(summary, text::summary_terms(&read(&item.summary, 900)));
        }
    }

    #[test]
    fn a_crowd_of_likenesses_is_not_compared_whole(n in 51..200_i64, hours in 1..40_i64) {
        let wording = |id: i64| format!("Magrathea sells planet {id} to Sirius as quake hits Chile");
        let crowd: Vec<Item> = (1..=n).map(|id| item(id, id % hours, &format!("outlet {id}"), &wording(id))).collect();
        let mut engine = engine(Corrections::default());
        engine.place(&background());
        engine.place(&crowd);
        let mut n_compared = 0;
        engine.place_observed(&[item(9_000, hours, "outlet 0", &wording(9_000))], &mut |_, _, _| n_compared += 1);
        prop_assert_eq!(n_compared, CANDIDATES);
    }
}
