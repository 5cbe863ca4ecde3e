//! Stories, their headlines, companies and themes, and the reasons for each.

use serde::{Deserialize, Serialize};

use super::{EntryId, StoryId};
use crate::time::Timestamp;

/// Why an entry is in its story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacementReason {
    /// It opened the story.
    First,
    /// Another entry of the story has the same canonical link.
    SameUrl,
    /// Near-identical text: agency copy or a reprint.
    Reprint,
    /// The same event in other words.
    Similar,
    /// A person said so (`courant story merge`, or by mail).
    Corrected,
}

/// Where one entry goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// The entry.
    pub entry: EntryId,
    /// The story it joins; `None` opens a new one.
    pub story: Option<StoryId>,
    /// When `story` is `None`: entries of one batch with the same number open one story together.
    pub opens: u32,
    /// Why.
    pub reason: PlacementReason,
    /// The entry it reprints or resembles most.
    pub like: Option<EntryId>,
    /// Strength, 0.0 to 1.0.
    pub similarity: f64,
    /// The evidence in words a person can read: shared terms with weights, gates passed.
    pub evidence: String,
}

/// Where a company was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MentionPlace {
    /// In the headline.
    Title,
    /// In the summary only.
    Summary,
}

/// One company found in one entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mention {
    /// Slug of the company (`nvidia`).
    pub company: String,
    /// Its name as readers see it.
    pub name: String,
    /// Main ticker as text, empty when none.
    pub ticker: String,
    /// The words that matched, as they stood in the text.
    pub surface: String,
    /// Where.
    pub place: MentionPlace,
    /// Confidence, 0.0 to 1.0.
    pub score: f64,
    /// Whether the entry is about the company rather than only naming it.
    pub about: bool,
    /// Found by open-vocabulary rules, not in the gazetteer.
    pub unlisted: bool,
    /// The features that decided, in words.
    pub reason: String,
}

/// One theme of one entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThemeTag {
    /// Slug of the theme (`m-and-a`).
    pub theme: String,
    /// Its score, at least the theme's threshold.
    pub score: f64,
    /// The phrases that gave it, with weights.
    pub reason: String,
}

/// What kind of item a headline is, beside plain news. Such items are demoted, not hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Opinion, column, analysis by one voice.
    Opinion,
    /// Live blog.
    LiveBlog,
    /// Roundup, newsletter, "what to know today", podcast.
    Roundup,
    /// Sponsored or advertisement.
    Sponsored,
    /// Press release.
    PressRelease,
    /// Behind a paywall.
    Paywall,
    /// Analyst or stock boilerplate made from a template.
    Template,
    /// Advice, how-to, lists of tips, reviews, first-person pieces: no event.
    Advice,
    /// Explains or asks: background to what others report.
    Explainer,
    /// Near-identical text of another outlet's.
    Reprint,
}

/// One headline of a story as a reader sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    /// The entry.
    pub entry: EntryId,
    /// Title as published.
    pub title: String,
    /// Canonical link; may be empty.
    pub url: String,
    /// The outlet.
    pub source: String,
    /// Its owner.
    pub owner: String,
    /// When it was published (or first seen).
    pub at: Timestamp,
    /// One-sentence extract, of some 200 characters; empty when there is none or it repeats the title.
    pub extract: String,
    /// BCP 47 tag, possibly empty.
    pub language: String,
    /// What kind of item it is.
    pub marks: Vec<Mark>,
    /// Other outlets that carried the identical wording.
    pub also: Vec<String>,
}

/// A company of a story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompanyRef {
    /// Slug.
    pub slug: String,
    /// Name.
    pub name: String,
    /// Ticker, possibly empty.
    pub ticker: String,
    /// The story is about it rather than only naming it.
    pub about: bool,
    /// Not in the gazetteer.
    pub unlisted: bool,
    /// Confidence, story-wide.
    pub score: f64,
}

/// A theme of a story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThemeRef {
    /// Slug.
    pub slug: String,
    /// Name as readers see it.
    pub name: String,
    /// `true` for an event facet (`earnings`), `false` for a topic (`chips`).
    pub event: bool,
    /// Story-wide score.
    pub score: f64,
}

/// One visible part of a story's score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScorePart {
    /// What it measures, in one or two words: `coverage`, `sources`, `freshness`.
    pub name: String,
    /// Its contribution to the sum.
    pub value: f64,
}

/// A story with everything composing and rendering need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoryView {
    /// Row id.
    pub id: StoryId,
    /// The headline that stands for it.
    pub lead: Headline,
    /// The other headlines in the order they deserve to be shown; the shown list is cut and time-ordered later.
    pub related: Vec<Headline>,
    /// Articles, reprints counted.
    pub n_articles: u32,
    /// Distinct outlets.
    pub n_outlets: u32,
    /// Distinct owners that wrote their own text.
    pub n_independent: u32,
    /// First and latest report.
    pub first_at: Timestamp,
    /// Latest report.
    pub last_at: Timestamp,
    /// The outlet that had it first, and by how many seconds before the second outlet; `None` with one outlet.
    pub first_by: Option<(String, i64)>,
    /// Companies, the main one first.
    pub companies: Vec<CompanyRef>,
    /// Themes, the strongest first.
    pub themes: Vec<ThemeRef>,
    /// Score for nobody in particular; a reader's own fit is added when sections are laid out.
    pub score: f64,
    /// What the score is made of.
    pub parts: Vec<ScorePart>,
}
