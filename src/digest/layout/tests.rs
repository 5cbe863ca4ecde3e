//! What holds for any edition and any reader.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::language::Languages;
use crate::model::{EntryId, Headline, Mark, Slot, StoryView, ThemeRef};

const COMPANIES: [&str; 5] = ["nvidia", "nike", "tesla", "ubs", "adobe"];
const THEMES: [&str; 4] = ["ai", "earnings", "legal", "chips"];
const SOURCES: [&str; 4] = ["Harbor Wire", "The Ledger", "Bay Observer", "Pacific Post"];
const WORDS: [&str; 8] = ["buys", "sues", "plant", "record", "court", "profit", "strike", "launch"];

fn spec() -> DigestSettings {
    let toml = "[mail]\ncontact = \"A\"\nfrom = \"a@example.org\"\nlist_address = \"n@example.org\"\n\
                [[digest]]\nkey = \"daily\"\ntitle = \"Daily\"\n\
                [[feed]]\nkey = \"a\"\nurl = \"https://example.org/feed\"\n";
    let config = crate::config::Config::from_toml_str(toml, std::path::Path::new("/")).unwrap();
    config.digests[0].clone()
}

#[derive(Debug, Clone)]
struct Sketch {
    score: f64,
    source: usize,
    companies: Vec<usize>,
    themes: Vec<usize>,
    /// Hours before the edition at which each article came, and its words.
    articles: Vec<(u8, usize, usize)>,
    mark: Option<Mark>,
    /// A story that came near.
    near: i64,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    (
        0.0..1.0,
        0..SOURCES.len(),
        prop::collection::vec(0..COMPANIES.len(), 0..3),
        prop::collection::vec(0..THEMES.len(), 0..3),
        prop::collection::vec((0..40_u8, 0..WORDS.len(), 0..WORDS.len()), 1..6),
        prop::option::weighted(
            0.2,
            prop::sample::select(vec![Mark::Opinion, Mark::Roundup, Mark::Sponsored]),
        ),
        1..80_i64,
    )
        .prop_map(|(score, source, companies, themes, articles, mark, near)| Sketch {
            score,
            source,
            companies,
            themes,
            articles,
            mark,
            near,
        })
}

fn edition(sketches: &[Sketch]) -> Edition {
    let due = Timestamp::from_unix(1_679_464_800);
    let from = due.minus(std::time::Duration::from_hours(24));
    let mut stories: Vec<EditionStory> = (1..).zip(sketches).map(|(id, sketch)| story(id, sketch, due)).collect();
    stories.sort_by(|a, b| b.story.score.total_cmp(&a.story.score));
    Edition {
        version: 1,
        digest: "daily".into(),
        title: "Daily".into(),
        slot: Slot {
            digest: "daily".into(),
            schedule: String::new(),
            key: "x".into(),
            due_at: due,
        },
        zone: "UTC".into(),
        window_from: from,
        window_to: due,
        stories,
        volumes: Vec::new(),
        coverage: crate::model::Coverage::default(),
    }
}

fn story(id: i64, sketch: &Sketch, due: Timestamp) -> EditionStory {
    let at = |hours: u8| due.minus(std::time::Duration::from_hours(u64::from(hours)));
    let heads: Vec<Headline> = (0..)
        .zip(&sketch.articles)
        .map(|(n, (hours, a, b))| Headline {
            entry: EntryId::new(id * 100 + n),
            title: format!("Story {id} {} {} number {n}", WORDS[*a], WORDS[*b]),
            url: format!("https://example.org/{id}/{n}"),
            source: SOURCES[(sketch.source + usize::try_from(n).unwrap()) % SOURCES.len()].into(),
            owner: String::new(),
            at: at(*hours),
            extract: "One sentence on what happened.".into(),
            language: "en".into(),
            marks: sketch.mark.into_iter().collect(),
            also: Vec::new(),
        })
        .collect();
    let n = u32::try_from(heads.len()).unwrap();
    let entries = heads.iter().map(|head| (head.entry, head.at)).collect();
    let companies: BTreeSet<usize> = sketch.companies.iter().copied().collect();
    let themes: BTreeSet<usize> = sketch.themes.iter().copied().collect();
    EditionStory {
        story: StoryView {
            id: StoryId::new(id),
            lead: heads[0].clone(),
            related: heads[1..].to_vec(),
            n_articles: n,
            n_outlets: n.min(4),
            n_independent: n.min(4),
            first_at: at(40),
            last_at: at(0),
            first_by: None,
            companies: companies
                .into_iter()
                .map(|c| CompanyRef {
                    slug: COMPANIES[c].into(),
                    name: COMPANIES[c].into(),
                    ticker: String::new(),
                    about: true,
                    unlisted: false,
                    score: 1.0,
                })
                .collect(),
            themes: themes
                .into_iter()
                .map(|t| ThemeRef {
                    slug: THEMES[t].into(),
                    name: THEMES[t].into(),
                    event: t == 1,
                    score: 1.0,
                })
                .collect(),
            score: sketch.score,
            parts: Vec::new(),
        },
        entries,
        near: [sketch.near]
            .into_iter()
            .filter(|near| *near != id)
            .map(StoryId::new)
            .collect(),
    }
}

