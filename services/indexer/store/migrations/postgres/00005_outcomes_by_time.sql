-- For the inputs that were handed over within a time and have no outcome. Rows
-- lie about in the order of time, so that a summary of each range of them will do.

-- +goose Up
CREATE INDEX outcomes_by_time ON outcomes USING brin (time);
