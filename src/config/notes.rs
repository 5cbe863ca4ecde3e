//! What is collected while tables are read: problems, warnings, and the options that were asked for.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::problem::Problem;
use super::source::{At, File};

/// Where problems and warnings are collected while tables are read.
pub(super) struct Notes<'a> {
    pub(super) files: &'a [File],
    problems: RefCell<Vec<(At, Problem)>>,
    warnings: RefCell<Vec<(At, Problem)>>,
    /// Every option that was asked for, by table: what the documentation has to name.
    pub(super) options: RefCell<BTreeMap<String, BTreeSet<String>>>,
}

/// A value with the place it stands at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) at: At,
}

impl<'a> Notes<'a> {
    pub(super) fn new(files: &'a [File]) -> Self {
        Self {
            files,
            problems: RefCell::default(),
            warnings: RefCell::default(),
            options: RefCell::default(),
        }
    }

    pub(super) fn problem(&self, at: At, place: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems
            .borrow_mut()
            .push((at, self.note(at, place, message.into(), remedy.into())));
    }

    pub(super) fn warning(&self, at: At, place: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.warnings
            .borrow_mut()
            .push((at, self.note(at, place, message.into(), remedy.into())));
    }

    /// What is wrong in a file that is none of the configuration's own, which the option at this place names.
    pub(super) fn problem_elsewhere(&self, at: At, problem: Problem) {
        self.problems.borrow_mut().push((at, problem));
    }

    /// The same for a warning.
    pub(super) fn warning_elsewhere(&self, at: At, problem: Problem) {
        self.warnings.borrow_mut().push((at, problem));
    }

    fn note(&self, at: At, place: &str, message: String, remedy: String) -> Problem {
        let (file, line) = self
            .files
            .get(at.file)
            .map_or_else(Default::default, |file| (file.name.clone(), file.line(at.offset)));
        Problem {
            file,
            line,
            place: place.to_owned(),
            message,
            remedy,
        }
    }

    pub(super) fn line(&self, at: At) -> usize {
        self.files.get(at.file).map_or(0, |file| file.line(at.offset))
    }

    /// Everything noted: problems, warnings and the options by table.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<Problem>, BTreeMap<String, BTreeSet<String>>) {
        let sorted = |notes: RefCell<Vec<(At, Problem)>>| {
            let mut notes = notes.into_inner();
            notes.sort_by_key(|(at, _)| *at);
            notes.into_iter().map(|(_, problem)| problem).collect()
        };
        (sorted(self.problems), sorted(self.warnings), self.options.into_inner())
    }
}
