-- Readers' words on stories, from answers to a digest; the stage that places entries takes them up.
CREATE TABLE correction_requests (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  kind           TEXT    NOT NULL CHECK (kind IN ('merge','split')),
  story_id       INTEGER NOT NULL,                 -- the story that goes on, or that is split
  lead_entry_id  INTEGER NOT NULL,                 -- the headline that stands apart, for a split
  other_story_id INTEGER NOT NULL DEFAULT 0,       -- the story that ends in the first, for a merge
  subscriber_id  INTEGER REFERENCES subscribers(id) ON DELETE SET NULL,
  at             INTEGER NOT NULL,
  outcome        TEXT    NOT NULL DEFAULT ''       -- '' = waits
) STRICT;
CREATE INDEX correction_requests_waiting ON correction_requests (id) WHERE outcome = '';
CREATE INDEX correction_requests_reader  ON correction_requests (subscriber_id, at);
CREATE INDEX correction_requests_at      ON correction_requests (at);
