-- For the inputs that were handed over within a time and have no outcome.

-- +goose Up
CREATE INDEX outcomes_by_time ON outcomes (time);
