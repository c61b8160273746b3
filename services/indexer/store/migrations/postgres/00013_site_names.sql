-- The name that a site gave itself in the last record that has one. Empty until then.

-- +goose Up
ALTER TABLE sources ADD COLUMN name text NOT NULL DEFAULT '';

-- A search needs the first member of each story, and the members near a position.
DROP INDEX articles_by_story;
CREATE INDEX articles_by_story ON articles (story, sort_time, row) WHERE story IS NOT NULL;
