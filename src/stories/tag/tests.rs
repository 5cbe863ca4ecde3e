//! Headlines with what a careful reader would tag. All of them are made up here.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::tokens::{BYTES_MAX, TOKENS_MAX};
use super::*;
use crate::config::{CompanySettings, ThemeSettings};

static TAGGER: LazyLock<Tagger> = LazyLock::new(|| Tagger::new(&StorySettings::default()));

/// Companies by name, in the order of the headline, joined with commas.
#[track_caller]
fn check(headline: &str, expected: &str) {
    let tags = TAGGER.tag(headline, "");
    let names: Vec<&str> = tags.mentions.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names.join(", "), expected, "{headline}\n{:#?}", tags.mentions);
}

/// Theme slugs, sorted, joined with commas.
#[track_caller]
fn check_themes(headline: &str, expected: &str) {
    let tags = TAGGER.tag(headline, "");
    let mut themes: Vec<&str> = tags.themes.iter().map(|t| t.theme.as_str()).collect();
    themes.sort_unstable();
    assert_eq!(themes.join(", "), expected, "{headline}\n{:#?}", tags.themes);
}

#[test]
fn plain_names() {
    check("Nvidia to open a research lab in Oslo", "Nvidia");
    check("Volkswagen and Toyota share a battery plant", "Volkswagen, Toyota");
    check("NVIDIA OPENS A LAB IN OSLO", "Nvidia");
    check("Nestlé’s coffee unit grows", "Nestle");
    check("Softbank invests again", "SoftBank");
    check("Goldman Sachs' traders had a good year", "Goldman Sachs");
    check("“Microsoft” is a word in quotes", "Microsoft");
}

#[test]
fn everyday_words() {
    check("Target cuts prices before the holidays", "Target");
    check("Hackers look for an easy target", "");
    check("Analyst lifts price target on Nvidia", "Nvidia");
    check("Apple unveils a cheaper laptop", "Apple");
    check("The best apple pie in town", "");
    check("The Best Apple Pie in Town", "");
    check("Chipmaker Arm raises its forecast", "Arm");
    check("Crowds fill Times Square on New Year's Eve", "");
    check("Orange County sues the state", "");
    check("Gerald Ford remembered in Michigan", "");
    check("Ford recalls 20,000 trucks", "Ford");
    check("Amazon rainforest shrinks again", "");
    check("Amazon's cloud unit grows", "Amazon");
}

#[test]
fn persons_and_verbs_are_no_companies() {
    check("Tyson Fury to fight again in December", "");
    check("Watchdog looks into a claims firm that Tyson Fury backs", "");
    check("Boxer Tyson wins by knockout", "");
    check("Tyson recalls chicken nuggets", "Tyson Foods");
    check("Tyson Foods shuts a plant in Iowa", "Tyson Foods");
    check(
        "Private Equity Firms Circle Volkswagen’s Marine Engine Unit",
        "Volkswagen",
    );
    check("Circle Files to Go Public", "Circle");
    check("Circle’s stablecoin grows", "Circle");
    check("Pension fund sues Hermes over wind farms", "");
    check("Hermes raises the prices of its bags", "Hermes");
}

#[test]
fn a_kind_of_ai_is_no_company() {
    check("Amazon Bets on Wearable AI", "Amazon");
    check("Apple Hopes for Generative AI", "Apple");
    check("Brundle AI raises $20 million", "Brundle AI");
    check("The year’s first Crypto IPO is a success", "");
}

#[test]
fn the_ticker_shown_is_one_it_trades_under() {
    let shown = |slug: &str| TAGGER.company(slug).map(|c| c.ticker);
    for (slug, ticker) in [
        ("apple", "AAPL"),
        ("lvmh", "MC.PA"),
        ("air-france-klm", "AF.PA"),
        ("siemens", "SIE.DE"),
        ("roche", "ROG.SW"),
        ("x-corp", ""),
        ("spirit-airlines", ""),
        ("credit-suisse", ""),
    ] {
        assert_eq!(shown(slug).as_deref(), Some(ticker), "{slug}");
    }
    let side = |ticker: &str| ticker.rsplit_once('.').is_some_and(|(_, line)| line == "F");
    let sides: Vec<&str> = TAGGER
        .known_slugs()
        .into_iter()
        .filter(|s| shown(s).is_some_and(|t| side(&t)))
        .collect();
    assert!(sides.is_empty(), "{sides:?}");
    // An old headline is still understood.
    check("Twitter ($TWTR) is gone from the exchange", "X");
}

#[test]
fn indexes_and_central_banks_are_not_companies() {
    check("Dow, S&P 500 and Nasdaq close higher", "");
    check("ECB holds rates as Fed waits", "");
}

#[test]
fn owners_and_subsidiaries() {
    check("AWS opens a region in Peru", "AWS");
    check("Coutts weighs a branch in Leeds", "Coutts");
    assert_eq!(TAGGER.company("coutts").map(|c| c.parent).as_deref(), Some("natwest"));
    check("Google sued over ads", "Google");
    assert_eq!(TAGGER.company("aws").map(|c| c.parent).as_deref(), Some("amazon"));
    assert_eq!(TAGGER.company("google").map(|c| c.parent).as_deref(), Some("alphabet"));
}

