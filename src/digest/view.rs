//! A story's rows turned into what readers see: lead, related headlines, honest counts, companies and themes.
//!
//! - The same link in several feeds is one article (an outlet's own feeds overlap).
//! - Identical wording is one headline with "also: AP, ABC" (agency copy under many mastheads).
//! - An owner's second outlet, a reprint and a press release are no independent reports.
//! - Where an aggregator's copy and the outlet's own have the same wording, the link goes to the outlet.
//! - Who was first is said only when both outlets give a time of day; a bare date reads as midnight and would make its
//!   outlet first by hours.
//! - "Acme jumps after a bid" is a takeover before it is a stock's move: the echo comes last among the themes.
//! - A company or theme belongs to the story when enough of its entries say so, not when one does.

use std::collections::{BTreeMap, BTreeSet};

use super::extract::{extract, words};
use super::houses::wording;
use super::rank::is_echo;
use crate::model::{CompanyRef, Headline, Mark, PlacementReason, StoryView, ThemeRef, house, through_aggregator};
use crate::store::digests::{Candidate, CandidateEntry};
use crate::time::Timestamp;

/// Most headlines of a story that are kept in an edition beside its lead.
const RELATED_MAX: usize = 40;
/// A company belongs to a story when this share of its articles names it, or its lead does.
const COMPANY_SHARE: f64 = 0.25;
/// A theme belongs to a story when this share of its articles has it, or its lead does.
const THEME_SHARE: f64 = 0.34;
/// Leads beyond this are a sign of wrong dates, not of a scoop.
const SCOOP_MAX_SECS: i64 = 36 * 3600;

/// Name of a theme as readers see it, and whether it is an event kind.
pub type ThemeNames = BTreeMap<String, (String, bool)>;

/// The story as readers see it, without a score; `None` when no entry is left.
#[must_use]
pub fn view(story: &Candidate, names: &ThemeNames) -> Option<StoryView> {
    let articles = articles(story);
    let lead_entry = articles
        .iter()
        .find(|article| article.entry.id == story.lead)
        .or(articles.first())?;
    let (mut lead, related) = headlines(lead_entry, &articles);
    if let Some(own) = own_copy(lead_entry, story) {
        lead.url.clone_from(&own.entry.url);
        if lead.extract.is_empty() {
            lead.extract = extract(&own.entry.title, &own.entry.summary);
        }
    }
    let outlets: BTreeSet<String> = articles.iter().map(|article| house(&article.entry.source)).collect();
    let owners: BTreeSet<String> = articles
        .iter()
        .filter(|article| article.reason != PlacementReason::Reprint && !marked(article, Mark::PressRelease))
        .map(|article| house(&article.entry.owner))
        .collect();
    let dates = articles.iter().map(|article| article.entry.dated_at);
    Some(StoryView {
        id: story.id,
        lead,
        related,
        n_articles: count(articles.len()),
        n_outlets: count(outlets.len()),
        n_independent: count(owners.len().max(1)),
        first_at: dates.clone().min().unwrap_or_default(),
        last_at: dates.max().unwrap_or_default(),
        first_by: first_by(&articles),
        companies: companies(lead_entry, &articles),
        themes: themes(lead_entry, &articles, names),
        score: 0.0,
        parts: Vec::new(),
    })
}

