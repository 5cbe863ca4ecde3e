use super::*;
use crate::config::StorySettings;
use crate::time::Timestamp;

pub(super) const HOUR: i64 = 3600;

pub(super) fn item(id: i64, hours: i64, outlet: &str, title: &str) -> Item {
    Item {
        entry: EntryId::new(id),
        url: String::new(),
        title: title.into(),
        summary: String::new(),
        outlet: outlet.into(),
        dated_at: Timestamp::from_unix(1_700_000_000 + hours * HOUR),
        timed: true,
        about: Vec::new(),
        companies: Vec::new(),
        themes: Vec::new(),
        loose: false,
        roundup: false,
    }
}

pub(super) fn engine(corrections: Corrections) -> Engine {
    Engine::new(Knobs::from(&StorySettings::default()), corrections)
}

/// Plain news of other things, so that common words are known to be common.
pub(super) fn background() -> Vec<Item> {
    let subjects = [
        "Acme",
        "Globex",
        "Initech",
        "Umbrella",
        "Hooli",
        "Stark",
        "Wayne",
        "Tyrell",
        "Cyberdyne",
        "Soylent",
        "Wonka",
        "Duff",
    ];
    let events = [
        "opens a plant in Ohio",
        "names a new finance chief",
        "cuts its forecast for the year",
        "recalls toasters over a fire risk",
        "wins a contract with the navy",
        "sues a rival over patents",
    ];
    let mut items = Vec::new();
    for (i, subject) in (0_i64..).zip(subjects) {
        for (j, event) in (0_i64..).zip(events) {
            if (i + j) % 6 == 0 {
                items.push(item(
                    10_000 + i * 10 + j,
                    -1,
                    &format!("paper {i}"),
                    &format!("{subject} {event}"),
                ));
            }
        }
    }
    items
}

/// The groups a batch ends in, as sorted lists of entries.
pub(super) fn groups(engine: &mut Engine, batch: &[Item]) -> Vec<Vec<i64>> {
    let outcome = engine.place(batch);
    let mut found: BTreeMap<(Option<StoryId>, u32), Vec<i64>> = BTreeMap::new();
    for p in &outcome.placements {
        found.entry((p.story, p.opens)).or_default().push(p.entry.get());
    }
    let mut groups: Vec<Vec<i64>> = found.into_values().collect();
    groups.sort();
    groups
}

#[track_caller]
pub(super) fn check(batch: &[Item], expected: &[&[i64]]) {
    let mut engine = engine(Corrections::default());
    engine.place(&background());
    assert_eq!(groups(&mut engine, batch), expected);
}

#[test]
fn one_event_in_other_words_is_one_story() {
    check(
        &[
            item(1, 0, "a", "Sirius Cybernetics to buy Magrathea for $3 billion"),
            item(2, 1, "b", "Sirius Cybernetics agrees $3bn takeover of Magrathea"),
            item(3, 1, "c", "Quake of magnitude 6.1 shakes northern Chile"),
        ],
        &[&[1, 2], &[3]],
    );
}

#[test]
fn one_outlets_template_of_another_day_stays_apart() {
    check(
        &[
            item(1, 0, "a", "Best savings rates today, March 3, 2026: earn up to 4.1%"),
            item(2, 24, "a", "Best savings rates today, March 4, 2026: earn up to 4.0%"),
        ],
        &[&[1], &[2]],
    );
}

#[test]
fn two_roundups_stay_apart_where_two_reports_come_together() {
    let two = |roundup| {
        let titled = |id, outlet, title| Item {
            loose: roundup,
            roundup,
            ..item(id, 0, outlet, title)
        };
        [
            titled(1, "a", "Magrathea and Sirius results lead the week ahead"),
            titled(2, "b", "Week ahead: results of Magrathea and Sirius"),
        ]
    };
    check(&two(true), &[&[1], &[2]]);
    check(&two(false), &[&[1, 2]]);
}

#[test]
fn the_same_wording_about_other_companies_stays_apart() {
    let about = |id, company: &str| Item {
        about: vec![company.into()],
        companies: vec![company.into()],
        ..item(
            id,
            0,
            &format!("outlet {id}"),
            &format!("{company} third-quarter earnings call transcript published"),
        )
    };
    check(&[about(1, "magrathea"), about(2, "sirius")], &[&[1], &[2]]);
}

