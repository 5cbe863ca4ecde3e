-- A schedule that a reader takes up counts from then: its slots of the months before are nobody's.
ALTER TABLE subscriptions ADD COLUMN schedule_since INTEGER NOT NULL DEFAULT 0;  -- 0 = with the subscription
