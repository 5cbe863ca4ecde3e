//! Marks as the database keeps them: `live_blog,opinion`.

use crate::model::Mark;

/// Marks and their words in the database.
const WORDS: [(Mark, &str); 10] = [
    (Mark::Opinion, "opinion"),
    (Mark::LiveBlog, "live_blog"),
    (Mark::Roundup, "roundup"),
    (Mark::Sponsored, "sponsored"),
    (Mark::PressRelease, "press_release"),
    (Mark::Paywall, "paywall"),
    (Mark::Template, "template"),
    (Mark::Advice, "advice"),
    (Mark::Explainer, "explainer"),
    (Mark::Reprint, "reprint"),
];

/// As kept in the database: `live_blog,opinion`.
#[must_use]
pub fn to_text(marks: &[Mark]) -> String {
    let word = |mark: &Mark| {
        WORDS
            .iter()
            .find(|(known, _)| known == mark)
            .map_or("", |(_, word)| *word)
    };
    marks.iter().map(word).collect::<Vec<_>>().join(",")
}

/// Read back from the database; an unknown word is left out.
#[must_use]
pub fn from_text(text: &str) -> Vec<Mark> {
    let mark = |word: &str| WORDS.iter().find(|(_, known)| *known == word).map(|(mark, _)| *mark);
    text.split(',').filter_map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_kept_as_words() {
        let all: Vec<Mark> = WORDS.iter().map(|(mark, _)| *mark).collect();
        assert_eq!(from_text(&to_text(&all)), all);
        assert_eq!(from_text("live_blog,unheard_of"), [Mark::LiveBlog]);
        assert_eq!(from_text(""), []);
    }
}
