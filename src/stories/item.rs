//! Entries as the engine takes them: from a poll, and back from the database.

use super::cluster::{Item, Settled};
use super::tag::Tags;
use super::{mark_words, marks};
use crate::model::{Entry, Mark};
use crate::store::window::WindowRow;

/// An entry of the database as the engine takes it back.
#[must_use]
pub fn settled(row: WindowRow) -> Settled {
    let marks = mark_words::from_text(&row.marks);
    let slugs = |about: bool| -> Vec<String> {
        row.companies
            .iter()
            .filter(|c| c.1 || !about)
            .map(|c| c.0.clone())
            .collect()
    };
    let item = Item {
        about: slugs(true),
        companies: slugs(false),
        themes: row.themes,
        loose: marks::is_loose(&marks),
        roundup: marks::is_roundup(&marks),
        ..item(&row.entry)
    };
    Settled {
        item,
        story: row.story,
        near: row.near,
    }
}

/// An entry without its tags.
fn item(entry: &Entry) -> Item {
    Item {
        entry: entry.id,
        url: entry.url.clone(),
        title: entry.title.clone(),
        summary: entry.summary.clone(),
        outlet: entry.source.clone(),
        dated_at: entry.dated_at,
        // What a feed listed when it was added may be of any age.
        timed: entry.published_at.is_some() || !entry.history,
        about: Vec::new(),
        companies: Vec::new(),
        themes: Vec::new(),
        loose: false,
        roundup: false,
    }
}

/// An entry as the engine wants it, with what the tagger and the marks say.
#[must_use]
pub fn tagged_item(entry: &Entry, tags: &Tags, marks: &[Mark]) -> Item {
    Item {
        about: tags.about().map(str::to_owned).collect(),
        companies: tags.mentions.iter().map(|m| m.company.clone()).collect(),
        themes: tags.themes.iter().map(|t| t.theme.clone()).collect(),
        loose: marks::is_loose(marks),
        roundup: marks::is_roundup(marks),
        ..item(entry)
    }
}
