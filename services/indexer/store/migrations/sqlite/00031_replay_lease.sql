-- The process that carries out a run of dateline replay, and the time until which it has the
-- run, in microseconds since 1970. 0 means that no process has it.

-- +goose Up
ALTER TABLE replay_runs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE replay_runs ADD COLUMN lease_time INTEGER NOT NULL DEFAULT 0;
