-- What an endpoint listed last is in a table of its own, so that a poll that brings nothing new
-- does not write it. The requests of a source are counted by hour, over 24 hours.

-- +goose Up
CREATE TABLE discovery_signatures (
    endpoint_id TEXT PRIMARY KEY,
    signature   BLOB NOT NULL      -- hashes of what it listed last
) STRICT;
INSERT INTO discovery_signatures SELECT id, signature FROM discovery_endpoints WHERE length(signature) > 0;
ALTER TABLE discovery_endpoints DROP COLUMN signature;
ALTER TABLE discovery_sources DROP COLUMN day;
ALTER TABLE discovery_sources DROP COLUMN requests;
ALTER TABLE discovery_sources ADD COLUMN budget BLOB NOT NULL DEFAULT x'';     -- requests by hour
ALTER TABLE discovery_sources ADD COLUMN open_time INTEGER NOT NULL DEFAULT 0; -- when the budget allows the next poll
