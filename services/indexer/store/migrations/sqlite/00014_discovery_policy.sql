-- The policy of a source, its searches for endpoints, and visits to its articles.

-- +goose Up
ALTER TABLE discovery_sources ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';       -- a JSON object
ALTER TABLE discovery_sources ADD COLUMN visits BLOB NOT NULL DEFAULT x'';        -- visits to articles by hour
ALTER TABLE discovery_sources ADD COLUMN taken BLOB NOT NULL DEFAULT x'';         -- articles found by hour
ALTER TABLE discovery_sources ADD COLUMN search_time INTEGER NOT NULL DEFAULT 0;  -- of the last search for endpoints
ALTER TABLE discovery_articles ADD COLUMN request BLOB NOT NULL DEFAULT x'';      -- dateline.v1.FetchRequest
ALTER TABLE discovery_articles ADD COLUMN request_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE discovery_articles ADD COLUMN visit INTEGER NOT NULL DEFAULT 0;       -- number of the last visit
ALTER TABLE discovery_articles ADD COLUMN awaited INTEGER NOT NULL DEFAULT 1;     -- 1 if its outcome is awaited, 0 if a visit is due
UPDATE discovery_articles SET request_time = find_time;