#[test]
fn tickers_only_where_they_are_marked() {
    check("$NVDA rises before results", "Nvidia");
    check("Nvidia (NASDAQ: NVDA) rises", "Nvidia");
    check("NVDA stock rises", "Nvidia");
    check("Why ALL of us should care about IT", "");
    check("Rating changes: KO, PEP, COST", "Coca-Cola, PepsiCo, Costco");
    check("Rating changes: BYD, KO, PEP", "Boyd Gaming, Coca-Cola, PepsiCo");
    check("BYD, Tesla and Ford sell fewer cars", "BYD, Tesla, Ford");
    check_themes("HSBC opens a branch in Dublin", "operations");
    check_themes("HSBC stock rises", "stock-move");
}

#[test]
fn short_forms_and_things_that_share_a_name() {
    check(
        "BNP's profit rises as Illinois Tool waits",
        "BNP Paribas, Illinois Tool Works",
    );
    check("Boeing opens five Sky Clubs for crews with an RTX 3060", "Boeing");
    check("Dina Powell McCormick joins Meta", "Meta");
}

#[test]
fn unlisted_names() {
    check("Quorvex Therapeutics raises $40 million", "Quorvex Therapeutics");
    check("Pfizer agrees to buy drug developer Zelvania", "Pfizer, Zelvania");
    check("Brondel Ltd to close its mill", "Brondel Ltd");
    check("The new Therapeutics lab opens", "");
    check("Moldova Nominates Central Bank Chief", "");
    check("Drug maker moves its labs to La Jolla", "");
    check("Full coverage on Google News", "");
    check("Quantum Capital Group bids for oil fields", "Quantum Capital");
    check("Job Seekers Sue Company Over Screening Software", "");
    check("Services PMI® at 51.2%; August 2026 ISM® Services PMI® Report", "");
}

#[test]
fn a_publisher_is_not_a_mention() {
    check("Storm closes schools across Ohio - CBS News", "");
}

#[test]
fn about_and_mentions() {
    let about = |headline: &str| -> Vec<String> {
        TAGGER
            .tag(headline, "")
            .mentions
            .into_iter()
            .filter(|m| m.about)
            .map(|m| m.name)
            .collect()
    };
    assert_eq!(about("Wedbush raises price target on Apple"), ["Apple"]);
    assert_eq!(about("Adobe sues Figma over patents"), ["Adobe", "Figma"]);
    assert_eq!(about("Nvidia rival Cerebras doubles on its first day"), ["Cerebras"]);
    assert!(about("Nvidia rival’s shares double on their first day").is_empty());
    let tags = TAGGER.tag("A good year for chips", "Nvidia led the field.");
    assert_eq!(tags.mentions.len(), 1);
    assert!(!tags.mentions[0].about);
    assert_eq!(tags.mentions[0].place, MentionPlace::Summary);
}

#[test]
fn themes_of_headlines() {
    check_themes(
        "Pfizer to buy a cancer biotech for $2 billion",
        "health-pharma, m-and-a",
    );
    check_themes("Retailer files for Chapter 11 bankruptcy", "credit-distress");
    check_themes("Euro zone inflation slows to 1.9%", "macro");
    check_themes("Bitcoin slips below $80,000", "crypto");
    check_themes("Software maker to lay off 300 workers", "workforce");
    check_themes("Oil rises after OPEC+ meeting", "energy, markets");
    check_themes("A quiet walk along the river", "");
}

#[test]
fn a_company_table_adds_overrides_and_switches_off() {
    let settings = |company: CompanySettings| StorySettings {
        companies: vec![company],
        ..StorySettings::default()
    };
    let own = Tagger::new(&settings(CompanySettings {
        slug: "acme".into(),
        name: "Acme".into(),
        aliases: vec!["Acme Rockets".into()],
        tickers: vec!["ACME".into()],
        enabled: true,
        ..CompanySettings::default()
    }));
    assert_eq!(
        own.tag("Acme Rockets explode on the pad", "").mentions[0].company,
        "acme"
    );
    let off = Tagger::new(&settings(CompanySettings {
        slug: "nvidia".into(),
        ..CompanySettings::default()
    }));
    assert!(
        off.tag("Nvidia opens a lab", "")
            .mentions
            .iter()
            .all(|m| m.company != "nvidia")
    );
    assert!(off.company("nvidia").is_none());
}

#[test]
fn a_theme_table_adds_and_switches_off() {
    let theme = |slug: &str, enabled: bool, phrase: &str| ThemeSettings {
        slug: slug.into(),
        name: "Beekeeping".into(),
        phrases: [(phrase.to_owned(), 1.0)].into(),
        enabled,
        ..ThemeSettings::default()
    };
    let own = Tagger::new(&StorySettings {
        themes: vec![theme("bees", true, "beekeep*")],
        ..StorySettings::default()
    });
    assert_eq!(own.tag("Beekeepers lose hives", "").themes[0].theme, "bees");
    let off = Tagger::new(&StorySettings {
        themes: vec![theme("crypto", false, "")],
        ..StorySettings::default()
    });
    assert!(off.tag("Bitcoin falls", "").themes.iter().all(|t| t.theme != "crypto"));
}

