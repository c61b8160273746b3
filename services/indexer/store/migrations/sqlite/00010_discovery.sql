-- Sites whose articles the discoverer finds, and their endpoints. Times are in
-- microseconds since 1970, and 0 means never.

-- +goose Up
CREATE TABLE discovery_sources (
    id       TEXT    PRIMARY KEY,
    url      TEXT    NOT NULL UNIQUE, -- of the home page, in canonical form
    labels   TEXT    NOT NULL,        -- a JSON object, for all its articles
    state    TEXT    NOT NULL,        -- active or paused
    add_time INTEGER NOT NULL,
    day      INTEGER NOT NULL,        -- days since 1970, of the last poll
    requests INTEGER NOT NULL         -- polls on that day
) STRICT, WITHOUT ROWID;
CREATE TABLE discovery_endpoints (
    id            TEXT    PRIMARY KEY,
    source_id     TEXT    NOT NULL,
    url           TEXT    NOT NULL,
    purpose       INTEGER NOT NULL, -- dateline.v1.Purpose
    state         TEXT    NOT NULL, -- candidate, active or retired
    reason        TEXT    NOT NULL, -- of the last failure, or why it was retired
    hint          TEXT    NOT NULL, -- how it was found
    add_time      INTEGER NOT NULL,
    next_poll     INTEGER NOT NULL,
    poll          INTEGER NOT NULL, -- number of the last request
    settled       INTEGER NOT NULL, -- number of the last request whose response was read
    poll_time     INTEGER NOT NULL,
    new_time      INTEGER NOT NULL, -- when it last listed something new
    articles      INTEGER NOT NULL, -- new articles so far
    schedule      BLOB    NOT NULL,
    signature     BLOB    NOT NULL  -- hashes of what it listed last
) STRICT;
CREATE INDEX discovery_endpoints_by_source ON discovery_endpoints (source_id);
CREATE INDEX discovery_endpoints_due ON discovery_endpoints (next_poll) WHERE state <> 'retired';
