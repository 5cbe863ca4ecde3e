//! A company's own words as an aggregator carries them, among the outlets: its newsroom, or the company as a publisher.
//! They are press releases, and no independent report.
//!
//! - The publisher's name is a newsroom's: "Acme Newsroom", "Globex Corp. Investor Relations", "Acme StoryHub".
//! - The publisher is a company the headline names: "... by Acme" from `acme.com`, or from "Acme Technologies". A magazine
//!   on the company ("Acme Insider") is none.
//! - The headline begins with the publisher's name and goes on with what companies do ("Acme launches ..."), also for a
//!   company that no list has. "Gazette poll: ..." by the Gazette is the Gazette's report.

/// What a company's name as a publisher ends with beside its own.
const ENDINGS: [&str; 20] = [
    ".com",
    " wire",
    " inc.",
    " inc",
    " corp.",
    " corp",
    " blog",
    " technology",
    " technologies",
    " motors",
    " group",
    " holdings",
    " quantum",
    " therapeutics",
    " pharmaceuticals",
    " systems",
    " software",
    " electronics",
    " airlines",
    " energy",
];

/// A company that writes about itself: its newsroom's name says so, or the outlet is one of the companies the headline
/// names, or the headline begins with the outlet's own name and goes on with what a company does ("Acme launches ..." by
/// `acme.com`). The title is in lower case, its apostrophes straight.
#[must_use]
pub fn is_own_words(title: &str, source: &str, companies: &[&str]) -> bool {
    const DESKS: [&str; 11] = [
        "newsroom",
        "news room",
        "investor relations",
        "news hub",
        "pressroom",
        "press room",
        "press office",
        "press center",
        "media center",
        "storyhub",
        "press release",
    ];
    const DOES: [&str; 40] = [
        "launches",
        "announces",
        "introduces",
        "presents",
        "unveils",
        "expands",
        "opens",
        "reports",
        "adds",
        "names",
        "appoints",
        "debuts",
        "celebrates",
        "partners",
        "teams",
        "kicks",
        "completes",
        "wins",
        "named",
        "declares",
        "invests",
        "joins",
        "signs",
        "brings",
        "reveals",
        "shares",
        "releases",
        "receives",
        "earns",
        "achieves",
        "secures",
        "extends",
        "delivers",
        "showcases",
        "enters",
        "to",
        "and",
        "recognized",
        "closes",
        "acquires",
    ];
    let source = source.to_lowercase();
    if DESKS.iter().any(|desk| source.contains(desk)) {
        return true;
    }
    let core = source.strip_prefix("about ").unwrap_or(&source);
    let core = ENDINGS
        .iter()
        .fold(core, |core, end| core.strip_suffix(end).unwrap_or(core));
    if core.chars().count() < 3 {
        return false;
    }
    let letters = |name: &str| {
        let kept = name.chars().filter(|c| c.is_alphanumeric());
        kept.flat_map(char::to_lowercase).collect::<String>()
    };
    if companies.iter().any(|name| letters(name) == letters(core)) {
        return true;
    }
    let Some(rest) = title.strip_prefix(core) else {
        return false;
    };
    let rest = rest.strip_prefix("'s").unwrap_or(rest);
    rest.split_whitespace()
        .next()
        .is_some_and(|next| rest.starts_with(' ') && DOES.contains(&next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_that_writes_about_itself_issues_a_press_release() {
        let check = |title: &str, source: &str, own: bool| {
            let lower = title.to_lowercase();
            assert_eq!(
                is_own_words(&lower, source, &["Roadrunner"]),
                own,
                "{title} by {source}"
            );
        };
        check("Acme launches a desert service", "acme.com", true);
        check("Acme Presents Its Vision of the Desert", "Acme", true);
        check("A Refined and Upgraded Courier Line-up", "Acme Newsroom", true);
        check("Courier choice: Roadrunner goes on tour", "roadrunner.com", true);
        check("Roadrunner to acquire Globex", "Roadrunner Technologies", true);
        check("Roadrunner to acquire Globex", "Roadrunner Insider", false);
        check("Globex adds to its portfolio", "Globex Corp. Investor Relations", true);
        check("Acme launches a desert service", "The Gazette", false);
        check("Gazette poll: few expect a rate cut", "Gazette", false);
        check("Ax sales rise", "Ax", false);
    }
}