#[test]
fn a_story_has_what_its_entries_agree_on() {
    let tag = |title: &str| TAGGER.tag(title, "");
    let entries = [
        tag("Adobe sues Figma over patents"),
        tag("Figma sued by Adobe"),
        tag("What the Adobe suit means for Canva"),
    ];
    let weighed: Vec<EntryTags<'_>> = entries
        .iter()
        .enumerate()
        .map(|(i, tags)| EntryTags {
            tags,
            weight: 1.0,
            lead: i == 0,
        })
        .collect();
    let (companies, themes) = agree(&weighed, TAGGER.themes());
    assert_eq!(
        companies.iter().map(|c| c.slug.as_str()).collect::<Vec<_>>(),
        ["adobe", "figma"]
    );
    assert_eq!(themes.first().map(|t| t.slug.as_str()), Some("legal"));
}

#[test]
fn hand_kept_files_name_known_companies() {
    for slug in [
        "nvidia",
        "alphabet",
        "google",
        "jpmorgan-chase",
        "warner-bros-discovery",
        "at-and-t",
        "mcdonald-s",
    ] {
        let found = TAGGER.company(slug).is_some() || TAGGER.company(&slug.replace("-s", "s")).is_some();
        assert!(found, "{slug}");
    }
    assert_eq!(TAGGER.themes().len(), 26);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_tagged_alike_twice(title in "\\PC{0,300}", summary in "\\PC{0,200}") {
        let first = TAGGER.tag(&title, &summary);
        for m in &first.mentions {
            prop_assert!(title.contains(&m.surface) || summary.contains(&m.surface));
            prop_assert!((0.0..=1.0).contains(&m.score));
        }
        prop_assert_eq!(&first, &TAGGER.tag(&title, &summary));
    }

    #[test]
    fn offsets_fall_on_characters(text in "([A-Za-z’'\\-&.$()日本éß🙂 ]|Apple|Nvidia){0,60}") {
        let words = Words::new(&text);
        for t in &words.tokens {
            prop_assert!(text.get(t.start..t.end).is_some());
            prop_assert!(words.folded.get(t.folded_start..t.folded_end).is_some());
        }
        let _ = TAGGER.tag(&text, "");
    }
}

/// Most matches a word may begin: names, blockers and phrases that go on from it.
const MATCHES_A_WORD: usize = 24;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Counted in words and matches, not in time: a hostile text costs no more than a long honest one.
    #[test]
    fn a_hostile_text_costs_no_more(
        parts in prop::collection::vec(prop::sample::select(vec![
            "x", "word ", "\u{6771}\u{4eac}", "\u{202e}\u{5d0} ", "\u{200b}", "\u{1f600}", "a\u{301}", "\u{fdfa}", "1,", "a.b.",
            "- ", "&", "\u{2019}s ", "$NVDA ", "Apple ", "(NASDAQ: ", "Quorvex Ltd, ", "shares ", "rises ", "to ", "AI ",
        ]), 1..8),
        chars in 1..12_000_usize,
    ) {
        let text: String = parts.concat().chars().cycle().take(chars).collect();
        let words = Words::new(&text);
        prop_assert!(words.tokens.len() <= TOKENS_MAX + 1);
        prop_assert!(words.tokens.iter().all(|t| t.end <= BYTES_MAX + 4));
        prop_assert!(words.folded.len() <= 12 * BYTES_MAX, "{}", words.folded.len());
        let scan = TAGGER.matcher.scan(&words);
        let n_matches = scan.names.len() + scan.hits.len();
        prop_assert!(n_matches <= MATCHES_A_WORD * words.tokens.len(), "{} matches", n_matches);
        let tags = TAGGER.tag(&text, &text);
        prop_assert!(tags.mentions.len() <= 2 * TOKENS_MAX);
        prop_assert!(tags.themes.len() <= TAGGER.themes().len());
    }
}

#[test]
fn hostile_titles_are_read_to_a_limit() {
    let long = "Nvidia ".repeat(20_000);
    assert_eq!(TAGGER.tag(&long, &long).mentions.len(), 1);
    let _ = TAGGER.tag(&"x".repeat(100_000), &"\u{202e}\u{200b}🙂".repeat(5_000));
}

#[test]
fn readers_may_name_companies_that_were_never_in_the_news() {
    let known = TAGGER.known_names();
    let toyota = known.iter().position(|name| name.slug == "toyota").unwrap();
    assert!(
        known[toyota].others.iter().any(|other| other == "TM"),
        "{:?}",
        known[toyota]
    );
    assert_eq!(known.len(), TAGGER.known_slugs().len());
    assert!(toyota < known.len() / 10, "the well-known come first");
}
