-- What an endpoint listed last is in a table of its own, so that a poll that brings nothing new
-- does not write it. The requests of a source are counted by hour, over 24 hours.

-- +goose Up
CREATE TABLE discovery_signatures (
    endpoint_id text  PRIMARY KEY,
    signature   bytea NOT NULL     -- hashes of what it listed last
);
INSERT INTO discovery_signatures SELECT id, signature FROM discovery_endpoints WHERE length(signature) > 0;
ALTER TABLE discovery_endpoints DROP COLUMN signature;
ALTER TABLE discovery_sources DROP COLUMN day, DROP COLUMN requests,
    ADD COLUMN budget bytea NOT NULL DEFAULT '',   -- requests by hour
    ADD COLUMN open_time bigint NOT NULL DEFAULT 0; -- when the budget allows the next poll