/// The weights of the outlets that wrote, one for each.
#[must_use]
pub fn source_weights(story: &Candidate) -> Vec<f64> {
    let weights: BTreeMap<&str, f64> = story
        .entries
        .iter()
        .map(|item| (item.entry.source.as_str(), item.entry.weight))
        .collect();
    weights.into_values().collect()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn marked(item: &CandidateEntry, mark: Mark) -> bool {
    item.marks.contains(&mark) || (mark == Mark::PressRelease && item.entry.press_release)
}

/// The story's entries with each article once: by link, and by house and wording, since an aggregator gives an article
/// another link. The lead's own entry stays, else the outlet's own, else the one first seen.
fn articles(story: &Candidate) -> Vec<&CandidateEntry> {
    let mut out: Vec<&CandidateEntry> = Vec::new();
    let mut by_url: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_wording: BTreeMap<(String, String), usize> = BTreeMap::new();
    for item in &story.entries {
        let wording = (house(&item.entry.source), wording(&item.entry.title));
        let url = item.entry.url.as_str();
        let known = by_url
            .get(url)
            .filter(|_| !url.is_empty())
            .or(by_wording.get(&wording))
            .copied();
        let at = known.unwrap_or(out.len());
        by_url.insert(url, at);
        by_wording.insert(wording, at);
        match out.get_mut(at) {
            None => out.push(item),
            Some(kept) if kept.entry.id == story.lead => {}
            Some(kept) => {
                let better = through_aggregator(&kept.entry.url) && !through_aggregator(url);
                if item.entry.id == story.lead || better {
                    *kept = item;
                }
            }
        }
    }
    out.sort_by_key(|item| (item.entry.dated_at, item.entry.id));
    out
}

/// The outlet's own entry of an article that came through an aggregator.
fn own_copy<'a>(item: &CandidateEntry, story: &'a Candidate) -> Option<&'a CandidateEntry> {
    let key = (house(&item.entry.source), wording(&item.entry.title));
    story
        .entries
        .iter()
        .filter(|_| through_aggregator(&item.entry.url))
        .find(|other| {
            !through_aggregator(&other.entry.url)
                && !other.entry.url.is_empty()
                && (house(&other.entry.source), wording(&other.entry.title)) == key
        })
}

fn headline(item: &CandidateEntry) -> Headline {
    let entry = &item.entry;
    let mut marks = item.marks.clone();
    if entry.press_release && !marks.contains(&Mark::PressRelease) {
        marks.push(Mark::PressRelease);
    }
    if item.reason == PlacementReason::Reprint && !marks.contains(&Mark::Reprint) {
        marks.push(Mark::Reprint);
    }
    marks.sort();
    Headline {
        entry: entry.id,
        title: entry.title.clone(),
        url: entry.url.clone(),
        source: entry.source.clone(),
        owner: entry.owner.clone(),
        at: entry.dated_at,
        extract: extract(&entry.title, &entry.summary),
        language: entry.language.clone(),
        marks,
        also: Vec::new(),
    }
}

/// The lead and the other distinct headlines, in the order they deserve to be shown.
fn headlines(lead: &CandidateEntry, articles: &[&CandidateEntry]) -> (Headline, Vec<Headline>) {
    let mut distinct: Vec<(String, Headline)> = vec![(wording(&lead.entry.title), headline(lead))];
    for item in articles.iter().filter(|item| item.entry.id != lead.entry.id) {
        let key = wording(&item.entry.title);
        match distinct.iter_mut().find(|(known, _)| *known == key) {
            Some((_, head)) => {
                let source = &item.entry.source;
                if house(&head.source) != house(source) && !head.also.contains(source) {
                    head.also.push(source.clone());
                }
            }
            None => distinct.push((key, headline(item))),
        }
    }
    let mut heads = distinct.into_iter().map(|(_, head)| head);
    let lead = heads.next().unwrap_or_else(|| headline(lead));
    let rest: Vec<Headline> = heads.collect();
    let related = order(&lead, rest);
    (lead, related)
}

fn demoted(head: &Headline) -> bool {
    head.marks.iter().any(|mark| *mark != Mark::Paywall)
}

/// Owners that have not spoken yet first, what is worded most differently first, marked items last.
fn order(lead: &Headline, mut rest: Vec<Headline>) -> Vec<Headline> {
    let mut owners = BTreeSet::from([house(&lead.owner)]);
    let mut shown = vec![words(&lead.title)];
    let mut related = Vec::new();
    while !rest.is_empty() && related.len() < RELATED_MAX {
        let rank = |head: &Headline| {
            let own = words(&head.title);
            let nearest = shown.iter().map(|other| likeness(&own, other)).fold(0.0, f64::max);
            (
                demoted(head),
                owners.contains(&house(&head.owner)),
                steps(nearest),
                head.at,
                head.entry,
            )
        };
        let Some(best) = (0..rest.len()).min_by_key(|at| rest.get(*at).map(rank)) else {
            break;
        };
        let head = rest.remove(best);
        owners.insert(house(&head.owner));
        shown.push(words(&head.title));
        related.push(head);
    }
    related
}

/// A likeness in twentieths, so that rounding decides nothing.
fn steps(likeness: f64) -> usize {
    (1..=20).take_while(|step| likeness >= f64::from(*step) / 20.0).count()
}

/// Shared words over all words of two headlines.
#[must_use]
pub fn likeness(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
    let shared = a.intersection(b).count();
    let all = a.len() + b.len() - shared;
    if all == 0 { 1.0 } else { shared as f64 / all as f64 }
}

