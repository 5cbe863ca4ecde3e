//! A store as it is after years: so many entries, each placed in a story of its own, filled by plain SQL.

use std::path::Path;

use courant::store::rusqlite::{Connection, params};
use courant::stories::RULES_VERSION;

/// The entries are dated evenly over so many days before now.
const DAYS: i64 = 400;
const FEEDS_AT_ONCE: u32 = 200;
const ENTRIES_AT_ONCE: u32 = 200_000;

const ENTRIES: &str = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
    INSERT INTO entries (feed_id, identity, identity_kind, url, title, summary, published_at, first_seen_at,
                         dated_at, content_hash, rules_version)
    SELECT id, randomblob(32), 'guid', printf('https://news.example.org/stored/%d/%d', id, i),
           printf('Firm%d names word%d chief of its word%d unit in town%d', random() & 4095, random() & 16383,
                  random() & 16383, random() & 1023),
           printf('A paragraph about word%d of some length on what happened, to whom, and what it cost the firm, as '
                  || 'outlets write them day by day: word%d, word%d.', random() & 16383, random() & 16383,
                  random() & 16383),
           at, at, at, randomblob(32), ?3
    FROM (SELECT f.id, n.i, unixepoch() - 3600 - (n.i * 7919 + f.id * 104729) % ?2 AS at
          FROM feeds f CROSS JOIN n WHERE f.id >= ?4 AND f.id < ?4 + ?5)";
const STORIES: &str = "INSERT INTO stories (id, lead_entry_id, first_at, last_at)
    SELECT id, id, dated_at, dated_at FROM entries WHERE id >= ?1 AND id < ?1 + ?2 ON CONFLICT DO NOTHING";
const STORY_ENTRIES: &str = "INSERT INTO story_entries (entry_id, story_id, reason, joined_at)
    SELECT id, id, 'first', dated_at FROM entries WHERE id >= ?1 AND id < ?1 + ?2 ON CONFLICT DO NOTHING";
const THEMES: &str = "INSERT INTO entry_themes (entry_id, theme, score)
    SELECT id, 'leadership', 1.0 FROM entries WHERE id >= ?1 AND id < ?1 + ?2 ON CONFLICT DO NOTHING";

/// Fills up to `n_entries`, shared out evenly among the feeds; how many there are then. Indexes are built afterwards, as
/// that is much faster, and durability is off while it runs.
pub fn fill(path: &Path, n_entries: usize) -> i64 {
    let db = Connection::open(path).unwrap();
    let number = |sql: &str| -> i64 { db.query_row(sql, [], |row| row.get(0)).unwrap() };
    let stored = number("SELECT count(*) FROM entries");
    let missing = i64::try_from(n_entries).unwrap() - stored;
    if missing <= 0 {
        return stored;
    }
    let each = missing / number("SELECT count(*) FROM feeds") + 1;
    db.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA foreign_keys = OFF;")
        .unwrap();
    let indexes = indexes(&db);
    for (name, _) in &indexes {
        db.execute_batch(&format!("DROP INDEX {name}")).unwrap();
    }
    // In parts: one transaction of gigabytes makes a log that is slow to look things up in.
    let last = number("SELECT max(id) FROM feeds");
    for from in (0..=last).step_by(FEEDS_AT_ONCE as usize) {
        db.execute(
            ENTRIES,
            params![each, DAYS * 86_400, RULES_VERSION, from, FEEDS_AT_ONCE],
        )
        .unwrap();
    }
    let last = number("SELECT max(id) FROM entries");
    for from in (stored..=last).step_by(ENTRIES_AT_ONCE as usize) {
        for sql in [STORIES, STORY_ENTRIES, THEMES] {
            db.execute(sql, params![from, ENTRIES_AT_ONCE]).unwrap();
        }
    }
    for (_, sql) in &indexes {
        db.execute_batch(sql).unwrap();
    }
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    number("SELECT count(*) FROM entries")
}

/// Name and text of the indexes of what is filled.
fn indexes(db: &Connection) -> Vec<(String, String)> {
    let mut statement = db
        .prepare(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL
             AND tbl_name IN ('entries', 'stories', 'story_entries', 'entry_themes')",
        )
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}
