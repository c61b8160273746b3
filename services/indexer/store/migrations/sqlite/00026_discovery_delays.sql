-- The delays from publication to discovery of the last articles of a source.

-- +goose Up
ALTER TABLE discovery_sources ADD COLUMN delays BLOB NOT NULL DEFAULT x''; -- seconds, four bytes each, the oldest first
