-- For inputs without an outcome that were produced in a period. The rows are
-- roughly in the order of time, so that a block range index suffices.

-- +goose Up
CREATE INDEX outcomes_by_time ON outcomes USING brin (time);
