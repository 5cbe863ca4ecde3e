//! The configuration file changed by a command: feeds added at its end, everything else left as it is, comments too.
//! Pure: text in, text out.

use std::collections::BTreeSet;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value, value};

/// A feed to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewFeed {
    /// Its address.
    pub url: String,
    /// Its name; empty leaves it to the feed.
    pub name: String,
    /// Its group, possibly empty.
    pub group: String,
}

/// The `[[feed]]` tables of these feeds as text; `taken` are keys in use, and gets the new ones.
#[must_use]
pub fn feed_tables(feeds: &[NewFeed], taken: &mut BTreeSet<String>) -> String {
    let mut document = DocumentMut::new();
    add(&mut document, feeds, taken);
    document.to_string()
}

/// The file with these feeds added.
///
/// # Errors
/// When the file is not TOML, or `feed` is something else in it.
pub fn add_feeds(file: &str, feeds: &[NewFeed], taken: &mut BTreeSet<String>) -> Result<String, String> {
    let mut document: DocumentMut = file.parse().map_err(|error| format!("the file is not TOML: {error}"))?;
    if document.get("feed").is_some_and(|item| !item.is_array_of_tables()) {
        return Err("`feed` is not written as [[feed]] tables; add the feed by hand".to_owned());
    }
    add(&mut document, feeds, taken);
    Ok(document.to_string())
}

/// The file with an option of a table (`stories.cut`) set to this value, written as TOML or as bare text.
///
/// # Errors
/// When the file is not TOML, or the table is something else in it.
pub fn set_option(file: &str, option: &str, value: &str) -> Result<String, String> {
    let (table, key) = option
        .split_once('.')
        .ok_or_else(|| format!("`{option}` is no table and option, like `stories.cut`"))?;
    let mut document: DocumentMut = file.parse().map_err(|error| format!("the file is not TOML: {error}"))?;
    let value: Value = value.parse().unwrap_or_else(|_| Value::from(value));
    let place = document.entry(table).or_insert_with(toml_edit::table);
    let Some(table) = place.as_table_like_mut() else {
        return Err(format!("`{table}` is not a table in the file"));
    };
    table.insert(key, Item::Value(value));
    Ok(document.to_string())
}

fn add(document: &mut DocumentMut, feeds: &[NewFeed], taken: &mut BTreeSet<String>) {
    let tables = document
        .entry("feed")
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(tables) = tables.as_array_of_tables_mut() else {
        return;
    };
    for feed in feeds {
        let mut table = Table::new();
        table.decor_mut().set_prefix(if tables.is_empty() && taken.is_empty() {
            ""
        } else {
            "\n"
        });
        let key = free_key(&feed.name, &feed.url, taken);
        table.insert("key", value(&key));
        taken.insert(key);
        table.insert("url", value(&feed.url));
        if !feed.name.is_empty() {
            table.insert("name", value(&feed.name));
        }
        if !feed.group.is_empty() {
            table.insert("group", value(&feed.group));
        }
        tables.push(table);
    }
}

/// A key made of a feed's name, else of its host, that nobody has.
#[must_use]
pub fn free_key(name: &str, url: &str, taken: &BTreeSet<String>) -> String {
    let host = url::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default();
    let made = [
        super::check::slug_of(name),
        super::check::slug_of(host.trim_start_matches("www.")),
    ]
    .into_iter()
    .find(|key| super::check::is_slug(key))
    .unwrap_or_else(|| "feed".to_owned());
    unused(&made, taken)
}

/// This key, with a number behind it when it is taken.
pub(super) fn unused(key: &str, taken: &BTreeSet<String>) -> String {
    let numbered = (2..).map(|n: u32| format!("{key}-{n}"));
    std::iter::once(key.to_owned())
        .chain(numbered)
        .find(|key| !taken.contains(key))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(url: &str, name: &str, group: &str) -> NewFeed {
        NewFeed {
            url: url.into(),
            name: name.into(),
            group: group.into(),
        }
    }

    #[test]
    fn comments_and_order_stay() {
        let file =
            "# mine\n[poll]\ninterval = \"1h\" # often enough\n\n[[feed]]\nurl = \"https://e.org/a\"\n# the end\n";
        let mut taken = BTreeSet::from(["e-org".to_owned()]);
        let added = add_feeds(
            file,
            &[
                feed("https://e.org/b", "", "Business"),
                feed("https://o.org/", "Other: News", ""),
            ],
            &mut taken,
        )
        .unwrap();
        assert!(
            added.starts_with(
                "# mine\n[poll]\ninterval = \"1h\" # often enough\n\n[[feed]]\nurl = \"https://e.org/a\"\n"
            )
        );
        assert!(
            added.contains("[[feed]]\nkey = \"e-org-2\"\nurl = \"https://e.org/b\"\ngroup = \"Business\"\n"),
            "{added}"
        );
        assert!(added.contains("key = \"other-news\""), "{added}");
        assert!(added.contains("# the end"));
        let again: DocumentMut = added.parse().unwrap();
        assert_eq!(again["feed"].as_array_of_tables().unwrap().len(), 3);
    }

    #[test]
    fn odd_names_are_quoted() {
        let text = feed_tables(
            &[feed("https://e.org/?a=\"1\"", "A \"b\" \\ c", "")],
            &mut BTreeSet::new(),
        );
        let read: DocumentMut = text.parse().unwrap();
        let table = read["feed"].as_array_of_tables().unwrap().get(0).unwrap();
        assert_eq!(table["name"].as_str(), Some("A \"b\" \\ c"));
        assert_eq!(table["url"].as_str(), Some("https://e.org/?a=\"1\""));
    }

    #[test]
    fn files_that_cannot_be_changed_are_refused() {
        assert!(add_feeds("a = ", &[], &mut BTreeSet::new()).is_err());
        assert!(add_feeds("feed = [{url = \"https://e.org\"}]", &[], &mut BTreeSet::new()).is_err());
    }
}
