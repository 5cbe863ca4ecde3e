-- What became of stories: two made one, entries taken out of one. Stories keep only where they ended.
CREATE TABLE story_history (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  kind      TEXT    NOT NULL CHECK (kind IN ('merge','split')),
  story_id  INTEGER NOT NULL REFERENCES stories(id) ON DELETE CASCADE,   -- the story that goes on
  other_id  INTEGER NOT NULL,                      -- the story that ended in it, or that was taken out of it
  n_entries INTEGER NOT NULL DEFAULT 0,            -- entries that changed their story
  source    TEXT    NOT NULL,                      -- engine, operator, reader:12
  at        INTEGER NOT NULL
) STRICT;
CREATE INDEX story_history_story ON story_history (story_id);
CREATE INDEX story_history_other ON story_history (other_id);
