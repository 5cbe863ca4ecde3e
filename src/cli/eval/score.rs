//! Precision, recall and F1 of tags, counted as the published scorers count them.

use std::collections::{BTreeMap, BTreeSet};

/// Right, wrong and missed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub right: usize,
    pub wrong: usize,
    pub missed: usize,
}

impl Counts {
    pub(super) fn precision(self) -> f64 {
        share(self.right, self.right + self.wrong)
    }

    pub(super) fn recall(self) -> f64 {
        share(self.right, self.right + self.missed)
    }

    pub(super) fn f1(self) -> f64 {
        let (p, r) = (self.precision(), self.recall());
        if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 }
    }

    pub(super) const fn add(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// The parts of a cell with `|` between them.
pub(super) fn parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('|').map(str::trim).filter(|part| !part.is_empty())
}

/// A mention as it is compared: without its company, case, possessives and marks.
pub(super) fn norm(surface: &str) -> String {
    let words = surface
        .split('=')
        .next()
        .unwrap_or_default()
        .to_lowercase()
        .replace('\u{2019}', "'");
    let mut out = String::new();
    for word in words.split_whitespace() {
        let word = word.strip_suffix("'s").unwrap_or(word).replace("'s", "");
        for piece in word.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '&' | '+' | '.')) {
            if !piece.is_empty() {
                if !out.is_empty() {
                    out.push(' ');
                }
                out.push_str(piece);
            }
        }
    }
    out.trim_matches(|c| c == '.' || c == ' ').to_owned()
}

/// Whether two mentions name the same words, or one is a whole-word part of the other.
pub(super) fn same(a: &str, b: &str) -> bool {
    let padded = |s: &str| format!(" {s} ");
    !a.is_empty() && !b.is_empty() && (a == b || padded(b).contains(&padded(a)) || padded(a).contains(&padded(b)))
}

fn norms(cell: &str) -> BTreeSet<String> {
    parts(cell).map(norm).filter(|n| !n.is_empty()).collect()
}

/// Compares the companies of one headline. What only matches `optional` counts neither way.
pub(super) fn companies(gold: &str, optional: &str, predicted: &str) -> Counts {
    let (want, free, got) = (norms(gold), norms(optional), norms(predicted));
    let right = want.iter().filter(|w| got.iter().any(|g| same(w, g))).count();
    let wrong = got
        .iter()
        .filter(|g| !want.iter().chain(&free).any(|w| same(g, w)))
        .count();
    Counts {
        right,
        wrong,
        missed: want.len() - right,
    }
}

/// Whether the predicted companies of a headline include a word.
pub(super) fn says(word: &str, predicted: &str) -> bool {
    let word = norm(word);
    norms(predicted).iter().any(|g| same(&word, g))
}

/// Adds one headline's themes to the counts of each theme.
pub(super) fn themes(gold: &str, optional: &str, predicted: &str, counts: &mut BTreeMap<String, Counts>) {
    let want: BTreeSet<&str> = parts(gold).collect();
    let free: BTreeSet<&str> = parts(optional).collect();
    let got: BTreeSet<&str> = parts(predicted)
        .filter(|t| want.contains(t) || !free.contains(t))
        .collect();
    for theme in want.union(&got) {
        let count = counts.entry((*theme).to_owned()).or_default();
        match (want.contains(theme), got.contains(theme)) {
            (true, true) => count.right += 1,
            (true, false) => count.missed += 1,
            (false, _) => count.wrong += 1,
        }
    }
}

/// Micro and macro F1: over all decisions, and the mean over the themes that gold has.
pub(super) fn micro_macro(counts: &BTreeMap<String, Counts>) -> (Counts, f64) {
    let mut all = Counts::default();
    for c in counts.values() {
        all.add(*c);
    }
    let seen: Vec<f64> = counts
        .values()
        .filter(|c| c.right + c.missed > 0)
        .map(|c| c.f1())
        .collect();
    (all, seen.iter().sum::<f64>() / seen.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(gold: &str, optional: &str, predicted: &str, expected: (usize, usize, usize)) {
        let c = companies(gold, optional, predicted);
        assert_eq!((c.right, c.wrong, c.missed), expected);
    }

    #[test]
    fn companies_match_by_whole_words() {
        check(
            "Ford|GM|First Brands Group",
            "",
            "Ford=Ford Motor|First Brands",
            (2, 0, 1),
        );
        check(
            "Ford|GM|First Brands Group",
            "",
            "Fordham|Ford's|GM|First Brands Group",
            (3, 1, 0),
        );
        check("", "Nasdaq", "Nasdaq|Dow", (0, 1, 0));
        check("Macy's", "", "Macy\u{2019}s=Macy's", (1, 0, 0));
    }

    #[test]
    fn themes_count_each_way() {
        let mut counts = BTreeMap::new();
        themes("ai|chips", "", "ai|macro", &mut counts);
        themes("legal", "", "", &mut counts);
        let (micro, mean) = micro_macro(&counts);
        assert!((micro.precision() - 0.5).abs() < 1e-9);
        assert!((micro.recall() - 1.0 / 3.0).abs() < 1e-9);
        assert!((mean - 1.0 / 3.0).abs() < 1e-9);
    }
}
