-- The last reading of an endpoint that brought new articles, so that its outcome is the same
-- if the response is delivered again.

-- +goose Up
ALTER TABLE discovery_endpoints ADD COLUMN new_poll bigint NOT NULL DEFAULT 0; -- number of its request
ALTER TABLE discovery_endpoints ADD COLUMN new_detail text NOT NULL DEFAULT ''; -- of its outcome
