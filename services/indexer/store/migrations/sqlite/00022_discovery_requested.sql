-- Polls whose requests were published. A claim without its request is published by the next owner.

-- +goose Up
ALTER TABLE discovery_endpoints ADD COLUMN requested INTEGER NOT NULL DEFAULT 0; -- number of the last request that was published
UPDATE discovery_endpoints SET requested = poll;
