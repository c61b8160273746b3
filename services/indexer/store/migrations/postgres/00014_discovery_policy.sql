-- The policy of a source, its searches for endpoints, and visits to its articles.

-- +goose Up
ALTER TABLE discovery_sources
    ADD COLUMN policy text NOT NULL DEFAULT '{}',    -- a JSON object
    ADD COLUMN visits bytea NOT NULL DEFAULT '',     -- visits to articles by hour
    ADD COLUMN taken bytea NOT NULL DEFAULT '',      -- articles found by hour
    ADD COLUMN search_time bigint NOT NULL DEFAULT 0; -- of the last search for endpoints
ALTER TABLE discovery_articles
    ADD COLUMN request bytea NOT NULL DEFAULT '',    -- dateline.v1.FetchRequest
    ADD COLUMN request_time bigint NOT NULL DEFAULT 0,
    ADD COLUMN visit bigint NOT NULL DEFAULT 0,      -- number of the last visit
    ADD COLUMN awaited bigint NOT NULL DEFAULT 1;    -- 1 if its outcome is awaited, 0 if a visit is due
UPDATE discovery_articles SET request_time = find_time;
