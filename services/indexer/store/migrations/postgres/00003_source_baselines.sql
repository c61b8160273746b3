-- +goose Up
-- How much a source usually publishes in each hour of the week (see package
-- baseline), and the hour at whose beginning it is silent if nothing new comes
-- after its last: NULL where too little is known of it.
CREATE TABLE source_baselines (
    host        text COLLATE "C" PRIMARY KEY,
    last_hour   integer NOT NULL,
    silent_hour integer,
    baseline    bytea   NOT NULL
);
CREATE INDEX source_baselines_by_silence ON source_baselines (silent_hour);

-- The hours before this one are in the baselines, and of this one the hosts up
-- to this.
CREATE TABLE source_rollup (
    hour integer NOT NULL,
    host text COLLATE "C" NOT NULL
);
INSERT INTO source_rollup (hour, host) VALUES (0, '');

-- Which hosts brought something new in an hour: stage index, produced.
CREATE INDEX source_hours_new ON source_hours (hour, host) WHERE stage = 4 AND verdict = 1 AND reason = 'new';
