//! How much of each story is shown: all there is room for, then less in steps.

use crate::config::DigestSettings;
use crate::model::{Choices, Length};

/// Stories of a short mail.
const SHORT_MAX: usize = 12;

/// How much of each story is shown; less of it is how a mail is made to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detail {
    /// Extracts in the top section.
    pub top_extracts: bool,
    /// Extracts elsewhere.
    pub extracts: bool,
    /// Related headlines of a story.
    pub related_max: usize,
    /// Reasons.
    pub why: bool,
    /// Stories in full.
    pub stories_max: usize,
    /// One-line items.
    pub noted_max: usize,
}

impl Detail {
    /// Everything the digest's settings and the reader's choices allow.
    #[must_use]
    pub fn full(spec: &DigestSettings, choices: &Choices) -> Self {
        let long = choices.length == Length::Long;
        Self {
            top_extracts: long,
            extracts: long,
            related_max: if long { spec.related_max } else { 0 },
            why: long,
            stories_max: if long {
                spec.stories_max
            } else {
                spec.stories_max.min(SHORT_MAX)
            },
            noted_max: if long { spec.noted_max } else { spec.noted_max.min(5) },
        }
    }

    /// One step less; `None` when nothing is left to take away.
    #[must_use]
    pub fn less(self) -> Option<Self> {
        let next = if self.extracts {
            Self {
                extracts: false,
                ..self
            }
        } else if self.top_extracts {
            Self {
                top_extracts: false,
                ..self
            }
        } else if self.related_max > 0 {
            Self {
                related_max: self.related_max - 1,
                ..self
            }
        } else if self.why {
            Self { why: false, ..self }
        } else if self.stories_max > 1 {
            Self {
                stories_max: self.stories_max * 3 / 4,
                ..self
            }
        } else if self.noted_max > 0 {
            Self {
                noted_max: self.noted_max / 2,
                ..self
            }
        } else {
            return None;
        };
        Some(next)
    }
}
