-- Lists of feeds kept elsewhere (OPML by address), and the feeds each named when it was last read.
CREATE TABLE feed_lists (
  key             TEXT    PRIMARY KEY,             -- [[feed_list]].key
  url             TEXT    NOT NULL,                -- as configured when it was last asked
  next_fetch_at   INTEGER NOT NULL,                -- also the lease: a claim moves it forward
  last_fetch_at   INTEGER NOT NULL DEFAULT 0,
  last_success_at INTEGER NOT NULL DEFAULT 0,
  etag            TEXT    NOT NULL DEFAULT '',
  last_modified   TEXT    NOT NULL DEFAULT '',
  failures        INTEGER NOT NULL DEFAULT 0,      -- in a row
  error           TEXT    NOT NULL DEFAULT '',
  n_left_out      INTEGER NOT NULL DEFAULT 0       -- feeds above the list's limit
) STRICT, WITHOUT ROWID;

CREATE TABLE listed_feeds (
  list_key   TEXT    NOT NULL REFERENCES feed_lists(key) ON DELETE CASCADE,
  url        TEXT    NOT NULL,
  feed_key   TEXT    NOT NULL,                     -- given once, so that its entries stay its own
  name       TEXT    NOT NULL DEFAULT '',
  feed_group TEXT    NOT NULL DEFAULT '',          -- the folder it stood in
  added_at   INTEGER NOT NULL,
  PRIMARY KEY (list_key, url)
) STRICT, WITHOUT ROWID;
