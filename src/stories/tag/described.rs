//! Companies that a headline describes and only the summary names.
//!
//! "US uranium group to buy a miner", "Acme bids for a Swiss insurer": the one company that the summary's first sentence names
//! surely and the headline does not is what the item is about, unless it is a source there.
//!
//! - Where the headline names another, the description has to say of which nation: "GM becomes the latest carmaker to write
//!   down billions" describes nobody else.
//! - A summary that names two is a list: "insurer shares fall", of this one and that one.
//! - A summary that begins with the headline is an aggregator's list of others' headlines and describes nothing.

use super::about::{about, judges};
use super::gazetteer::NameKind;
use super::mentions::Named;
use super::tokens::{Words, gap};

/// What a headline calls a company whose name it keeps for the summary.
const DESCRIPTIONS: [&str; 37] = [
    "airline",
    "automaker",
    "biotech",
    "brand",
    "brewer",
    "broker",
    "builder",
    "carmaker",
    "carrier",
    "chipmaker",
    "company",
    "conglomerate",
    "contractor",
    "developer",
    "drugmaker",
    "fintech",
    "firm",
    "giant",
    "grocer",
    "group",
    "insurer",
    "lender",
    "maker",
    "manufacturer",
    "miner",
    "operator",
    "owner",
    "producer",
    "publisher",
    "refiner",
    "retailer",
    "rival",
    "startup",
    "steelmaker",
    "supplier",
    "unicorn",
    "utility",
];
/// Words of nations, folded.
const NATIONS: [&str; 56] = [
    "american",
    "argentine",
    "australian",
    "austrian",
    "belgian",
    "brazilian",
    "british",
    "canadian",
    "chilean",
    "chinese",
    "colombian",
    "czech",
    "danish",
    "dutch",
    "egyptian",
    "emirati",
    "european",
    "finnish",
    "french",
    "german",
    "greek",
    "hungarian",
    "indian",
    "indonesian",
    "irish",
    "israeli",
    "italian",
    "japanese",
    "kazakh",
    "kenyan",
    "korean",
    "kuwaiti",
    "malaysian",
    "mexican",
    "nigerian",
    "nordic",
    "norwegian",
    "pakistani",
    "peruvian",
    "philippine",
    "polish",
    "portuguese",
    "qatari",
    "russian",
    "saudi",
    "singaporean",
    "spanish",
    "swedish",
    "swiss",
    "taiwanese",
    "thai",
    "turkish",
    "uk",
    "ukrainian",
    "us",
    "vietnamese",
];
/// Words before a description among which its nation stands.
const NATION_REACH: usize = 3;
/// Least score of a name that says whom the headline describes.
const DESCRIBED_SCORE: f64 = 0.9;
/// Words of a summary in which its first sentence is looked for.
const SENTENCE_MAX: usize = 40;

/// For each mention of a summary, whether the headline describes that company without naming it. `above` are the names of
/// the headline.
pub(super) fn described(
    headline: &Words<'_>,
    above: (&[Named], &[String]),
    summary: &Words<'_>,
    (named, slugs): (&[Named], &[String]),
) -> Vec<bool> {
    let by_nation = describes(headline, above.0);
    if !by_nation.is_some_and(|by_nation| by_nation || above.0.is_empty()) {
        return vec![false; named.len()];
    }
    let repeats = (0..headline.tokens.len().min(4)).all(|at| headline.word(at) == summary.word(at));
    let end = (1..summary.tokens.len().min(SENTENCE_MAX))
        .find(|at| summary.gap(*at) & gap::DOT != 0)
        .unwrap_or(SENTENCE_MAX);
    let listed = |n: &Named| n.end <= end && n.kind == NameKind::Company && n.company.is_some();
    let new = |n: &Named, slug: &String| listed(n) && !above.1.contains(slug);
    let n_new = named.iter().zip(slugs).filter(|(n, slug)| new(n, slug)).count();
    let fine = !repeats && n_new == 1;
    named
        .iter()
        .zip(slugs)
        .zip(about(summary, named, slugs))
        .map(|((n, slug), about)| {
            let source = judges(summary, n, slug) || is_quoted(summary, n);
            fine && about && new(n, slug) && n.score >= DESCRIBED_SCORE && !source
        })
        .collect()
}

/// Whether a headline describes a company that is not named there, and then whether by its nation.
fn describes(words: &Words<'_>, named: &[Named]) -> Option<bool> {
    let free = |at: &usize| !named.iter().any(|n| n.first <= at + 1 && *at < n.end);
    (0..words.tokens.len())
        .filter(|at| DESCRIPTIONS.contains(&words.word(*at)) && free(at))
        .map(|at| {
            (at.saturating_sub(NATION_REACH)..at)
                .rev()
                .take_while(|before| words.gap(before + 1) & (gap::HARD | gap::CLAUSE) == 0)
                .any(|before| NATIONS.contains(&words.word(before)))
        })
        .max()
}

/// Somebody is told or quoted: `according to Goldman`, `an analyst at Jefferies`, `told Reuters`.
fn is_quoted(words: &Words<'_>, n: &Named) -> bool {
    let before = words.word(n.first.wrapping_sub(1));
    let earlier = words.word(n.first.wrapping_sub(2));
    matches!(before, "told" | "tells" | "at" | "says" | "said" | "via") || before == "to" && earlier == "according"
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::super::Tagger;
    use crate::config::StorySettings;
    use crate::model::MentionPlace;

    static TAGGER: LazyLock<Tagger> = LazyLock::new(|| Tagger::new(&StorySettings::default()));

    /// Companies that an entry is about and only its summary names.
    #[track_caller]
    fn check(headline: &str, summary: &str, expected: &[&str]) {
        let tags = TAGGER.tag(headline, summary);
        let below = tags.mentions.iter().filter(|m| m.place == MentionPlace::Summary);
        let about: Vec<&str> = below.filter(|m| m.about).map(|m| m.name.as_str()).collect();
        assert_eq!(about, expected, "{headline}\n{:#?}", tags.mentions);
    }

    #[test]
    fn whom_a_headline_describes_and_its_summary_names() {
        check(
            "German chipmaker to build a plant in Oregon",
            "Infineon agrees to spend $3bn over five years. Intel has a plant there.",
            &["Infineon"],
        );
        check(
            "Toyota in talks to buy a stake in US battery group",
            "The carmaker would pay $200mn for a tenth of QuantumScape",
            &["QuantumScape"],
        );
        // A source, two names, an aggregator's list, nothing that a headline describes, and a rival without its nation.
        check(
            "Utility asks for higher rates",
            "The request is bold, an analyst at Jefferies wrote",
            &[],
        );
        check(
            "Insurer shares fall on a proposal of the government",
            "UnitedHealth and Humana drop a tenth",
            &[],
        );
        check(
            "German chipmaker to build a plant in Oregon",
            "German chipmaker to build a plant in Oregon The Example Times Nvidia orders more chips",
            &[],
        );
        check(
            "Storm closes the port for a week",
            "Maersk sends its ships elsewhere",
            &[],
        );
        check(
            "Ford becomes the latest carmaker to write down billions",
            "Only a month ago GM announced charges of its own",
            &[],
        );
        check(
            "Nvidia jumps as the president praises the company",
            "Intel also rose",
            &[],
        );
        check(
            "BMW Group of Germany opens a plant",
            "The plant lies near one of Volkswagen",
            &[],
        );
    }
}
