-- The name that a site gave itself in the last record that has one. Empty until then.

-- +goose Up
ALTER TABLE sources ADD COLUMN name TEXT NOT NULL DEFAULT '';
