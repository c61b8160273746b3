-- Articles of endpoints that wait for the daily maximum, and the sources of a host.

-- +goose Up
ALTER TABLE discovery_endpoints ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0; -- articles that it lists and that were too many
CREATE INDEX discovery_sources_by_url ON discovery_sources (url);
DELETE FROM discovery_shapes WHERE source_id NOT IN (SELECT id FROM discovery_sources);
