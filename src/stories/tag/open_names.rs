//! Companies that no list has, by how headlines write them. Kinds of real case:
//!
//! - "Halda Therapeutics", "IRM Energy Ltd": a run of capitals that ends in a word only companies end in.
//! - "startup Mammotion", "robot maker Roborock": a role stands before the name.
//! - "Thrive-backed Harvey", "Apollo-owned Yahoo": the hyphen says whose it is, and what follows is owned.
//! - "RxSight (RXST)": a ticker in brackets follows.
//! - "Braskem shares": shares are of somebody.
//! - "a stake in Zylcor", "to merge with Zylcor": what is bought, joined or sued is somebody, in a sentence.
//! - "Zylcor raises $40 million", "Zylcor files for an IPO": only companies do.
//! - "FluroTech appoints a CFO": a word with a capital inside opens the headline and does what companies do.
//!
//! "AI" ends a name only where no noun goes on from it: "AI chips", "AI-powered" and "H200 AI" are not of a company;
//! nor is a kind of it ("Wearable AI").
//! A verb that opens a run in a Title Case Headline is none of the name ("to Acquire XConn Technologies").
//!
//! A mark of a product inside a run is no name ("ISM® Services"), and a verb ends a run ("Seekers Sue Company").
//!
//! In a Title Case Headline every word has a capital, so runs there take no everyday words.

use super::context::cue;
use super::proper::Capitals;
use super::ticker::{Marked, TickerHit};
use super::tokens::{Case, Words, gap, look};

/// An unlisted name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct OpenName {
    pub first: usize,
    pub end: usize,
    pub score: f64,
    pub reason: &'static str,
}

/// Finds unlisted names outside the words already `taken`.
pub(super) fn find(words: &Words<'_>, cues: &[u16], taken: &[bool], tickers: &[TickerHit<'_>]) -> Vec<OpenName> {
    let capitals = Capitals { words, cues, taken };
    let mut names: Vec<OpenName> = Vec::new();
    for hit in tickers
        .iter()
        .filter(|h| matches!(h.marked, Marked::Brackets | Marked::Exchange) && h.company.is_none())
    {
        if hit.ticker.len() >= 2
            && let Some(first) = capitals.run_before(hit.first, 4)
        {
            names.push(OpenName {
                first,
                end: hit.first,
                score: 0.8,
                reason: "a ticker in brackets after it",
            });
        }
    }
    for index in 0..words.tokens.len() {
        if capitals.is_taken(index) || names.iter().any(|n| n.first <= index && index < n.end) {
            continue;
        }
        if let Some(name) = capitals.at(index) {
            names.push(name);
        }
    }
    names
}

