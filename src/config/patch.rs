//! What the operator should change in the configuration, as a patch: the new addresses of feeds that moved for good.
//! Nothing is changed by itself; a person applies the patch, or asks a command to.
//!
//! Everything else in the file stays byte for byte, comments too. A feed without a `key` is known by its host's name, so
//! one whose host changes is given its old key: otherwise it would be a new feed, and its entries news.

use std::path::{Path, PathBuf};

use similar::TextDiff;
use toml_edit::{DocumentMut, TableLike, Value, value};
use url::Url;

use super::Config;
use super::check::{is_slug, slug_of};
use crate::model::FeedRow;

/// Lines of the file shown around a change.
const CONTEXT_LINES: usize = 2;

/// A feed whose address changed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The feed's key.
    pub key: String,
    /// The configured address.
    pub from: String,
    /// Where it is now.
    pub to: String,
}

/// One file as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The file.
    pub file: PathBuf,
    /// Its whole new text.
    pub text: String,
    /// The change as a unified diff, as `patch` takes it.
    pub diff: String,
    /// Feeds whose address it changes.
    pub keys: Vec<String>,
}

/// The feeds that a proven permanent redirect led elsewhere.
#[must_use]
pub fn moves(feeds: &[FeedRow]) -> Vec<Move> {
    feeds
        .iter()
        .filter(|feed| !feed.effective_url.is_empty())
        .map(|feed| Move {
            key: feed.key.clone(),
            from: feed.url.clone(),
            to: feed.effective_url.clone(),
        })
        .collect()
}

/// The patch that gives the feeds of this file their new addresses; `None` when the file has none of them, or is not
/// TOML.
#[must_use]
pub fn proposed_patch(file: &Path, text: &str, moves: &[Move]) -> Option<Patch> {
    let mut document: DocumentMut = text.parse().ok()?;
    let mut keys = Vec::new();
    for table in feed_tables(&mut document) {
        let from = table.get("url").and_then(|url| url.as_str()).and_then(canonical);
        let Some(moved) = moves.iter().find(|moved| from.as_deref() == Some(&moved.from)) else {
            continue;
        };
        if renames(table, moved) {
            table.insert("key", value(&moved.key));
        }
        if let Some(url) = table.get_mut("url").and_then(|item| item.as_value_mut()) {
            let around = url.decor().clone();
            *url = Value::from(&moved.to);
            *url.decor_mut() = around;
            keys.push(moved.key.clone());
        }
    }
    if keys.is_empty() {
        return None;
    }
    let new = document.to_string();
    let name = file.display().to_string();
    let diff = TextDiff::from_lines(text, &new)
        .unified_diff()
        .context_radius(CONTEXT_LINES)
        .header(&name, &name)
        .to_string();
    Some(Patch {
        file: file.to_path_buf(),
        text: new,
        diff,
        keys,
    })
}

/// The patches of all files of a configuration, as they are on disk now. A file that cannot be read has none.
#[must_use]
pub fn proposed_patches(config: &Config, moves: &[Move]) -> Vec<Patch> {
    if moves.is_empty() {
        return Vec::new();
    }
    let read = |file: &PathBuf| proposed_patch(file, &std::fs::read_to_string(file).ok()?, moves);
    config.files.iter().filter_map(read).collect()
}

/// The tables of all feeds, written as `[[feed]]` or as `feed = [{ ... }]`.
fn feed_tables(document: &mut DocumentMut) -> Vec<&mut dyn TableLike> {
    match document.get_mut("feed") {
        Some(toml_edit::Item::ArrayOfTables(tables)) => {
            tables.iter_mut().map(|table| table as &mut dyn TableLike).collect()
        }
        Some(toml_edit::Item::Value(Value::Array(tables))) => tables
            .iter_mut()
            .filter_map(|table| table.as_inline_table_mut())
            .map(|table| table as &mut dyn TableLike)
            .collect(),
        _ => Vec::new(),
    }
}

/// An address as the checked configuration spells it.
fn canonical(url: &str) -> Option<String> {
    Url::parse(url).ok().map(Into::into)
}

/// Whether the new address would give the feed another key.
fn renames(table: &dyn TableLike, moved: &Move) -> bool {
    let name = table.get("name").and_then(|name| name.as_str()).unwrap_or_default();
    let from_name = slug_of(name);
    let host = |url: &str| {
        let url = Url::parse(url).ok()?;
        Some(slug_of(url.host_str()?.trim_start_matches("www.")))
    };
    !table.contains_key("key")
        && (from_name.is_empty() || !is_slug(&from_name))
        && host(&moved.to).as_deref() != Some(&moved.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# Mine.
[poll]
interval = \"1h\" # often enough

[[feed]]
key = \"acme\" # a stable name
url = \"https://Old.example.org/feed\" # since 2019
name = \"Acme\"

# The second one.
[[feed]]
url = \"https://www.globex.example/rss\"
# the end
";

    fn moved(key: &str, from: &str, to: &str) -> Move {
        Move {
            key: key.into(),
            from: from.into(),
            to: to.into(),
        }
    }

    #[track_caller]
    fn check(file: &str, moves: &[Move], expected: &[(&str, &str)]) {
        let wanted = expected
            .iter()
            .fold(file.to_owned(), |text, (old, new)| text.replace(old, new));
        let patch = proposed_patch(Path::new("config.toml"), file, moves);
        assert_eq!(patch.map_or_else(|| file.to_owned(), |patch| patch.text), wanted);
    }

    #[test]
    fn an_address_changes_and_nothing_else() {
        let acme = moved(
            "acme",
            "https://old.example.org/feed",
            "https://new.example.org/feed.xml",
        );
        check(
            FILE,
            std::slice::from_ref(&acme),
            &[("https://Old.example.org/feed", "https://new.example.org/feed.xml")],
        );
        check(FILE, &[], &[]);
        check(
            FILE,
            &[moved("x", "https://elsewhere.example/", "https://n.example/")],
            &[],
        );
        check("feed = 3\n", std::slice::from_ref(&acme), &[]);
        check("feed = [", std::slice::from_ref(&acme), &[]);
        check(
            "feed = [{ url = \"https://old.example.org/feed\", name = \"A\" }]\n",
            &[acme],
            &[("https://old.example.org/feed", "https://new.example.org/feed.xml")],
        );
    }

    #[test]
    fn a_feed_known_by_its_host_keeps_its_key() {
        let globex = "https://www.globex.example/rss";
        check(
            FILE,
            &[moved("globex-example", globex, "https://globex.example/feed")],
            &[(globex, "https://globex.example/feed")],
        );
        check(
            FILE,
            &[moved("globex-example", globex, "https://news.initech.example/")],
            &[(
                "url = \"https://www.globex.example/rss\"\n",
                "url = \"https://news.initech.example/\"\nkey = \"globex-example\"\n",
            )],
        );
    }

    #[test]
    fn the_diff_is_one_that_patch_takes() {
        let acme = moved("acme", "https://old.example.org/feed", "https://new.example.org/feed");
        let patch = proposed_patch(Path::new("config.toml"), FILE, &[acme]).unwrap();
        assert_eq!(patch.keys, ["acme"]);
        assert_eq!(
            patch.diff,
            "--- config.toml\n+++ config.toml\n@@ -5,5 +5,5 @@\n [[feed]]\n key = \"acme\" # a stable name\n\
             -url = \"https://Old.example.org/feed\" # since 2019\n+url = \"https://new.example.org/feed\" # since 2019\n \
             name = \"Acme\"\n \n"
        );
    }
}
