-- The text of articles' own pages, for feeds with full_text. Read by tagging and clustering, never mailed.
CREATE TABLE entry_texts (
  entry_id INTEGER PRIMARY KEY REFERENCES entries(id) ON DELETE CASCADE,
  status   TEXT    NOT NULL CHECK (status IN ('waiting','read','failed')),
  next_at  INTEGER NOT NULL,                       -- when the page is asked for (again); also the lease of a claim
  attempts INTEGER NOT NULL DEFAULT 0,
  text     TEXT    NOT NULL DEFAULT '',
  error    TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX entry_texts_waiting ON entry_texts (next_at) WHERE status = 'waiting';
