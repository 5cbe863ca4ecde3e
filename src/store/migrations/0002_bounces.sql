-- What came back: one row for each report about a mail of ours, by the address's hash so that it outlives the person.
CREATE TABLE bounces (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  address_hash  BLOB    NOT NULL,                  -- HMAC(token key, address key), as in suppressions
  subscriber_id INTEGER REFERENCES subscribers(id) ON DELETE SET NULL,
  kind          TEXT    NOT NULL CHECK (kind IN ('hard','soft','policy','complaint')),
  status        TEXT    NOT NULL DEFAULT '',       -- RFC 3463 code
  words         TEXT    NOT NULL DEFAULT '',       -- what the other server said
  at            INTEGER NOT NULL
) STRICT;
CREATE INDEX bounces_address    ON bounces (address_hash, at);
CREATE INDEX bounces_at         ON bounces (at);
CREATE INDEX bounces_subscriber ON bounces (subscriber_id) WHERE subscriber_id IS NOT NULL;
