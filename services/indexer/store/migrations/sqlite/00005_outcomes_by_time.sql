-- For inputs without an outcome that were produced in a period.

-- +goose Up
CREATE INDEX outcomes_by_time ON outcomes (time);
