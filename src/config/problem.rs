//! What is wrong with a configuration, located and with its remedy, all of it at once.

use std::fmt;

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file as given on the command line or named by `include`.
    pub file: String,
    /// Its line, 1-based; 0 when it concerns the file as a whole.
    pub line: usize,
    /// The table: `[poll]`, ``digest `daily` ``. Empty for syntax errors.
    pub place: String,
    /// What is wrong, with key and value.
    pub message: String,
    /// What to do; empty when the message says it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.place.is_empty() {
            write!(f, ": {}", self.place)?;
        }
        write!(f, ": {}", self.message)?;
        if !self.remedy.is_empty() {
            write!(f, "\n  {}", self.remedy)?;
        }
        Ok(())
    }
}

/// All problems of a configuration, in the order of its files and lines; never empty as an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// The candidate that was most likely meant: few letters wrong for its length.
pub(super) fn nearest<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const LENGTH_MAX: usize = 64;
    if wanted.len() > LENGTH_MAX {
        return None;
    }
    let wanted = wanted.to_lowercase().replace('-', "_");
    let allowed = wanted.chars().count().div_ceil(3).min(4);
    candidates
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &candidate.replace('-', "_")),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}
