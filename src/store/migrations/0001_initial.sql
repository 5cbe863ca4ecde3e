-- The complete first schema. All times (_at, window_*) are INTEGER unix seconds, UTC; 0 means never.

CREATE TABLE feeds (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  key         TEXT    NOT NULL UNIQUE,             -- [[feed]].key; stable name in logs and commands
  url         TEXT    NOT NULL,                    -- as configured
  name        TEXT    NOT NULL DEFAULT '',         -- outlet as readers see it: [[feed]].name
  title       TEXT    NOT NULL DEFAULT '',         -- from the feed; stands in when name is empty
  site_url    TEXT    NOT NULL DEFAULT '',
  owner       TEXT    NOT NULL DEFAULT '',         -- reports of one owner count once as independent
  feed_group  TEXT    NOT NULL DEFAULT '',
  weight      REAL    NOT NULL DEFAULT 1.0,
  press_release INTEGER NOT NULL DEFAULT 0 CHECK (press_release IN (0, 1)),
  status      TEXT    NOT NULL DEFAULT 'active' CHECK (status IN ('active','paused','gone','removed')),
  added_at    INTEGER NOT NULL
) STRICT;

-- One hot row a feed, rewritten at every poll; kept apart from feeds so that a poll never rewrites identity.
CREATE TABLE fetch_state (
  feed_id         INTEGER PRIMARY KEY REFERENCES feeds(id) ON DELETE CASCADE,
  next_fetch_at   INTEGER NOT NULL,                -- also the lease: a claim moves it forward
  next_reason     TEXT    NOT NULL DEFAULT '',     -- why then, in one phrase
  last_fetch_at   INTEGER NOT NULL DEFAULT 0,
  last_success_at INTEGER NOT NULL DEFAULT 0,
  last_full_at    INTEGER NOT NULL DEFAULT 0,      -- last unconditional request
  last_change_at  INTEGER NOT NULL DEFAULT 0,
  effective_url   TEXT    NOT NULL DEFAULT '',     -- after proven permanent redirects; '' = the configured one
  moved_to        TEXT    NOT NULL DEFAULT '',     -- target of a permanent redirect not proven yet
  moved_count     INTEGER NOT NULL DEFAULT 0,
  moved_since_at  INTEGER NOT NULL DEFAULT 0,
  etag            TEXT    NOT NULL DEFAULT '',     -- opaque; sent back byte for byte
  last_modified   TEXT    NOT NULL DEFAULT '',
  body_hash       BLOB    NOT NULL DEFAULT x'',    -- 200 with the same bytes = no change
  failures        INTEGER NOT NULL DEFAULT 0,      -- in a row
  failing_since_at INTEGER NOT NULL DEFAULT 0,
  http_status     INTEGER NOT NULL DEFAULT 0,
  error_kind      TEXT    NOT NULL DEFAULT '',
  error           TEXT    NOT NULL DEFAULT '',
  ttl_secs        INTEGER NOT NULL DEFAULT 0,      -- ttl, sy:updatePeriod of the last document
  skip_hours      INTEGER NOT NULL DEFAULT 0,      -- bit n: not in hour n, UTC
  skip_days       INTEGER NOT NULL DEFAULT 0,      -- bit n: not on weekday n, 0 is Monday
  recent          TEXT    NOT NULL DEFAULT '',     -- dates of the newest entries, newest first: the feed's rhythm
  n_items         INTEGER NOT NULL DEFAULT 0,      -- of the last document
  n_undated       INTEGER NOT NULL DEFAULT 0,
  n_new           INTEGER NOT NULL DEFAULT 0,
  history         TEXT    NOT NULL DEFAULT ''      -- the latest 20 polls, one a line: at, outcome, status, new, bytes, ms
) STRICT;
CREATE INDEX fetch_state_due ON fetch_state (next_fetch_at);

