//! Words by number. A number whose word is forgotten is given to another one.

use foldhash::HashMap;

use crate::stories::text::{Term, as_written};

/// A term's number in the vocabulary.
pub type TermId = u32;

/// The words of all entries counted so far.
#[derive(Debug, Default)]
pub struct Vocabulary {
    numbers: HashMap<Box<str>, TermId>,
    words: Vec<Box<str>>,
    /// What each word had at its end where it was first seen.
    endings: Vec<Box<str>>,
    free: Vec<TermId>,
}

impl Vocabulary {
    /// Numbers given, those without a word included.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Words known.
    pub fn n_known(&self) -> usize {
        self.numbers.len()
    }

    /// The number of a word, made when it is new.
    pub fn intern(&mut self, term: &Term) -> TermId {
        if let Some(id) = self.numbers.get(term.text.as_str()) {
            return *id;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.words.push("".into());
            self.endings.push("".into());
            TermId::try_from(self.words.len() - 1).unwrap_or(TermId::MAX)
        });
        self.set(id, &term.text, &term.ending);
        self.numbers.insert(term.text.as_str().into(), id);
        id
    }

    /// The word behind a number, as it was written where it was first seen.
    pub fn name(&self, id: TermId) -> String {
        let of = |all: &[Box<str>]| all.get(id as usize).cloned().unwrap_or_default();
        as_written(&of(&self.words), &of(&self.endings))
    }

    /// Forgets the words for which this holds; each is asked once.
    pub fn forget(&mut self, mut unused: impl FnMut(TermId) -> bool) {
        let mut gone = Vec::new();
        self.numbers.retain(|_, id| {
            let keep = !unused(*id);
            gone.extend((!keep).then_some(*id));
            keep
        });
        for id in &gone {
            self.set(*id, "", "");
        }
        self.free.extend(gone);
        self.free.sort_unstable_by(|a, b| b.cmp(a));
    }

    fn set(&mut self, id: TermId, word: &str, ending: &str) {
        let (words, endings) = (&mut self.words, &mut self.endings);
        if let (Some(w), Some(e)) = (words.get_mut(id as usize), endings.get_mut(id as usize)) {
            *w = word.into();
            *e = ending.into();
        }
    }
}
