//! Companies and themes of an entry: pure, built once, the same answer for the same text.
//!
//! One pass of one automaton finds names and theme phrases (`matcher`); a linear model decides doubtful names
//! (`context`); tickers and unlisted names have their own rules; themes are sums of weighted phrases (`themes`).
//! Every tag carries its reason. Must never read a clock, a file or the network.

mod about;
mod context;
mod described;
mod features;
mod gazetteer;
mod letters;
mod matcher;
mod mentions;
mod move_words;
mod moves;
mod open_names;
mod proper;
mod theme_rules;
mod themes;
mod ticker;
mod tokens;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod theme_tests;

pub use about::{EntryTags, agree};
pub use moves::{Direction, Move, WRAP, in_words, market, moves, shares_move};
pub use themes::ThemeInfo;

use crate::config::StorySettings;
use crate::model::{KnownName, Mention, MentionPlace, ThemeTag};
use context::Context;
use gazetteer::{Gazetteer, NameKind};
use matcher::{Matcher, Scan};
use mentions::Named;
use themes::{Facts, Themes};
use ticker::{Marked, TickerHit};
use tokens::Words;

/// Changes whenever built-in names, weights or rules change what is found; entries tagged under another version are
/// tagged again.
pub const RULES_VERSION: u32 = 8;

/// Companies and themes of one entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tags {
    /// Companies, the title's first, each once.
    pub mentions: Vec<Mention>,
    /// Themes, the strongest first.
    pub themes: Vec<ThemeTag>,
}

impl Tags {
    /// Slugs of the companies it is about.
    pub fn about(&self) -> impl Iterator<Item = &str> {
        self.mentions.iter().filter(|m| m.about).map(|m| m.company.as_str())
    }
}

/// What is known of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyInfo {
    /// Slug (`nvidia`).
    pub slug: String,
    /// Name as readers see it.
    pub name: String,
    /// Main ticker, empty when none.
    pub ticker: String,
    /// Slug of the owner, empty when none.
    pub parent: String,
}

/// A company found in a headline, for evaluation: names and products, people left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surface {
    /// The words.
    pub words: String,
    /// The company's name.
    pub company: String,
}

/// A name found in a headline with what the context model saw.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedName {
    /// The words.
    pub words: String,
    /// The company's name.
    pub company: String,
    /// What the gazetteer adds to its score.
    pub lean: f64,
    /// Probability that it is the company.
    pub score: f64,
    /// The features that hold, by their keys in `weights.tsv`.
    pub features: Vec<&'static str>,
}

/// The gazetteer, the rules and the automaton over both.
#[derive(Debug)]
pub struct Tagger {
    gazetteer: Gazetteer,
    context: Context,
    themes: Themes,
    matcher: Matcher,
}

impl Tagger {
    /// Reads the built-in rules and the user's `[[company]]` and `[[theme]]` tables. Takes some 100 ms; build it once.
    #[must_use]
    pub fn new(settings: &StorySettings) -> Self {
        let mut gazetteer = Gazetteer::new(&settings.companies);
        for theme in &settings.themes {
            gazetteer.add_topic(&theme.slug, &theme.companies);
        }
        let themes = Themes::new(&settings.themes);
        let matcher = Matcher::new(&gazetteer, themes.phrases());
        Self {
            gazetteer,
            context: Context::new(),
            themes,
            matcher,
        }
    }

    /// Companies and themes of an entry from its title and its summary (plain text; may be empty).
    #[must_use]
    pub fn tag(&self, title: &str, summary: &str) -> Tags {
        let words = Words::headline(title);
        let scan = self.matcher.scan(&words);
        let tickers = ticker::find(&words, &self.gazetteer, &self.context);
        let named = mentions::find(&words, &scan, &tickers, &self.gazetteer, &self.context);
        let above: Vec<String> = named.iter().map(|n| self.slug(n, &words)).collect();
        let about = about::about(&words, &named, &above);
        let facts = self.facts(&tickers, &named, &about);
        let mut mentions: Vec<Mention> = named
            .iter()
            .zip(above.iter().cloned())
            .zip(&about)
            .map(|((n, slug), about)| self.mention(n, slug, &words, MentionPlace::Title, *about))
            .collect();
        if summary.is_empty() {
            return Tags {
                mentions,
                themes: self.themes.tag((&words, &scan), None, &facts),
            };
        }
        let below = Words::new(summary);
        let below_scan: Scan = self.matcher.scan(&below);
        let below_tickers = ticker::find(&below, &self.gazetteer, &self.context);
        let named_below = mentions::find(&below, &below_scan, &below_tickers, &self.gazetteer, &self.context);
        let slugs: Vec<String> = named_below.iter().map(|n| self.slug(n, &below)).collect();
        let described = described::described(&words, (&named, &above), &below, (&named_below, &slugs));
        for ((n, slug), described) in named_below.iter().zip(slugs).zip(described) {
            if n.kind == NameKind::Company && !mentions.iter().any(|m| m.company == slug) {
                mentions.push(self.mention(n, slug, &below, MentionPlace::Summary, described));
            }
        }
        let themes = self.themes.tag((&words, &scan), Some((&below, &below_scan)), &facts);
        Tags { mentions, themes }
    }

    /// The themes in the order readers are shown them.
    #[must_use]
    pub fn themes(&self) -> &[ThemeInfo] {
        self.themes.infos()
    }

    /// What is known of a company; `None` for an unlisted one.
    #[must_use]
    pub fn company(&self, slug: &str) -> Option<CompanyInfo> {
        self.gazetteer.by_slug(slug).filter(|c| c.enabled).map(|c| CompanyInfo {
            slug: c.slug.clone(),
            name: c.name.clone(),
            ticker: c.ticker.clone(),
            parent: c.parent.clone(),
        })
    }

