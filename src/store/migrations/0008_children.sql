-- Rows that point at another row are looked for when that one is deleted. Without these, erasing one reader walked every
-- delivery, and each old story walked all stories and all that any audience was shown.
DROP INDEX deliveries_history;
CREATE INDEX deliveries_history ON deliveries (subscription_id, queued_at) WHERE subscription_id IS NOT NULL;
CREATE INDEX deliveries_recipient ON deliveries (recipient) WHERE recipient <> '';
CREATE INDEX audience_stories_story ON audience_stories (story_id);
CREATE INDEX stories_merged ON stories (merged_into) WHERE merged_into IS NOT NULL;
