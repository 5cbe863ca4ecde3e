//! Tickers, read only where a headline marks them as such: `$NVDA`, `(NVDA)`, `(NASDAQ: NVDA)`, `NYSE:PLD`,
//! `NVDA stock`, lists of at least three (`TPR, MS, BLK`), and pairs (`HAL vs. CLB: which stock`). A bare word in
//! capitals is a ticker only from four letters on, when a well-known company has it and no dictionary does (`PANW`):
//! "SPY", "IT", "ALL" and "COST" are words.

use super::context::{Context, cue};
use super::gazetteer::Gazetteer;
use super::tokens::{Case, Token, Words, gap, look};

/// How a ticker is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marked {
    /// `$NVDA`
    Dollar,
    /// `(NASDAQ: NVDA)`
    Exchange,
    /// `(NVDA)`
    Brackets,
    /// `NVDA stock`
    Stock,
    /// One of several in a list.
    List,
    /// `PANW`
    Bare,
}

/// A ticker in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TickerHit<'a> {
    /// The letters.
    pub ticker: &'a str,
    /// First word, the exchange included.
    pub first: usize,
    /// One past the last word.
    pub end: usize,
    /// How it is marked.
    pub marked: Marked,
    /// Its company, when the gazetteer has it.
    pub company: Option<usize>,
}

impl TickerHit<'_> {
    /// Whether it stands in a list of tickers as these very words, and somebody trades under it.
    pub(super) fn is_listed(&self, first: usize, end: usize) -> bool {
        self.marked == Marked::List && self.company.is_some() && (self.first, self.end) == (first, end)
    }
}

const EXCHANGES: [&str; 17] = [
    "nasdaq",
    "nyse",
    "amex",
    "otc",
    "otcqb",
    "otcqx",
    "otcmkts",
    "tsx",
    "tsxv",
    "lse",
    "lon",
    "asx",
    "nse",
    "bse",
    "hkex",
    "nysearca",
    "nyseamerican",
];

/// Abbreviations that stand in brackets without being tickers.
const NOT_TICKERS: [&str; 44] = [
    "AI", "CEO", "CFO", "IPO", "US", "USA", "UK", "EU", "UN", "ETF", "ETFS", "EPS", "EV", "EVS", "FT", "GDP", "CPI",
    "PPI", "PMI", "FDA", "SEC", "FED", "FTC", "DOJ", "NYSE", "Q1", "Q2", "Q3", "Q4", "FY", "YTD", "NYT", "AP", "WSJ",
    "TV", "VIDEO", "LIVE", "PDF", "R", "D", "I", "II", "III", "APY",
];

/// Finds the marked tickers of a text.
pub(super) fn find<'a>(words: &Words<'a>, gazetteer: &Gazetteer, context: &Context) -> Vec<TickerHit<'a>> {
    let mut hits = Vec::new();
    let mut list = ListRun::default();
    for (index, token) in words.tokens.iter().enumerate() {
        let Some(ticker) = letters(words, index, token) else {
            list.close(words, gazetteer, &mut hits, index);
            continue;
        };
        list.step(token, index);
        if NOT_TICKERS.contains(&ticker) {
            continue;
        }
        if let Some((first, end, marked)) = marked(words, index, token) {
            hits.push(TickerHit {
                ticker,
                first,
                end,
                marked,
                company: gazetteer.by_ticker(ticker),
            });
        } else if words.case != Case::Upper
            && ticker.len() >= 2
            && let Some(company) = gazetteer.by_ticker(ticker)
        {
            let stock = matches!(words.word(index + 1), "stock" | "shares")
                && words.gap(index + 1) & (gap::HARD | gap::CLAUSE) == 0;
            let known = gazetteer.companies.get(company).is_some_and(|c| c.tier <= 2);
            let rare = ticker.len() >= 4 && context.cue(words.word(index)) & cue::COMMON == 0;
            if stock || known && (rare || compared(words, index, gazetteer)) {
                hits.push(TickerHit {
                    ticker,
                    first: index,
                    end: index + 1,
                    marked: if stock { Marked::Stock } else { Marked::Bare },
                    company: Some(company),
                });
            }
        }
    }
    list.close(words, gazetteer, &mut hits, words.tokens.len());
    hits
}

/// `HAL vs. CLB`, in a headline that speaks of stocks.
fn compared(words: &Words<'_>, index: usize, gazetteer: &Gazetteer) -> bool {
    let versus = |i: usize| matches!(words.word(i), "vs" | "versus");
    let ticker = |i: usize| {
        words
            .tokens
            .get(i)
            .and_then(|t| letters(words, i, t))
            .is_some_and(|t| gazetteer.by_ticker(t).is_some())
    };
    let pair = versus(index + 1) && ticker(index + 2) || index >= 2 && versus(index - 1) && ticker(index - 2);
    pair && (0..words.tokens.len()).any(|i| matches!(words.word(i), "stock" | "stocks" | "investors"))
}

/// The letters of a word that could be a ticker.
fn letters<'a>(words: &Words<'a>, index: usize, token: &Token) -> Option<&'a str> {
    if !token.is(look::UPPER) || token.len() > 5 || token.is(look::DIGIT) {
        return None;
    }
    let text = words.surface(index, index + 1);
    text.bytes().all(|b| b.is_ascii_uppercase()).then_some(text)
}

fn marked(words: &Words<'_>, index: usize, token: &Token) -> Option<(usize, usize, Marked)> {
    let before = |back: usize| {
        token
            .start
            .checked_sub(back)
            .and_then(|i| words.text.as_bytes().get(i))
            .copied()
    };
    let alone = before(2).is_none_or(|b| !b.is_ascii_alphanumeric());
    if token.after(gap::MONEY) && before(1) == Some(b'$') && alone {
        return Some((index, index + 1, Marked::Dollar));
    }
    let exchange = |i: usize| EXCHANGES.contains(&words.word(i));
    if token.after(gap::COLON) && index > 0 && exchange(index - 1) {
        return Some((index - 1, index + 1, Marked::Exchange));
    }
    if words.gap(index + 1) & gap::COLON != 0 && exchange(index + 1) && token.after(gap::OPEN) {
        return Some((index, index + 2, Marked::Exchange));
    }
    if token.after(gap::OPEN) && words.gap(index + 1) & gap::CLOSE != 0 {
        return Some((index, index + 1, Marked::Brackets));
    }
    None
}

/// A run of tickers with commas between them.
#[derive(Default)]
struct ListRun {
    first: usize,
    count: usize,
}

impl ListRun {
    fn step(&mut self, token: &Token, index: usize) {
        if self.count > 0 && token.after(gap::COMMA) {
            self.count += 1;
        } else {
            self.first = index;
            self.count = 1;
        }
    }

    fn close<'a>(&mut self, words: &Words<'a>, gazetteer: &Gazetteer, hits: &mut Vec<TickerHit<'a>>, end: usize) {
        let run = self.first..end.min(self.first + self.count);
        if self.count >= 2 && words.case != Case::Upper {
            let known = run
                .clone()
                .filter(|&i| gazetteer.by_ticker(words.surface(i, i + 1)).is_some())
                .count();
            let colon = words.gap(self.first) & gap::COLON != 0;
            if known * 3 >= self.count * 2 && (self.count >= 3 || colon) {
                for index in run {
                    let ticker = words.surface(index, index + 1);
                    hits.push(TickerHit {
                        ticker,
                        first: index,
                        end: index + 1,
                        marked: Marked::List,
                        company: gazetteer.by_ticker(ticker),
                    });
                }
            }
        }
        self.count = 0;
    }
}