impl Capitals<'_> {
    fn at(&self, index: usize) -> Option<OpenName> {
        self.by_last_word(index)
            .or_else(|| self.by_role(index))
            .or_else(|| self.by_shares(index))
            .or_else(|| self.by_deal(index))
            .or_else(|| self.by_money(index))
            .or_else(|| self.by_camel(index))
            .filter(|name| !self.words.surface(name.first, name.end).contains(['®', '™']))
    }

    /// A run that begins here and ends in a company's last word.
    fn by_last_word(&self, first: usize) -> Option<OpenName> {
        if !self.proper(first) || self.cue(first) & cue::NATION != 0 && !self.proper(first + 1) {
            return None;
        }
        if first > 0
            && self.proper(first - 1)
            && self.words.gap(first) & (gap::HARD | gap::CLAUSE | gap::QUOTE) == 0
            && self.rare(first - 1)
        {
            return None;
        }
        let title = self.words.case != Case::Sentence;
        if title && self.cue(first) & cue::VERB != 0 {
            return None;
        }
        let mut any_rare = self.rare(first);
        for end in first + 2..=first + 5 {
            let last = end - 1;
            let token = self.token(last)?;
            let word = self.words.word(last);
            if word != "&" && !self.proper(last) || token.after(gap::HARD | gap::CLAUSE | gap::QUOTE) {
                return None;
            }
            if word == "ai" && self.ai_goes_on(last) {
                return None;
            }
            let stops = self.words.gap(end) & (gap::HARD | gap::CLAUSE | gap::QUOTE) != 0 || !self.proper(end);
            let strong = self.cue(last) & cue::LAST != 0;
            let weak = self.cue(last) & cue::LAST_WEAK != 0;
            let legal = self.cue(last) & cue::LEGAL != 0
                && !matches!(
                    word,
                    "co" | "company" | "companies" | "group" | "holding" | "ab" | "se" | "sa"
                );
            let alone = first == 0
                || self.words.gap(first) & gap::CLAUSE != 0
                || !self.token(first - 1).is_some_and(|t| t.is(look::CAPITAL));
            if legal && alone && self.cue(first) & (cue::VERB | cue::NATION) == 0 {
                return Some(OpenName {
                    first,
                    end,
                    score: 0.85,
                    reason: "a legal form after it",
                });
            }
            if strong && (any_rare || !title && self.cue(first) & cue::COMMON == 0) {
                return Some(OpenName {
                    first,
                    end,
                    score: 0.85,
                    reason: "ends like a company's name",
                });
            }
            if weak && any_rare && (stops || title) && self.rare(first) {
                return Some(OpenName {
                    first,
                    end,
                    score: 0.65,
                    reason: "ends like a company's name",
                });
            }
            if title && (self.cue(last) & cue::VERB != 0 || matches!(word, "stock" | "shares" | "stake" | "position")) {
                return None;
            }
            any_rare |= self.rare(last);
        }
        None
    }

    /// `AI chips`, `AI-powered`, `H200 AI`: the word says what a thing is, not who.
    fn ai_goes_on(&self, at: usize) -> bool {
        let model = at
            .checked_sub(1)
            .is_some_and(|before| self.words.word(before).bytes().any(|b| b.is_ascii_digit()));
        let kind = at
            .checked_sub(1)
            .is_some_and(|before| is_adjective(self.words.word(before)));
        if model || kind || self.words.gap(at + 1) & gap::HYPHEN != 0 {
            return true;
        }
        let adjacent = self.words.gap(at + 1) & (gap::HARD | gap::CLAUSE | gap::QUOTE) == 0;
        let noun = self
            .token(at + 1)
            .is_some_and(|next| !next.is(look::CAPITAL | look::POSSESSIVE | look::NUMBER))
            && self.cue(at + 1) & (cue::VERB | cue::PREPOSITION | cue::DETERMINER) == 0;
        adjacent && noun && self.words.case == Case::Sentence
    }

    /// `startup Mammotion`: in sentences, and in titles when the word is rare.
    fn by_role(&self, first: usize) -> Option<OpenName> {
        let before = first.checked_sub(1)?;
        let role = self.cue(before) & cue::ROLE != 0 && !self.token(before)?.is(look::CAPITAL)
            || self.words.gap(before) & gap::HYPHEN != 0
                && matches!(self.words.word(before), "backed" | "owned" | "controlled");
        if !role
            || self.words.gap(first) & (gap::HARD | gap::CLAUSE | gap::QUOTE | gap::HYPHEN) != 0
            || !(self.rare(first) || self.everyday_name(before, first))
        {
            return None;
        }
        if matches!(
            self.words.word(before),
            "ceo" | "chairman" | "boss" | "founder" | "investor" | "analyst" | "activist" | "analysts" | "manager"
        ) {
            return None;
        }
        let mut end = first + 1;
        while end < first + 3 && self.rare(end) && self.words.gap(end) & (gap::HARD | gap::CLAUSE | gap::QUOTE) == 0 {
            end += 1;
        }
        Some(OpenName {
            first,
            end,
            score: 0.7,
            reason: "a role before it",
        })
    }

    /// `startup Hyphen`: in a sentence a capital after such a word makes a name of an everyday word.
    fn everyday_name(&self, role: usize, first: usize) -> bool {
        self.words.case == Case::Sentence
            && matches!(
                self.words.word(role),
                "startup"
                    | "start-up"
                    | "maker"
                    | "retailer"
                    | "fintech"
                    | "biotech"
                    | "unicorn"
                    | "chipmaker"
                    | "carmaker"
                    | "automaker"
                    | "drugmaker"
                    | "grocer"
                    | "lender"
                    | "miner"
            )
            && self.proper(first)
            && self.cue(first) & (cue::GIVEN | cue::NATION | cue::ROLE | cue::MARKET) == 0
            && self.token(first).is_some_and(|t| t.len() >= 3 && !t.is(look::NUMBER))
    }

    /// `a stake in Zylcor`, `acquires Zylcor`
    fn by_deal(&self, first: usize) -> Option<OpenName> {
        let before = first.checked_sub(1)?;
        if self.words.case != Case::Sentence
            || !self.rare(first)
            || self.words.gap(first) & (gap::HARD | gap::CLAUSE | gap::QUOTE | gap::HYPHEN) != 0
        {
            return None;
        }
        let earlier = before.checked_sub(1).map_or("", |i| self.words.word(i));
        let dealt = match self.words.word(before) {
            "in" => matches!(earlier, "stake" | "stakes" | "invests" | "investor" | "shares"),
            "for" => matches!(earlier, "bid" | "bids"),
            "with" => matches!(
                earlier,
                "merge" | "merges" | "merger" | "partners" | "partner" | "partnership" | "venture"
            ),
            "of" => matches!(earlier, "acquisition" | "takeover" | "purchase" | "shares" | "buyout"),
            "acquire" | "acquires" | "acquired" | "acquiring" => true,
            _ => false,
        };
        dealt.then(|| OpenName {
            first,
            end: self.run_after(first),
            score: 0.65,
            reason: "what a deal is about",
        })
    }

    /// `Zylcor raises $40 million`, `Zylcor files for an IPO`
    fn by_money(&self, first: usize) -> Option<OpenName> {
        let acronym = self.token(first).is_some_and(|t| t.is(look::UPPER) && t.len() <= 3);
        if !self.rare(first) || acronym || self.words.gap(first) & gap::HYPHEN != 0 {
            return None;
        }
        let end = self.run_after(first);
        if self.words.gap(end) & (gap::HARD | gap::CLAUSE | gap::QUOTE | gap::HYPHEN) != 0 {
            return None;
        }
        let near = |from: usize, reach: usize, test: &dyn Fn(usize) -> bool| (from..from + reach).any(test);
        let money = |i: usize| self.words.gap(i) & gap::MONEY != 0;
        let filed = |i: usize| matches!(self.words.word(i), "ipo" | "bankruptcy" | "chapter" | "insolvency");
        let does = match self.words.word(end) {
            "raises" | "raised" | "secures" | "secured" | "bags" | "nets" | "hits" | "valued" => {
                near(end + 1, 3, &money)
            }
            "files" | "filed" => near(end + 1, 4, &filed),
            _ => false,
        };
        does.then_some(OpenName {
            first,
            end,
            score: 0.7,
            reason: "it does what only companies do",
        })
    }

    /// `Braskem shares`
    fn by_shares(&self, first: usize) -> Option<OpenName> {
        if !self.rare(first) || self.words.gap(first) & gap::HYPHEN != 0 {
            return None;
        }
        let mut end = first + 1;
        let sentence = self.words.case == Case::Sentence;
        while end < first + 3
            && (self.rare(end) || sentence && self.proper(end))
            && self.words.gap(end) & (gap::HARD | gap::CLAUSE | gap::QUOTE) == 0
        {
            end += 1;
        }
        let possessive = self.token(end).is_some_and(|t| t.is(look::POSSESSIVE));
        let next = if possessive { end + 1 } else { end };
        let adjacent = self.words.gap(next) & (gap::HARD | gap::CLAUSE | gap::QUOTE) == 0;
        let of_shares = adjacent
            && matches!(
                self.words.word(next),
                "shares" | "stock" | "ipo" | "shareholders" | "ceo"
            );
        of_shares.then_some(OpenName {
            first,
            end,
            score: 0.65,
            reason: "shares, an IPO or a CEO of its own",
        })
    }

    /// `FluroTech appoints`
    fn by_camel(&self, first: usize) -> Option<OpenName> {
        if !self.camel(first) || !self.rare(first) {
            return None;
        }
        let possessive = self.token(first + 1).is_some_and(|t| t.is(look::POSSESSIVE));
        let next = first + 1 + usize::from(possessive);
        let opens = first == 0 || self.words.gap(first) & gap::CLAUSE != 0;
        let verb = self.words.gap(next) & (gap::HARD | gap::CLAUSE) == 0 && self.cue(next) & cue::VERB != 0;
        (opens && (verb || possessive)).then_some(OpenName {
            first,
            end: first + 1,
            score: 0.65,
            reason: "a capital inside, and a company's verb after it",
        })
    }
}

/// `wearable`, `generative`: what ends so says of what kind a thing is.
fn is_adjective(word: &str) -> bool {
    const ENDINGS: [&str; 9] = ["able", "ible", "tive", "ical", "onal", "cial", "entic", "less", "ous"];
    word.len() > 5 && ENDINGS.iter().any(|ending| word.ends_with(ending))
}
