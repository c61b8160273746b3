-- +goose Up
-- How much a source usually publishes in each hour of the week (see package
-- baseline). It is silent from the start of silent_hour on unless it publishes a
-- new article before; NULL if too little is known about the source.
CREATE TABLE source_baselines (
    host        TEXT    NOT NULL PRIMARY KEY,
    last_hour   INTEGER NOT NULL,
    silent_hour INTEGER,
    baseline    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX source_baselines_by_silence ON source_baselines (silent_hour);

-- The baselines include all hours before this one and, of this hour, the hosts up
-- to and including this one.
CREATE TABLE source_rollup (
    hour INTEGER NOT NULL,
    host TEXT    NOT NULL
) STRICT;
INSERT INTO source_rollup (hour, host) VALUES (0, '');

-- The hosts that published new articles in an hour: stage index, verdict produced.
CREATE INDEX source_hours_new ON source_hours (hour, host) WHERE stage = 4 AND verdict = 1 AND reason = 'new';