-- A host that asked us to wait (Retry-After): applies to all its feeds.
CREATE TABLE host_pauses (
  host       TEXT    PRIMARY KEY,
  until_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  feed_id       INTEGER NOT NULL REFERENCES feeds(id) ON DELETE CASCADE,
  identity      BLOB    NOT NULL,                  -- sha256 of the identity key, see ingest/normalize.rs
  identity_kind TEXT    NOT NULL CHECK (identity_kind IN ('guid','link','text')),
  url           TEXT    NOT NULL DEFAULT '',       -- canonical link, '' = the item had none
  title         TEXT    NOT NULL,                  -- plain text, never empty
  summary       TEXT    NOT NULL DEFAULT '',       -- plain text, capped
  author        TEXT    NOT NULL DEFAULT '',
  language      TEXT    NOT NULL DEFAULT '',
  publisher     TEXT    NOT NULL DEFAULT '',       -- named by an aggregator; '' = the feed's outlet
  categories    TEXT    NOT NULL DEFAULT '',       -- one a line
  published_at  INTEGER,                           -- NULL = the feed gave no usable date
  first_seen_at INTEGER NOT NULL,
  dated_at      INTEGER NOT NULL,                  -- min(published, first seen), what every window uses
  content_hash  BLOB    NOT NULL,                  -- title + summary + url; a change bumps revision
  revision      INTEGER NOT NULL DEFAULT 0,        -- capped, so a page with a clock in it cannot churn
  history       INTEGER NOT NULL DEFAULT 0 CHECK (history IN (0, 1)),  -- 1 = never mailed as news
  rules_version INTEGER NOT NULL DEFAULT 0,        -- of the tag/cluster rules last applied; 0 = not yet
  UNIQUE (feed_id, identity)
) STRICT;
CREATE INDEX entries_dated ON entries (dated_at);
CREATE INDEX entries_url   ON entries (url) WHERE url <> '';
CREATE INDEX entries_todo  ON entries (rules_version, dated_at);
CREATE INDEX entries_seen  ON entries (first_seen_at);

-- What retention deleted but the feed still lists; without it old items come back as news.
CREATE TABLE entry_tombstones (
  feed_id    INTEGER NOT NULL REFERENCES feeds(id) ON DELETE CASCADE,
  identity   BLOB    NOT NULL,
  deleted_at INTEGER NOT NULL,
  PRIMARY KEY (feed_id, identity)
) STRICT, WITHOUT ROWID;

CREATE TABLE stories (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  lead_entry_id INTEGER NOT NULL REFERENCES entries(id),   -- whose headline stands for the story
  first_at      INTEGER NOT NULL,
  last_at       INTEGER NOT NULL,
  merged_into   INTEGER REFERENCES stories(id)             -- NULL = a living story
) STRICT;
CREATE INDEX stories_living ON stories (last_at) WHERE merged_into IS NULL;
CREATE INDEX stories_lead   ON stories (lead_entry_id);

