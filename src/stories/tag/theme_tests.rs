//! The theme rules against headlines made up for them, and the rules file against its own notation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::Tagger;
use super::theme_rules;
use super::tokens::Words;
use crate::config::{StorySettings, ThemeSettings};

static TAGGER: LazyLock<Tagger> = LazyLock::new(|| Tagger::new(&StorySettings::default()));

/// Theme, whether it is wanted, headline.
fn cases() -> Vec<(&'static str, bool, &'static str)> {
    let mut theme = "";
    let mut cases = Vec::new();
    for line in include_str!("theme_cases.txt").lines() {
        match line.split_once(' ') {
            _ if line.is_empty() || line.starts_with('#') => {}
            Some(("+", headline)) => cases.push((theme, true, headline)),
            Some(("-", headline)) => cases.push((theme, false, headline)),
            _ => theme = line,
        }
    }
    cases
}

#[test]
fn every_theme_knows_its_headlines() {
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (theme, wanted, headline) in cases() {
        let count = counts.entry(theme).or_default();
        *(if wanted { &mut count.0 } else { &mut count.1 }) += 1;
        let tags = TAGGER.tag(headline, "");
        if tags.themes.iter().any(|t| t.theme == theme) != wanted {
            wrong.push(format!("{theme} {wanted}: {headline}\n{:?}", tags.themes));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for info in TAGGER.themes() {
        let (with, without) = counts.get(info.slug.as_str()).copied().unwrap_or_default();
        assert!(with >= 10 && without >= 2, "{}: {with} and {without}", info.slug);
    }
}

#[test]
fn rules_say_what_they_can_mean() {
    let (themes, builder) = theme_rules::read(&[]);
    let mut used = BTreeSet::new();
    let mut twice = Vec::new();
    for theme in &themes {
        for rules in [&theme.phrases, &theme.not] {
            let mut alike = BTreeSet::new();
            for (rule, weight) in rules {
                let place = format!("{}: `{rule}`", theme.slug);
                assert!(weight.abs() <= 2.0 && *weight != 0.0, "{place} weighs {weight}");
                for part in rule.split(" & ").flat_map(|chain| chain.split(" > ")) {
                    let class = part.strip_prefix('@');
                    assert!(
                        class.is_none_or(|c| builder.classes.contains_key(c)),
                        "{place}: no such class"
                    );
                    used.extend(class.map(str::to_owned));
                    assert!(!Words::new(part).tokens.is_empty(), "{place} has an empty part");
                    assert!(
                        !part.trim_start_matches(['@', '{']).contains(['@', '{']),
                        "{place}: a class or a fact is a part of its own"
                    );
                    assert!(
                        !part.trim_end_matches('*').contains('*'),
                        "{place}: a star in the middle"
                    );
                }
                // "write-down" and "write down" are the same words: they would count twice.
                if !rule.contains(['&', '>', '{', '@']) {
                    let open = if rule.ends_with('*') { "*" } else { "" };
                    if !alike.insert(Words::new(rule).folded + open) {
                        twice.push(place);
                    }
                }
            }
        }
    }
    assert!(twice.is_empty(), "rules that stand there twice: {twice:?}");
    let idle: Vec<&String> = builder.classes.keys().filter(|c| !used.contains(*c)).collect();
    assert!(idle.is_empty(), "classes without a rule: {idle:?}");
}

#[test]
fn an_order_and_a_condition_go_together() {
    let settings = StorySettings {
        themes: vec![ThemeSettings {
            slug: "bees".into(),
            name: "Beekeeping".into(),
            phrases: [("hive* > honey & {number}".to_owned(), 1.0)].into(),
            enabled: true,
            ..ThemeSettings::default()
        }],
        ..StorySettings::default()
    };
    let own = Tagger::new(&settings);
    let holds = |headline: &str| own.tag(headline, "").themes.iter().any(|t| t.theme == "bees");
    assert!(holds("Hives give 20 kilos of honey"));
    assert!(!holds("Hives give much honey"));
    assert!(!holds("20 kilos of honey from few hives"));
}

#[test]
fn a_list_of_companies_has_no_field() {
    let has = |headline: &str, theme: &str| TAGGER.tag(headline, "").themes.iter().any(|t| t.theme == theme);
    assert!(has("Pfizer opens a lab in Leeds", "health-pharma"));
    assert!(!has(
        "Movers this morning: Pfizer, Boeing, Coca-Cola, Oracle",
        "health-pharma"
    ));
}
