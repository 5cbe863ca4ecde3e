//! Which market a headline says moved, and which way.
//!
//! A day's move of gold is told by each outlet in words of its own ("Gold rips past $5,000", "Bullion surges to a fresh
//! record high"), so its headlines share the market and the direction and little else. Read is only a market that the
//! headline is about:
//!
//! - It begins the headline or a part of it, by itself, with its like, or after a word that changes nothing: "Gold and
//!   silver jump", "Safe-haven gold rises", "'Sell America' trade: dollar drops". Not "Tether's windfall as gold price
//!   rockets" and not "Palm oil dips".
//! - The move follows within five words, before another part begins: "Dollar on track for steepest drop", not "Gold
//!   miner's chief says prices rise". Or it comes just before: "Plunge in oil prices".
//! - "Gold miners", "Oil majors", "Silver medal" are other things.
//! - Questions, advice, accounts of why and what somebody expects tell no move.
//! - A day of Wall Street is one market under many names: "Markets Wrap", "Stock market today", "Dow slips".
//!
//! Words in `moves.toml`, English only.

use std::collections::BTreeMap;

use super::move_words::{Sense, TABLE};
use super::tokens::{Words, gap};

/// Words between a market and its move that say nothing of either.
const REACH: usize = 5;
/// Words looked at after a market in all.
const LOOK: usize = 16;
/// Most markets read of one headline.
const MOVES_MAX: usize = 4;

/// Which way a market went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Higher, to a record, stronger.
    Up,
    /// Lower, weaker, sold.
    Down,
    /// Neither, or the headline does not say.
    Flat,
}

/// A market and which way it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Move {
    /// The market's number in `moves.toml`; 0 is the day's summary of Wall Street.
    pub market: u8,
    /// Which way.
    pub direction: Direction,
}

/// The number of Wall Street's day.
pub const WRAP: u8 = 0;

/// The moves of the markets that a headline is about, each market once, by market.
#[must_use]
pub fn moves(title: &str) -> Vec<Move> {
    let words = Words::headline(title);
    if tells_none(&words) {
        return Vec::new();
    }
    if is_wrap(&words) {
        let of_index = |at| after(&words, at + TABLE.is(&words, at, Sense::Index)?);
        let direction = (0..words.tokens.len()).find_map(of_index);
        return vec![Move {
            market: WRAP,
            direction: direction.unwrap_or(Direction::Flat),
        }];
    }
    let mut found: BTreeMap<u8, Direction> = BTreeMap::new();
    let mut at = 0;
    let mut subject = true;
    while at < words.tokens.len() && found.len() < MOVES_MAX {
        let another = words.gap(at) & gap::COMMA != 0 && !found.is_empty();
        subject |= another || words.gap(at) & (gap::CLAUSE | gap::QUOTE) != 0;
        if let Some((market, length)) = TABLE.market(&words, at) {
            let end = at + length;
            let other_thing = TABLE.is(&words, end, Sense::NotBefore).is_some();
            let direction = if subject {
                after(&words, end)
            } else {
                before(&words, at)
            };
            if let Some(direction) = direction.filter(|_| !other_thing) {
                found.entry(market).or_insert(direction);
            }
            at = end;
        } else if let Some(length) = TABLE.is(&words, at, Sense::Before) {
            at += length;
        } else {
            subject &= words.word(at) == "and";
            at += 1;
        }
    }
    found
        .into_iter()
        .map(|(market, direction)| Move { market, direction })
        .collect()
}

/// Which way a headline says that a company's shares went: up or down, by the first word that says so after "shares" or
/// "stock". Like [`moves`] it reads no question, advice or account of why.
#[must_use]
pub fn shares_move(title: &str) -> Option<Direction> {
    let words = Words::headline(title);
    if tells_none(&words) {
        return None;
    }
    let shares = |at: &usize| matches!(words.word(*at), "shares" | "stock");
    let way = (0..words.tokens.len())
        .filter(shares)
        .find_map(|at| after(&words, at + 1));
    way.filter(|way| *way != Direction::Flat)
}

/// The market's name in `moves.toml`.
#[must_use]
pub fn market(moved: Move) -> &'static str {
    TABLE.names.get(usize::from(moved.market)).map_or("", String::as_str)
}

/// `gold up`, as people are shown it.
#[must_use]
pub fn in_words(moved: Move) -> String {
    let direction = match moved.direction {
        Direction::Up => "up",
        Direction::Down => "down",
        Direction::Flat => "unmoved",
    };
    format!("{} {direction}", market(moved))
}

/// The move that follows a market's name.
fn after(words: &Words<'_>, from: usize) -> Option<Direction> {
    let (mut at, mut skipped) = (from, 0);
    while at < words.tokens.len().min(from + LOOK) && skipped < REACH {
        let ends = words.gap(at) & (gap::CLAUSE | gap::OPEN) != 0 || TABLE.is(words, at, Sense::End).is_some();
        if let Some(length) = TABLE.is(words, at, Sense::Link) {
            at += length;
        } else if ends {
            return None;
        } else if let Some(direction) = TABLE.moved(words, at) {
            return Some(direction);
        } else if let Some((_, length)) = TABLE.market(words, at) {
            // "Gold shines, dollar slumps": the move is the other's.
            if skipped > 0 {
                return None;
            }
            at += length;
        } else {
            skipped += usize::from(words.word(at) != "and");
            at += 1;
        }
    }
    None
}