fn choices() -> impl Strategy<Value = Choices> {
    let some = |all: &'static [&'static str]| prop::collection::btree_set(prop::sample::select(all), 0..3);
    let length = prop::sample::select(vec![crate::model::Length::Long, crate::model::Length::Short]);
    (some(&COMPANIES), some(&THEMES), some(&COMPANIES), length).prop_map(|(companies, themes, muted, length)| Choices {
        companies: companies.into_iter().map(Into::into).collect(),
        themes: themes.into_iter().map(Into::into).collect(),
        muted: muted.into_iter().map(Into::into).collect(),
        length,
        ..Choices::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_story_stands_once_and_within_the_limits(
        sketches in prop::collection::vec(sketch(), 0..80),
        choices in choices(),
        had in prop::collection::btree_set(1..80_i64, 0..20),
    ) {
        let (edition, spec, names) = (edition(&sketches), spec(), BTreeMap::new());
        let had: BTreeMap<StoryId, Timestamp> = had.into_iter().map(|id| (StoryId::new(id), edition.window_from)).collect();
        let reader = Reader { choices: &choices, had: &had, since: edition.window_from };
        let english = Languages::builtin().of("en");
        let plan = Plan { edition: &edition, reader, spec: &spec, names: &names, words: english.digest() };
        let detail = Detail::full(&spec, &choices);
        let layout = plan.layout(detail);
        prop_assert_eq!(&layout, &plan.layout(detail), "the same again");

        let blocks: Vec<(SectionKind, &Block)> =
            layout.sections.iter().flat_map(|s| s.blocks.iter().map(|b| (s.kind, b))).collect();
        let ids: BTreeSet<StoryId> = blocks.iter().map(|(_, block)| block.story).collect();
        prop_assert_eq!(ids.len(), blocks.len(), "once");
        let numbers: Vec<u32> = blocks.iter().map(|(_, block)| block.number).collect();
        prop_assert_eq!(numbers, (1..=u32::try_from(blocks.len()).unwrap()).collect::<Vec<_>>());

        let count = |wanted: &dyn Fn(SectionKind) -> bool| blocks.iter().filter(|(kind, _)| wanted(*kind)).count();
        let full = |kind| !matches!(kind, SectionKind::Updates | SectionKind::AlsoNoted);
        prop_assert!(count(&full) <= detail.stories_max);
        prop_assert!(count(&|kind| kind == SectionKind::AlsoNoted) <= detail.noted_max);
        prop_assert!(count(&|kind| kind == SectionKind::Top) <= spec.top_max);

        for (kind, block) in &blocks {
            let story = edition.stories.iter().find(|story| story.story.id == block.story).unwrap();
            let seen: BTreeMap<EntryId, Timestamp> = story.entries.iter().copied().collect();
            prop_assert!(block.related.len() <= detail.related_max.max(3));
            prop_assert!(!block.related.contains(&block.lead));
            prop_assert!(block.why.chars().count() <= 90);
            if *kind == SectionKind::Updates {
                prop_assert!(had.contains_key(&block.story));
                let shown = 1 + u32::try_from(block.related.len()).unwrap();
                prop_assert_eq!(shown + block.n_more, block.n_new, "every new article is shown or counted");
                prop_assert!(std::iter::once(&block.lead).chain(&block.related).all(|e| seen[e] > reader.since));
            } else {
                prop_assert!(!had.contains_key(&block.story), "nothing he had comes back");
            }
            prop_assert!(seen.values().any(|at| *at > reader.since), "news to him");
            for near in &block.near {
                let target = blocks.iter().find(|(_, other)| other.number == near.number).unwrap().1;
                prop_assert!(target.story == near.story && near.story != block.story);
                let other = edition.stories.iter().find(|story| story.story.id == near.story).unwrap();
                prop_assert!(story.near.contains(&near.story) || other.near.contains(&block.story));
            }
            for company in &story.story.companies {
                prop_assert!(!choices.muted.contains(&company.slug));
            }
        }
        for section in &layout.sections {
            prop_assert!(!section.blocks.is_empty() || !section.refs.is_empty(), "no empty section");
            for cross in &section.refs {
                let target = blocks.iter().find(|(_, block)| block.number == cross.number);
                prop_assert_eq!(target.map(|(_, block)| block.story), Some(cross.story));
            }
        }
    }

    #[test]
    fn less_detail_ends_and_never_grows(sketches in prop::collection::vec(sketch(), 0..60)) {
        let (edition, spec, names, choices) = (edition(&sketches), spec(), BTreeMap::new(), Choices::default());
        let had = BTreeMap::new();
        let reader = Reader { choices: &choices, had: &had, since: edition.window_from };
        let english = Languages::builtin().of("en");
        let plan = Plan { edition: &edition, reader, spec: &spec, names: &names, words: english.digest() };
        let weight = |layout: &Layout| -> usize {
            let blocks = layout.sections.iter().filter(|s| s.kind != SectionKind::AlsoNoted).flat_map(|s| &s.blocks);
            blocks.map(|block| 10 + block.related.len() + usize::from(block.extract)).sum()
        };
        let (mut detail, mut last, mut steps) = (Detail::full(&spec, &choices), usize::MAX, 0);
        loop {
            let now = weight(&plan.layout(detail));
            prop_assert!(now <= last);
            (last, steps) = (now, steps + 1);
            prop_assert!(steps < 60);
            match detail.less() {
                Some(less) => detail = less,
                None => break,
            }
        }
    }
}

/// One story of one outlet.
fn plain(score: f64, themes: &[usize], near: i64) -> Sketch {
    Sketch {
        score,
        source: 0,
        companies: Vec::new(),
        themes: themes.to_vec(),
        articles: vec![(1, 0, 1)],
        mark: None,
        near,
    }
}

/// The mail of a reader who had nothing yet.
fn laid_out(sketches: &[Sketch], choices: &Choices, spec: &DigestSettings) -> Layout {
    laid_out_of(&edition(sketches), choices, spec)
}

fn laid_out_of(edition: &Edition, choices: &Choices, spec: &DigestSettings) -> Layout {
    let (names, had) = (BTreeMap::new(), BTreeMap::new());
    let english = Languages::builtin().of("en");
    let plan = Plan {
        edition,
        reader: Reader {
            choices,
            had: &had,
            since: edition.window_from,
        },
        spec,
        names: &names,
        words: english.digest(),
    };
    plan.layout(Detail::full(spec, choices))
}

#[track_caller]
fn check(sketches: &[Sketch], choices: &Choices, expected: &[(&str, &[i64], &[u32])]) {
    let mut spec = spec();
    spec.top_max = 1;
    let layout = laid_out(sketches, choices, &spec);
    let got: Vec<(&str, Vec<i64>, Vec<u32>)> = layout
        .sections
        .iter()
        .map(|section| {
            let stories = section.blocks.iter().map(|block| block.story.get()).collect();
            (
                section.slug.as_str(),
                stories,
                section.refs.iter().map(|r| r.number).collect(),
            )
        })
        .collect();
    let expected: Vec<(&str, Vec<i64>, Vec<u32>)> = expected
        .iter()
        .map(|(slug, stories, refs)| (*slug, stories.to_vec(), refs.to_vec()))
        .collect();
    assert_eq!(got, expected);
}

#[test]
fn a_theme_asked_for_names_the_stories_that_stand_elsewhere() {
    let choices = Choices {
        themes: vec!["ai".into(), "chips".into()],
        ..Choices::default()
    };
    check(
        &[plain(0.9, &[0, 3], 0), plain(0.8, &[3], 0)],
        &choices,
        &[("", &[1], &[]), ("ai", &[], &[1]), ("chips", &[2], &[1])],
    );
}

#[test]
fn a_story_is_not_at_home_under_its_weakest_theme() {
    let sketches = [
        plain(0.9, &[1], 0),
        plain(0.8, &[0, 3], 0),
        plain(0.7, &[3], 0),
        plain(0.6, &[3], 0),
    ];
    let mut edition = edition(&sketches);
    edition.stories[1].story.themes[1].score = 0.4;
    let mut spec = spec();
    spec.top_max = 1;
    let layout = laid_out_of(&edition, &Choices::default(), &spec);
    let slugs: Vec<(&str, usize)> = layout
        .sections
        .iter()
        .map(|s| (s.slug.as_str(), s.blocks.len()))
        .collect();
    assert_eq!(
        slugs,
        [("", 1), ("", 1), ("chips", 2)],
        "a strike at plants is not operations"
    );
}

#[test]
fn what_is_possibly_related_stands_side_by_side() {
    check(
        &[
            plain(0.9, &[1], 0),
            plain(0.8, &[3], 0),
            plain(0.7, &[3], 0),
            plain(0.6, &[3], 2),
        ],
        &Choices::default(),
        &[("", &[1], &[]), ("chips", &[2, 4, 3], &[])],
    );
}

#[test]
fn what_the_caps_leave_no_place_for_is_noted() {
    let two_outlets = |n: u8| Sketch {
        source: usize::from(n),
        articles: vec![(1, 0, 1), (2, 2, 3)],
        ..plain(0.9 - f64::from(n) / 100.0, &[3], 0)
    };
    let sketches: Vec<Sketch> = (0..9).map(two_outlets).collect();
    let spec = spec();
    let layout = laid_out(&sketches, &Choices::default(), &spec);
    let of = |noted: bool| -> Vec<i64> {
        let kept = layout
            .sections
            .iter()
            .filter(|s| (s.kind == SectionKind::AlsoNoted) == noted);
        kept.flat_map(|s| &s.blocks).map(|block| block.story.get()).collect()
    };
    let all: Vec<i64> = (1..=9).collect();
    let (full, rest) = all.split_at(spec.per_theme_max);
    assert_eq!(of(false), full);
    assert_eq!(of(true), rest, "told by two outlets, of a theme that is full");
}