fn first_by(articles: &[&CandidateEntry]) -> Option<(String, i64)> {
    const DAY_SECS: i64 = 86_400;
    let timed = |at: &Timestamp| at.unix().rem_euclid(DAY_SECS) != 0;
    let mut firsts: BTreeMap<String, Option<Timestamp>> = BTreeMap::new();
    for item in articles {
        let at = item.entry.published_at.filter(timed);
        let first = firsts.entry(house(&item.entry.owner)).or_insert(at);
        *first = (*first).zip(at).map(|(a, b)| a.min(b));
    }
    let mut times: Vec<(Timestamp, String)> = firsts
        .into_iter()
        .map(|(owner, at)| at.map(|at| (at, owner)))
        .collect::<Option<_>>()?;
    times.sort_unstable();
    let ((first, owner), (second, _)) = (times.first()?, times.get(1)?);
    let lag = second.unix() - first.unix();
    let outlet = articles
        .iter()
        .find(|item| house(&item.entry.owner) == *owner)?
        .entry
        .source
        .clone();
    (60..=SCOOP_MAX_SECS).contains(&lag).then_some((outlet, lag))
}

fn companies(lead: &CandidateEntry, articles: &[&CandidateEntry]) -> Vec<CompanyRef> {
    struct Tally<'a> {
        name: &'a str,
        ticker: &'a str,
        n: usize,
        n_about: usize,
        n_listed: usize,
        score: f64,
    }
    let mut tallies: BTreeMap<&str, Tally<'_>> = BTreeMap::new();
    for mention in articles.iter().flat_map(|item| &item.mentions) {
        let tally = tallies.entry(mention.company.as_str()).or_insert(Tally {
            name: &mention.name,
            ticker: &mention.ticker,
            n: 0,
            n_about: 0,
            n_listed: 0,
            score: 0.0,
        });
        tally.n += 1;
        tally.n_about += usize::from(mention.about);
        tally.n_listed += usize::from(!mention.unlisted);
        tally.score += mention.score;
    }
    let all = articles.len().max(1) as f64;
    let of_lead = |slug: &str| lead.mentions.iter().find(|mention| mention.company == slug);
    let mut found: Vec<CompanyRef> = tallies
        .into_iter()
        .filter(|(slug, tally)| of_lead(slug).is_some() || tally.n as f64 / all >= COMPANY_SHARE)
        .map(|(slug, tally)| CompanyRef {
            slug: slug.to_owned(),
            name: tally.name.to_owned(),
            ticker: tally.ticker.to_owned(),
            about: tally.n_about as f64 * 2.0 >= all || of_lead(slug).is_some_and(|mention| mention.about),
            unlisted: tally.n_listed == 0,
            score: tally.score / all,
        })
        .collect();
    found.sort_by(|a, b| {
        (b.about, !b.unlisted)
            .cmp(&(a.about, !a.unlisted))
            .then(b.score.total_cmp(&a.score))
            .then_with(|| a.slug.cmp(&b.slug))
    });
    found
}

fn themes(lead: &CandidateEntry, articles: &[&CandidateEntry], names: &ThemeNames) -> Vec<ThemeRef> {
    let mut tallies: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for tag in articles.iter().flat_map(|item| &item.themes) {
        let tally = tallies.entry(tag.theme.as_str()).or_default();
        tally.0 += 1;
        tally.1 += tag.score;
    }
    let all = articles.len().max(1) as f64;
    let of_lead = |slug: &str| lead.themes.iter().any(|tag| tag.theme == slug);
    let mut found: Vec<ThemeRef> = tallies
        .into_iter()
        .filter(|(slug, (n, _))| of_lead(slug) || *n as f64 / all >= THEME_SHARE)
        .map(|(slug, (_, score))| {
            let (name, event) = names
                .get(slug)
                .cloned()
                .unwrap_or_else(|| (slug.replace('-', " "), false));
            ThemeRef {
                slug: slug.to_owned(),
                name,
                event,
                score: score / all,
            }
        })
        .collect();
    found.sort_by(|a, b| {
        is_echo(&a.slug)
            .cmp(&is_echo(&b.slug))
            .then_with(|| b.score.total_cmp(&a.score))
            .then_with(|| a.slug.cmp(&b.slug))
    });
    found
}
