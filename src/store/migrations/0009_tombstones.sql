-- Old tombstones are looked for every minute; there may be as many as a year had entries.
CREATE INDEX entry_tombstones_deleted ON entry_tombstones (deleted_at);