#[test]
fn one_link_is_one_story_whatever_the_headline() {
    let linked = |id, title| Item {
        url: "https://example.com/2026/a-page".into(),
        ..item(id, 0, "a", title)
    };
    check(
        &[linked(1, "Rates unchanged"), linked(2, "Central bank stands pat")],
        &[&[1, 2]],
    );
    let front = |id, title| Item {
        url: "https://example.com/".into(),
        ..item(id, 0, "a", title)
    };
    check(
        &[front(1, "Rates unchanged"), front(2, "Central bank stands pat")],
        &[&[1], &[2]],
    );
}

#[test]
fn one_outlet_s_text_and_video_are_one_article() {
    let summary =
        "Betelgeuse's main exchange is in talks with the authorities to ease rules that ban leveraged products";
    let told = |id, title: &str| Item {
        summary: summary.into(),
        ..item(id, id, "a", title)
    };
    check(
        &[
            told(1, "Betelgeuse Exchange Mulls Riskier Products to Woo Savers"),
            told(2, "Betelgeuse Exchange Considers Riskier Products to Woo Savers"),
        ],
        &[&[1, 2]],
    );
}

#[test]
fn a_correction_is_kept() {
    let batch = [
        item(1, 0, "a", "Sirius Cybernetics to buy Magrathea for $3 billion"),
        item(2, 1, "b", "Sirius Cybernetics agrees $3bn takeover of Magrathea"),
        item(3, 1, "c", "Quake of magnitude 6.1 shakes northern Chile"),
    ];
    let mut said = Corrections::default();
    said.apart(EntryId::new(1), EntryId::new(2));
    said.together(EntryId::new(1), EntryId::new(3));
    let mut engine = engine(said);
    engine.place(&background());
    assert_eq!(groups(&mut engine, &batch), [vec![1, 3], vec![2]]);
}

#[test]
fn stories_kept_apart_stay_apart_when_the_entries_that_were_named_are_gone() {
    let deal = |id, hours, outlet: &str| item(id, hours, outlet, "Sirius Cybernetics to buy Magrathea for $3 billion");
    let mut said = Corrections::default();
    said.apart(EntryId::new(1), EntryId::new(2));
    let follow_up = [deal(5, 110, "e")];
    let story_of = |corrections: Corrections, remembered: bool| {
        let mut engine = engine(corrections);
        engine.place(&background());
        let settled = |id, hours, outlet, story| Settled {
            item: deal(id, hours, outlet),
            story: StoryId::new(story),
            near: Vec::new(),
        };
        if remembered {
            // As after a restart: entries 1 and 2 are older than the window.
            engine.restore(&[settled(3, 50, "c", 7), settled(4, 50, "d", 8)]);
            engine.remember(&[(EntryId::new(1), StoryId::new(7)), (EntryId::new(2), StoryId::new(8))]);
        } else {
            engine.restore(&[
                settled(1, 0, "a", 7),
                settled(2, 0, "b", 8),
                settled(3, 50, "c", 7),
                settled(4, 50, "d", 8),
            ]);
        }
        engine.place(&follow_up).merges
    };
    assert_eq!(story_of(said.clone(), false), []);
    assert_eq!(story_of(said, true), []);
    let unsaid = story_of(Corrections::default(), false);
    assert_eq!(unsaid.len(), 1, "without the correction they become one story");
}

#[test]
fn one_link_does_not_open_a_gate() {
    let linked = |id, title: &str, companies: &[&str]| Item {
        url: "https://example.com/2026/a-page".into(),
        about: companies.iter().map(|c| (*c).to_owned()).collect(),
        companies: companies.iter().map(|c| (*c).to_owned()).collect(),
        ..item(id, 0, &format!("outlet {id}"), title)
    };
    let transcript = |company| format!("{company} third-quarter earnings call transcript published");
    let other = Item {
        url: "https://example.com/2026/another".into(),
        ..linked(3, &transcript("Magrathea"), &["magrathea"])
    };
    let mut engine = engine(Corrections::default());
    let mut said = Corrections::default();
    said.together(EntryId::new(1), EntryId::new(3));
    engine.corrections = said;
    engine.place(&background());
    // A person put 3 to 1; 2 has the link of 1 and the wording of 3 about another company.
    let batch = [
        linked(1, "Results of the third quarter", &[]),
        linked(2, &transcript("Sirius"), &["sirius"]),
        other,
    ];
    engine.place(&[batch[0].clone(), batch[2].clone()]);
    engine.settle(&BTreeMap::from([(0, StoryId::new(70))]));
    let outcome = engine.place(&batch[1..2]);
    assert_eq!(outcome.placements[0].story, None, "{:?}", outcome.placements);
}

