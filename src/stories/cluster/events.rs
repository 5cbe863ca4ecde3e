//! What an entry says happened to whom, where words alone do not show that two entries tell it.
//!
//! - A market's move: each outlet has words of its own for gold's jump of one day, so the market and the direction count
//!   ("Bullion hits a record", "Gold rips past $6,000"). Monday's jump is not Tuesday's: the evidence fades in a day and a
//!   half.
//! - A company's event: "Acme beats targets" and "Acme's spending plans herald a boom" on one evening are its results. Of
//!   the kinds listed a company seldom has two at a time (the largest do: they are in court every week); launches, ratings and moves of
//!   its shares come daily and are no evidence.
//!
//! Both are features of the pair model like any other: how much they weigh is fitted, and a gate keeps apart what they
//! would join.

use super::index::Doc;
use super::item::Item;
use super::read::hash;
use crate::stories::tag::{Direction, Move, WRAP, in_words};

/// Companies of one entry whose events are kept.
const COMPANIES: usize = 4;
/// Kinds of events of which a company has one at a time.
const ONE_AT_A_TIME: [&str; 12] = [
    "capital-return",
    "credit-distress",
    "earnings",
    "funding",
    "ipo-listing",
    "leadership",
    "legal",
    "m-and-a",
    "operations",
    "partnership",
    "regulation",
    "workforce",
];
/// Days after which a market's move is another move.
const MOVE_DAYS: f32 = 1.5;
/// Days after which a company's event of one kind is another one.
const NEWS_DAYS: f32 = 3.0;
const DAY_SECS: f32 = 86_400.0;

/// Each company an item is about with each kind of event that befell it, hashed.
pub fn news(item: &Item) -> Box<[u64]> {
    let kinds = item.themes.iter().filter(|t| ONE_AT_A_TIME.contains(&t.as_str()));
    kinds
        .flat_map(|kind| {
            item.about
                .iter()
                .take(COMPANIES)
                .map(move |c| hash(&format!("{c} {kind}")))
        })
        .collect()
}

/// How surely two entries tell one market's move, from 0 to 1: less where a summary of Wall Street's day has no
/// direction, and with the days between them.
pub fn same_move(a: &Doc, b: &Doc, days: f32) -> f32 {
    let shared = a.moves.iter().filter_map(|x| shares(*x, b)).fold(0.0, f32::max);
    shared * fade(a, b, days, MOVE_DAYS)
}

/// The same for one kind of event of one company.
pub fn same_news(a: &Doc, b: &Doc, days: f32) -> f32 {
    let shared = a.news.iter().any(|n| b.news.contains(n));
    f32::from(u8::from(shared)) * fade(a, b, days, NEWS_DAYS)
}

/// What both say happened, for people: `gold up`.
pub fn shared_in_words(a: &Doc, b: &Doc) -> Vec<String> {
    let days = a.gap_secs(b) as f32 / DAY_SECS;
    let moves = a
        .moves
        .iter()
        .filter(|x| shares(**x, b).is_some())
        .map(|x| in_words(*x));
    let moves = moves.filter(|_| fade(a, b, days, MOVE_DAYS) > 0.0);
    let news = (same_news(a, b, days) > 0.0).then(|| "one kind of event of one company".into());
    moves.chain(news).collect()
}

/// Whether it sums up a day of Wall Street.
pub fn is_wrap(doc: &Doc) -> bool {
    doc.moves.iter().any(|m| m.market == WRAP)
}

fn shares(x: Move, other: &Doc) -> Option<f32> {
    let y = other.moves.iter().find(|y| y.market == x.market)?;
    match (x.direction, y.direction) {
        (Direction::Up, Direction::Up) | (Direction::Down, Direction::Down) => Some(1.0),
        (Direction::Flat, _) | (_, Direction::Flat) if x.market == WRAP => Some(0.75),
        _ => None,
    }
}

/// What is left of evidence that fades in so many days; nothing where the age of one is unknown.
fn fade(a: &Doc, b: &Doc, days: f32, most: f32) -> f32 {
    if a.timed && b.timed {
        (1.0 - days / most).max(0.0)
    } else {
        0.0
    }
}
