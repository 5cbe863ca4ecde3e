-- WebSub: what a feed's answer says of its hub, and what we arranged with that hub.
ALTER TABLE fetch_state ADD COLUMN hub   TEXT NOT NULL DEFAULT '';   -- address of the hub, '' = the feed names none
ALTER TABLE fetch_state ADD COLUMN topic TEXT NOT NULL DEFAULT '';   -- what the hub knows the feed by
CREATE INDEX fetch_state_hub ON fetch_state (feed_id) WHERE hub <> '';

CREATE TABLE websub (
  feed_id        INTEGER PRIMARY KEY REFERENCES feeds(id) ON DELETE CASCADE,
  hub            TEXT    NOT NULL,
  topic          TEXT    NOT NULL,
  path           TEXT    NOT NULL UNIQUE,          -- last part of the callback: 128 random bits
  secret         TEXT    NOT NULL,                 -- hub.secret, 160 random bits
  status         TEXT    NOT NULL CHECK (status IN ('asked','active','leaving')),
  next_at        INTEGER NOT NULL,                 -- when the hub is asked (again); also the lease of a claim
  lease_until_at INTEGER NOT NULL DEFAULT 0,
  unanswered     INTEGER NOT NULL DEFAULT 0,       -- requests in a row that led to no subscription
  error          TEXT    NOT NULL DEFAULT '',
  n_pushes       INTEGER NOT NULL DEFAULT 0,
  last_push_at   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX websub_due ON websub (next_at);