#[test]
fn an_entry_of_unknown_age_is_compared_over_any_distance() {
    let old = |timed| Item {
        timed,
        ..item(1, -500, "a", "Sirius Cybernetics to buy Magrathea for $3 billion")
    };
    let new = [item(2, 0, "b", "Sirius Cybernetics agrees $3bn takeover of Magrathea")];
    for (timed, stories) in [(true, 1), (false, 0)] {
        let mut engine = engine(Corrections::default());
        engine.place(&background());
        engine.place(&[old(timed)]);
        engine.settle(&BTreeMap::from([(0, StoryId::new(70))]));
        let opened = engine
            .place(&new)
            .placements
            .iter()
            .filter(|p| p.story.is_none())
            .count();
        assert_eq!(opened, stories, "timed: {timed}");
    }
}

#[test]
fn a_burst_on_one_event_is_one_story() {
    let verbs = ["buys", "to buy", "agrees to buy", "will buy", "in deal to buy"];
    let batch: Vec<Item> = (0..200)
        .map(|i| {
            let verb = verbs[usize::try_from(i).unwrap() % verbs.len()];
            let title = format!("Sirius Cybernetics {verb} Magrathea for $3 billion");
            item(i, i % 5, &format!("outlet {i}"), &title)
        })
        .collect();
    let mut engine = engine(Corrections::default());
    engine.place(&background());
    assert_eq!(groups(&mut engine, &batch).len(), 1);
}

#[test]
fn placing_twice_changes_nothing() {
    let batch = [item(1, 0, "a", "Sirius Cybernetics to buy Magrathea for $3 billion")];
    let mut engine = engine(Corrections::default());
    assert_eq!(engine.place(&batch).placements.len(), 1);
    assert_eq!(engine.place(&batch), Outcome::default());
}

#[test]
fn a_restored_engine_goes_on_as_before() {
    let first = [
        item(1, 0, "a", "Sirius Cybernetics to buy Magrathea for $3 billion"),
        item(2, 0, "b", "Quake of magnitude 6.1 shakes northern Chile"),
    ];
    let next = [item(
        3,
        2,
        "c",
        "Magrathea takeover by Sirius Cybernetics worth $3 billion",
    )];
    let mut live = engine(Corrections::default());
    let outcome = live.place(&first);
    let ids: BTreeMap<u32, StoryId> = (0..2).map(|n| (n, StoryId::new(7 + i64::from(n)))).collect();
    live.settle(&ids);
    let settled: Vec<Settled> = first
        .iter()
        .map(|item| Settled {
            item: item.clone(),
            story: outcome
                .placements
                .iter()
                .find(|p| p.entry == item.entry)
                .and_then(|p| ids.get(&p.opens))
                .copied()
                .unwrap(),
            near: outcome.near[&item.entry].clone(),
        })
        .collect();
    let mut restored = engine(Corrections::default());
    restored.restore(&settled);
    restored.learn(&live.learnt());
    assert_eq!(live.place(&next), restored.place(&next));
}

#[test]
fn hostile_headlines_are_capped() {
    let long = "x".repeat(10_000);
    let words = "word ".repeat(3_000);
    let cjk = "\u{6771}\u{4eac}".repeat(3_000);
    let odd = "\u{202e}\u{200b}\u{1f600}".repeat(2_000);
    let batch: Vec<Item> = (0_i64..)
        .zip([long, words, cjk, odd, String::new()])
        .map(|(i, title)| item(i, 0, "a", &title))
        .collect();
    let mut engine = engine(Corrections::default());
    assert_eq!(engine.place(&batch).placements.len(), 5);
    for id in 0..5 {
        assert!(engine.index.doc(id).unwrap().terms.len() <= text::TITLE_TERMS_MAX);
    }
}

#[test]
fn front_pages_are_no_identity() {
    assert!(!read::has_page("https://example.com/"));
    assert!(!read::has_page("https://example.com"));
    assert!(read::has_page("https://example.com/a"));
}
