//! What an entry says happened to whom, where words alone do not show that two entries tell it.
//!
//! - A market's move: each outlet has words of its own for gold's jump of one day, so the market and the direction count
//!   ("Bullion hits a record", "Gold rips past $6,000"). Monday's jump is not Tuesday's: the evidence fades in a day and a
//!   half.
//! - A company's event: "Acme beats targets" and "Acme's spending plans herald a boom" on one evening are its results. Of
//!   the kinds listed a company seldom has two at a time (the largest do: they are in court every week); launches
//!   and ratings come daily and are no evidence. Its shares' plunge of one day is, told as 13% at noon and as 17% at the close.
//!
//! They make two features of the pair model like any other: how much they weigh is fitted, and what a gate forbids they do
//! not join.

use std::collections::BTreeSet;

use super::doc::Doc;
use super::item::Item;
use super::read::hash;
use crate::stories::tag::{Direction, Move, WRAP, in_words, shares_move};

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
/// The kind of event that a move of shares is.
const SHARES: &str = "stock-move";
/// Days after which a market's move is another move.
const MOVE_DAYS: f32 = 1.5;
/// Days after which a company's event of one kind is another one.
const NEWS_DAYS: f32 = 3.0;

/// Each company an item is about with each kind of event that befell it, hashed.
pub fn news(item: &Item) -> Box<[u64]> {
    let kinds = item.themes.iter().filter(|t| ONE_AT_A_TIME.contains(&t.as_str()));
    let companies: BTreeSet<&String> = item.about.iter().collect();
    let companies: Vec<&String> = companies.into_iter().take(COMPANIES).collect();
    kinds
        .flat_map(|kind| companies.iter().map(move |c| hash(&format!("{c} {kind}"))))
        .collect()
}

/// The one company an item is about, whose shares it says moved, with which way, hashed; 0 for none.
pub fn shares_moved(item: &Item) -> u64 {
    let [company] = item.about.as_slice() else { return 0 };
    if !item.themes.iter().any(|t| t == SHARES) {
        return 0;
    }
    shares_move(&item.title).map_or(0, |way| hash(&format!("{company} {way:?}")))
}

/// How surely two entries tell one market's move, from 0 to 1: less where a summary of Wall Street's day has no
/// direction, and the more days are between them.
pub fn same_move(a: &Doc, b: &Doc) -> f32 {
    let shared = a.moves.iter().filter_map(|x| shares(*x, b)).fold(0.0, f32::max);
    shared * fade(a, b, MOVE_DAYS)
}

/// The same for one kind of event of one company, or one move of its shares.
pub fn same_news(a: &Doc, b: &Doc) -> f32 {
    same_event(a, b).max(same_shares(a, b))
}

fn same_event(a: &Doc, b: &Doc) -> f32 {
    let same = a.news.iter().any(|n| b.news.contains(n));
    if same { fade(a, b, NEWS_DAYS) } else { 0.0 }
}

fn same_shares(a: &Doc, b: &Doc) -> f32 {
    let same = a.shares_moved != 0 && a.shares_moved == b.shares_moved;
    if same { fade(a, b, MOVE_DAYS) } else { 0.0 }
}

/// What both say happened, for people: `gold up`.
pub fn shared_in_words(a: &Doc, b: &Doc) -> Vec<String> {
    let one_time = fade(a, b, MOVE_DAYS) > 0.0;
    let moves = a.moves.iter().filter(|x| one_time && shares(**x, b).is_some());
    let event = (same_event(a, b) > 0.0).then(|| "one kind of event of one company".to_owned());
    let moved = (same_shares(a, b) > 0.0).then(|| "one move of a company's shares".to_owned());
    moves.map(|x| in_words(*x)).chain(event).chain(moved).collect()
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
fn fade(a: &Doc, b: &Doc, most: f32) -> f32 {
    a.days_apart(b).map_or(0.0, |days| (1.0 - days / most).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, item};
    use super::*;

    #[test]
    fn one_market_s_move_is_one_story_in_any_words() {
        let gold = |id, hours, outlet, title| item(id, hours, outlet, title);
        check(
            &[
                gold(1, 0, "a", "Gold rips past $6,000 on fears of a wider war"),
                gold(2, 3, "b", "Bullion surges to another record as havens draw cash"),
                gold(3, 4, "c", "Gold slips from record"),
                gold(4, 72, "d", "Gold rises again"),
            ],
            &[&[1, 2], &[3], &[4]],
        );
        check(
            &[
                gold(1, 0, "a", "Stocks Slip as Rally Tires: Markets Wrap"),
                gold(
                    2,
                    3,
                    "b",
                    "Stock market today: Dow, S&P 500, Nasdaq futures fall before jobs data",
                ),
                gold(
                    3,
                    27,
                    "b",
                    "Stock market today: Dow, S&P 500, Nasdaq futures fall after jobs data",
                ),
            ],
            &[&[1, 2], &[3]],
        );
    }

    #[test]
    fn a_company_s_event_is_one_story_under_its_other_name() {
        let about = |id, hours, company: &str, theme: &str, title: &str| Item {
            about: vec![company.into()],
            companies: vec![company.into()],
            themes: vec![theme.into()],
            ..item(id, hours, &format!("outlet {id}"), title)
        };
        check(
            &[
                about(
                    1,
                    0,
                    "magrathea",
                    "earnings",
                    "Magrathea's record quarter beats targets",
                ),
                about(
                    2,
                    9,
                    "magrathea",
                    "earnings",
                    "MGRA stock: planet maker's quarter lifts outlook",
                ),
                about(
                    3,
                    9,
                    "sirius",
                    "earnings",
                    "Sirius stock: robot maker's quarter lifts outlook",
                ),
                about(4, 9, "magrathea", "product", "Magrathea shows a coastline with fjords"),
            ],
            &[&[1, 2], &[3], &[4]],
        );
    }

    #[test]
    fn one_move_of_a_company_s_shares_is_one_story() {
        let shares = |id, hours, title: &str| Item {
            about: vec!["magrathea".into()],
            companies: vec!["magrathea".into()],
            themes: vec!["stock-move".into()],
            ..item(id, hours, &format!("outlet {id}"), title)
        };
        check(
            &[
                shares(1, 0, "Magrathea stock plunges 13% on soft orders for planets"),
                shares(2, 6, "Magrathea stock drops, its worst day since 2024"),
                shares(3, 7, "Magrathea stock gains in late trading"),
                shares(4, 80, "Magrathea stock slips after a rating"),
            ],
            &[&[1, 2], &[3], &[4]],
        );
    }
}