/// The move in "plunge in oil", for a market at `at`.
fn before(words: &Words<'_>, at: usize) -> Option<Direction> {
    let verb = at.checked_sub(2)?;
    (words.word(verb + 1) == "in")
        .then(|| TABLE.moved(words, verb))
        .flatten()
}

/// Questions, advice and accounts of why.
fn tells_none(words: &Words<'_>) -> bool {
    asks(words) || (0..words.tokens.len()).any(|at| TABLE.is(words, at, Sense::Never).is_some())
}

/// The headline asks; a publisher's name may follow.
fn asks(words: &Words<'_>) -> bool {
    let end = words.tokens.last().map_or(0, |token| token.end);
    let rest = words.text.get(end..).unwrap_or_default();
    rest.trim_start_matches(['\'', '"', '\u{2019}', '\u{201d}'])
        .starts_with('?')
}

/// The headline sums up a day of Wall Street.
fn is_wrap(words: &Words<'_>) -> bool {
    if (0..words.tokens.len()).any(|at| TABLE.is(words, at, Sense::WrapAnywhere).is_some()) {
        return true;
    }
    if let Some(end) = TABLE.is(words, 0, Sense::WrapFirst) {
        // "Stock market today: Asian shares rise"
        return TABLE.market(words, end).is_none();
    }
    let from = TABLE.is(words, 0, Sense::IndexBefore).unwrap_or(0);
    let index = TABLE
        .is(words, 0, Sense::Index)
        .or_else(|| Some(from + TABLE.is(words, from, Sense::Index)?));
    index.is_some_and(|end| TABLE.is(words, end, Sense::NotBefore).is_none() && after(words, end).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moves of a headline, joined with commas.
    #[track_caller]
    fn check(headline: &str, expected: &str) {
        let found: Vec<String> = moves(headline).into_iter().map(in_words).collect();
        assert_eq!(found.join(", "), expected, "{headline}");
    }

    #[test]
    fn a_market_that_the_headline_is_about() {
        check("Gold rips past $6,000 on fears of a wider war", "gold up");
        check("Bullion Surges to a Fresh Record High", "gold up");
        check("Gold and Silver Jump as Haven Demand Grows", "gold up, silver up");
        check(
            "Gold, silver and copper prices hit new highs - The Example Times",
            "copper up, gold up, silver up",
        );
        check("Safe-haven gold propelled to one-week high", "gold up");
        check("Dollar on track for steepest annual drop in a decade", "dollar down");
        check("'Risk off' trade: Dollar drops, yen gains", "dollar down, yen up");
        check("US Natural-Gas Futures Tumble 8% as Thaw Nears", "gas down");
        check("Crude prices hold steady before talks", "oil unmoved");
        check("Japan\u{2019}s 40-year bond yields hit record", "japanese yields up");
        check("Treasury yields fall as Treasuries rally", "treasury yields down");
        check("Rupee hits record low", "rupee down");
        check("Gold pulls back from record", "gold down");
        check("European stocks fall", "european stocks down");
        check(
            "Stock market today: Asian shares rise after Wall Street\u{2019}s slump",
            "asian stocks up",
        );
        check("Traders shrug off plunge in oil prices", "oil down");
    }

    #[test]
    fn another_thing_of_that_name() {
        check("Gold miners rise after deal", "");
        check("Oil majors slip as crude demand fades", "");
        check("Palm oil dips on weaker exports", "");
        check("Sprinter wins gold with record time", "");
        check("Silver medal lifts host\u{2019}s record tally", "");
        check("Stablecoin issuer books windfall as gold price rockets", "");
        check("Oil company says profit will rise", "");
        check("Gold: will it rise further?", "");
        check("Why copper is up again", "");
        check("Gold will rise further, says fund manager", "");
        check("How the dollar lost its way", "");
        check("Gold at record high: time to sell? - The Example Times", "");
        check("Gold shines, dollar slumps", "");
        check("Oil firms cut jobs", "");
        check("Euro-area inflation slips", "");
        check("US crude inventories fall", "");
        check("Coal India profit drops", "");
        check("Stocks erase losses", "");
        check("Dow snaps losing streak", "");
    }

    #[test]
    fn a_day_of_wall_street_is_one_market() {
        check("Stocks Slip as Rally Tires: Markets Wrap", "us stocks down");
        check(
            "Stock market today: Dow, S&P 500, Nasdaq futures rise before data",
            "us stocks up",
        );
        check("US stocks slide after banks disappoint", "us stocks down");
        check("S&P 500 books back-to-back losses", "us stocks down");
        check("Stock futures are little changed", "us stocks unmoved");
        check("Oil Jumps, Stocks Slump: Markets Wrap", "us stocks down");
        check("Yen Leaps, Gold Tops Record: Markets Wrap", "us stocks unmoved");
        check("10 stocks to watch as markets rise", "");
        check("Wall Street banks hire traders", "");
        check("Wall Street firms cut jobs", "");
        check("S&P Global profit rises", "");
    }

    #[test]
    fn the_way_a_company_s_shares_went() {
        for (headline, way) in [
            ("Acme stock plunges 13% on soft orders", Some(Direction::Down)),
            ("Acme tops estimates but shares slump", Some(Direction::Down)),
            ("Acme shares, up for a week, hit record", Some(Direction::Up)),
            ("Shares in Acme jump after bid", Some(Direction::Up)),
            ("Should you buy Acme stock after it plunged?", None),
            ("Why Acme stock fell", None),
            ("Acme tops estimates", None),
            ("Acme shares hold steady", None),
        ] {
            assert_eq!(shares_move(headline), way, "{headline}");
        }
    }
}