    /// Slugs of all companies the gazetteer knows, sorted.
    #[must_use]
    pub fn known_slugs(&self) -> Vec<&str> {
        let mut slugs: Vec<&str> = self
            .gazetteer
            .companies
            .iter()
            .filter(|c| c.enabled)
            .map(|c| c.slug.as_str())
            .collect();
        slugs.sort_unstable();
        slugs
    }

    /// What readers may call the companies: name, tickers and other names, the well-known companies first.
    #[must_use]
    pub fn known_names(&self) -> Vec<KnownName> {
        self.gazetteer.known_names()
    }

    /// Companies whose name, alias, product or ticker contains `text`, with the names that are matched; the closest
    /// first, at most `most`.
    #[must_use]
    pub fn search(&self, text: &str, most: usize) -> Vec<(CompanyInfo, Vec<String>)> {
        self.gazetteer
            .search(text, most)
            .into_iter()
            .filter_map(|(slug, names)| Some((self.company(slug)?, names)))
            .collect()
    }

    /// The companies of a headline as evaluation writes them: the words found and the company they stand for.
    #[must_use]
    pub fn surfaces(&self, title: &str) -> Vec<Surface> {
        let words = Words::headline(title);
        let scan = self.matcher.scan(&words);
        mentions::find(
            &words,
            &scan,
            &ticker::find(&words, &self.gazetteer, &self.context),
            &self.gazetteer,
            &self.context,
        )
        .iter()
        .filter(|n| n.kind != NameKind::Person)
        .map(|n| Surface {
            words: words.surface(n.first, n.end).to_owned(),
            company: self.shown(n, &words),
        })
        .collect()
    }

    /// Every name the automaton finds in a headline, accepted or not, with what the context model saw: the material
    /// its weights are fitted on.
    #[must_use]
    pub fn candidates(&self, title: &str) -> Vec<JudgedName> {
        let words = Words::headline(title);
        let scan = self.matcher.scan(&words);
        let cues = self.context.cues(&words);
        let tickers = ticker::find(&words, &self.gazetteer, &self.context);
        mentions::judge(&words, &scan, &cues, &tickers, &self.gazetteer, &self.context)
            .iter()
            .filter_map(|j| {
                let name = self
                    .gazetteer
                    .names
                    .get(j.found.name)
                    .filter(|n| n.kind != NameKind::Person)?;
                let company = self.gazetteer.companies.get(name.company)?;
                Some(JudgedName {
                    words: words.surface(j.found.first, j.found.end).to_owned(),
                    company: company.name.clone(),
                    lean: company.lean,
                    score: j.score,
                    features: j.features.texts().collect(),
                })
            })
            .collect()
    }

    fn shown(&self, named: &Named, words: &Words<'_>) -> String {
        match named.company.and_then(|c| self.gazetteer.companies.get(c)) {
            Some(company) => company.name.clone(),
            None => words.surface(named.first, named.end).to_owned(),
        }
    }

    fn slug(&self, named: &Named, words: &Words<'_>) -> String {
        match named.company.and_then(|c| self.gazetteer.companies.get(c)) {
            Some(company) => company.slug.clone(),
            None => gazetteer::slug_of(words.surface(named.first, named.end)),
        }
    }

    fn mention(&self, named: &Named, slug: String, words: &Words<'_>, place: MentionPlace, about: bool) -> Mention {
        let company = named.company.and_then(|c| self.gazetteer.companies.get(c));
        Mention {
            company: slug,
            name: self.shown(named, words),
            ticker: company.map(|c| c.ticker.clone()).unwrap_or_default(),
            surface: words.surface(named.first, named.end).to_owned(),
            place,
            score: named.score,
            about: about && named.kind != NameKind::Person,
            unlisted: company.is_none(),
            reason: named.reason.clone(),
        }
    }

    /// A bare word that is the company's name as well as its ticker ("HSBC") speaks of the company, not of the stock.
    fn is_own_name(&self, hit: &TickerHit<'_>) -> bool {
        let company = hit.company.and_then(|c| self.gazetteer.companies.get(c));
        hit.marked == Marked::Bare && company.is_some_and(|c| c.name.eq_ignore_ascii_case(hit.ticker))
    }

    fn facts(&self, tickers: &[TickerHit<'_>], named: &[Named], about: &[bool]) -> Facts<'_> {
        let main: Vec<&gazetteer::Company> = named
            .iter()
            .zip(about)
            .filter(|(n, about)| **about && n.kind != NameKind::Person)
            .filter_map(|(n, _)| self.gazetteer.companies.get(n.company?))
            .collect();
        // The first company sets the field, unless most of the others are of another: a chip maker in a list of
        // movers says nothing.
        let shared =
            |topic: &&str| main.iter().filter(|c| c.topics.iter().any(|t| t == topic)).count() * 2 >= main.len();
        let topics = main
            .first()
            .map(|c| c.topics.iter().map(String::as_str).filter(shared).collect())
            .unwrap_or_default();
        Facts {
            about: named
                .iter()
                .zip(about)
                .filter(|(_, about)| **about)
                .map(|(n, _)| (n.first, n.end))
                .collect(),
            companies: named.len(),
            ticker: tickers.iter().any(|t| !self.is_own_name(t)),
            names: named
                .iter()
                .filter(|n| n.company.is_some() && n.kind == NameKind::Company)
                .map(|n| (n.first, n.end))
                .chain(tickers.iter().map(|t| (t.first, t.end)))
                .collect(),
            topics,
            field: main.first().and_then(|c| c.field),
        }
    }
}