-- An entry is in exactly one story: the key is the entry.
CREATE TABLE story_entries (
  entry_id   INTEGER PRIMARY KEY REFERENCES entries(id) ON DELETE CASCADE,
  story_id   INTEGER NOT NULL REFERENCES stories(id),
  reason     TEXT    NOT NULL CHECK (reason IN ('first','same_url','reprint','similar','corrected')),
  like_entry INTEGER,                              -- the entry it reprints or resembles most
  similarity REAL    NOT NULL DEFAULT 1.0,
  evidence   TEXT    NOT NULL DEFAULT '',          -- shared terms and gates, for people
  near       TEXT    NOT NULL DEFAULT '',          -- nearest entries when it was placed, '12:0.43 15:0.31'
  marks      TEXT    NOT NULL DEFAULT '',          -- opinion, live_blog, ... comma-separated
  joined_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX story_entries_story ON story_entries (story_id, entry_id);

-- A person's word on two entries; the engine keeps it from then on.
CREATE TABLE corrections (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  kind     TEXT    NOT NULL CHECK (kind IN ('together','apart')),
  entry_a  INTEGER NOT NULL REFERENCES entries(id) ON DELETE CASCADE,
  entry_b  INTEGER NOT NULL REFERENCES entries(id) ON DELETE CASCADE,
  source   TEXT    NOT NULL DEFAULT 'operator',
  at       INTEGER NOT NULL
) STRICT;
CREATE INDEX corrections_a ON corrections (entry_a);
CREATE INDEX corrections_b ON corrections (entry_b);

CREATE TABLE mentions (
  entry_id INTEGER NOT NULL REFERENCES entries(id) ON DELETE CASCADE,
  company  TEXT    NOT NULL,                       -- slug
  name     TEXT    NOT NULL,
  ticker   TEXT    NOT NULL DEFAULT '',
  surface  TEXT    NOT NULL,                       -- the words that matched: the answer to "why?"
  place    TEXT    NOT NULL CHECK (place IN ('title','summary')),
  score    REAL    NOT NULL,
  about    INTEGER NOT NULL DEFAULT 0 CHECK (about IN (0, 1)),
  unlisted INTEGER NOT NULL DEFAULT 0 CHECK (unlisted IN (0, 1)),
  reason   TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (entry_id, company)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_company ON mentions (company, entry_id);

CREATE TABLE entry_themes (
  entry_id INTEGER NOT NULL REFERENCES entries(id) ON DELETE CASCADE,
  theme    TEXT    NOT NULL,                       -- slug
  score    REAL    NOT NULL,
  reason   TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (entry_id, theme)
) STRICT, WITHOUT ROWID;
CREATE INDEX entry_themes_theme ON entry_themes (theme, entry_id);

-- Names of themes as readers see them; written by the stage that tags, read by the one that composes.
CREATE TABLE themes (
  slug  TEXT    PRIMARY KEY,
  name  TEXT    NOT NULL,
  event INTEGER NOT NULL DEFAULT 0 CHECK (event IN (0, 1))   -- 1 = what happened (earnings), 0 = the field (chips)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscribers (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  address     TEXT    NOT NULL,                    -- as the person wrote it; what we send to
  address_key TEXT    NOT NULL UNIQUE,             -- folded; what we compare
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE subscriptions (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  subscriber_id INTEGER NOT NULL REFERENCES subscribers(id) ON DELETE CASCADE,
  digest_key    TEXT    NOT NULL,                  -- [[digest]].key
  status        TEXT    NOT NULL CHECK (status IN ('pending','active','ended')),
  source        TEXT    NOT NULL CHECK (source IN ('mail','web','admin','config')),
  choices       TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(choices)),  -- model::Choices, canonical form
  schedule      TEXT    NOT NULL DEFAULT '',       -- '' = the digest's own; else the reader's, see model::Slot
  token_hash    BLOB    NOT NULL DEFAULT x'',      -- sha256 of the confirm token, never the token
  token_expires_at INTEGER NOT NULL DEFAULT 0,
  asked_at      INTEGER NOT NULL,
  confirmed_at  INTEGER NOT NULL DEFAULT 0,
  ended_at      INTEGER NOT NULL DEFAULT 0,
  end_reason    TEXT    NOT NULL DEFAULT '' CHECK (end_reason IN ('','asked','one_click','bounced','complained','admin','expired')),
  UNIQUE (subscriber_id, digest_key)
) STRICT;
CREATE INDEX subscriptions_active ON subscriptions (digest_key, schedule, id) WHERE status = 'active';
CREATE UNIQUE INDEX subscriptions_token ON subscriptions (token_hash) WHERE token_hash <> x'';

-- Proof of consent: one row for each step, each hashed with the one before.
CREATE TABLE consents (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  subscription_id INTEGER NOT NULL REFERENCES subscriptions(id) ON DELETE CASCADE,
  step            TEXT    NOT NULL CHECK (step IN ('asked','confirmed','ended','changed')),
  way             TEXT    NOT NULL,                -- 'mail', 'web', 'admin', 'one_click'
  evidence        TEXT    NOT NULL DEFAULT '',     -- Message-ID or shortened network address
  at              INTEGER NOT NULL,
  chain           BLOB    NOT NULL                 -- sha256(previous chain, this row)
) STRICT;
CREATE INDEX consents_subscription ON consents (subscription_id);

CREATE TABLE suppressions (                        -- outlives the subscriber row
  address_hash BLOB PRIMARY KEY,                   -- HMAC(token key, address key)
  reason       TEXT NOT NULL CHECK (reason IN ('hard_bounce','complaint','admin','erased')),
  at           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An edition: one frozen issue of a digest, so a later merge of stories cannot change it.
-- 'queueing' until every subscription active at composed_at has its delivery row.
CREATE TABLE editions (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  digest_key   TEXT    NOT NULL,
  schedule     TEXT    NOT NULL DEFAULT '',
  slot         TEXT    NOT NULL,                   -- local slot, '2026-03-29T07:00[Europe/Paris]'
  due_at       INTEGER NOT NULL,
  window_from  INTEGER NOT NULL,
  window_to    INTEGER NOT NULL,
  story_count  INTEGER NOT NULL,
  content      TEXT    NOT NULL CHECK (json_valid(content)),  -- model::Edition
  outcome      TEXT    NOT NULL CHECK (outcome IN ('queueing','queued','empty','missed')),
  composed_at  INTEGER NOT NULL,
  UNIQUE (digest_key, schedule, slot)              -- the guard against a second edition for one slot
) STRICT;
CREATE INDEX editions_due ON editions (digest_key, schedule, due_at);

-- The readers of an edition who get the identical mail: same choices, same history, same window.
CREATE TABLE audiences (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  edition_id INTEGER NOT NULL REFERENCES editions(id) ON DELETE CASCADE,
  key        BLOB    NOT NULL,                     -- sha256 of choices, history and window
  choices    TEXT    NOT NULL CHECK (json_valid(choices)),
  layout     TEXT    NOT NULL CHECK (json_valid(layout)),     -- model::Layout
  UNIQUE (edition_id, key)
) STRICT;

-- What an audience was shown: the ledger behind "nothing you were sent before".
CREATE TABLE audience_stories (
  audience_id INTEGER NOT NULL REFERENCES audiences(id) ON DELETE CASCADE,
  story_id    INTEGER NOT NULL REFERENCES stories(id),
  PRIMARY KEY (audience_id, story_id)
) STRICT, WITHOUT ROWID;

-- The outbox. A row is written in the transaction that decided to send it. A digest delivery names its audience and
-- is rendered when sent; replies and confirmations carry their bytes.
CREATE TABLE deliveries (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  dedupe_key      TEXT    NOT NULL UNIQUE,         -- 'e12:s7', 'confirm:7:1772...'
  kind            TEXT    NOT NULL CHECK (kind IN ('digest','confirm','welcome','goodbye','reply','admin')),
  audience_id     INTEGER REFERENCES audiences(id),           -- NULL for everything but a digest
  subscription_id INTEGER REFERENCES subscriptions(id) ON DELETE CASCADE,
  recipient       TEXT    NOT NULL DEFAULT '',     -- only where there is no subscription (a stranger's answer, admin)
  message_id      TEXT    NOT NULL,                -- ours, the same at every attempt
  message         BLOB    NOT NULL DEFAULT x'',    -- RFC 5322 bytes of a reply; emptied once the row is final
  status          TEXT    NOT NULL DEFAULT 'queued' CHECK (status IN ('queued','claimed','committing','sent','failed','superseded','uncertain','cancelled')),
  epoch           INTEGER NOT NULL DEFAULT 0,      -- of the process that claimed it
  attempts        INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL,
  last_reply      TEXT    NOT NULL DEFAULT '',     -- '451 4.7.1 try later'
  queued_at       INTEGER NOT NULL,
  final_at        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX deliveries_due     ON deliveries ((kind = 'digest'), next_attempt_at, id) WHERE status = 'queued';
CREATE INDEX deliveries_held    ON deliveries (status, epoch) WHERE status IN ('claimed','committing','uncertain');
CREATE INDEX deliveries_history ON deliveries (subscription_id, queued_at) WHERE audience_id IS NOT NULL;
CREATE INDEX deliveries_audience ON deliveries (audience_id) WHERE audience_id IS NOT NULL;
CREATE INDEX deliveries_final   ON deliveries (final_at) WHERE final_at > 0;

CREATE TABLE attempts (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_id INTEGER NOT NULL REFERENCES deliveries(id) ON DELETE CASCADE,
  at          INTEGER NOT NULL,
  outcome     TEXT    NOT NULL CHECK (outcome IN ('accepted','refused','not_sent','unknown')),
  phase       TEXT    NOT NULL DEFAULT '',
  code        INTEGER NOT NULL DEFAULT 0,
  enhanced    TEXT    NOT NULL DEFAULT '',
  reply       TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX attempts_delivery ON attempts (delivery_id);

CREATE TABLE inbound (                             -- one row a mail received: loop and replay guard
  fingerprint BLOB    PRIMARY KEY,                 -- sha256 of the message
  received_at INTEGER NOT NULL,
  outcome     TEXT    NOT NULL                     -- 'confirm_sent', 'ignored:auto_submitted', ...
) STRICT, WITHOUT ROWID;
CREATE INDEX inbound_received ON inbound (received_at);

-- Mails sent to people who did not ask twice: the budget against list bombs. The key is a hash, never an address.
CREATE TABLE reply_budget (
  key BLOB    NOT NULL,
  at  INTEGER NOT NULL
) STRICT;
CREATE INDEX reply_budget_key ON reply_budget (key, at);
CREATE INDEX reply_budget_at  ON reply_budget (at);

CREATE TABLE settings (                            -- small facts of this installation: token key, epoch, heartbeat
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (                              -- what an operator asks about afterwards
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  kind    TEXT    NOT NULL,                        -- 'feed.gone', 'digest.queued', 'subscription.confirmed'
  subject TEXT    NOT NULL,                        -- 'feed:acme-news', 'edition:12'; never an address
  detail  TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(detail))
) STRICT;
CREATE INDEX events_at ON events (at);
