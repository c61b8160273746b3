-- Sites whose articles the discoverer finds, and their endpoints. Times are in
-- microseconds since 1970, and 0 means never.

-- +goose Up
CREATE TABLE discovery_sources (
    id       text    PRIMARY KEY,
    url      text    NOT NULL UNIQUE, -- of the home page, in canonical form
    labels   text    NOT NULL,        -- a JSON object, for all its articles
    state    text    NOT NULL,        -- active or paused
    add_time bigint  NOT NULL,
    day      bigint  NOT NULL,        -- days since 1970, of the last poll
    requests bigint  NOT NULL         -- polls on that day
);
CREATE TABLE discovery_endpoints (
    id            text    PRIMARY KEY,
    source_id     text    NOT NULL,
    url           text    NOT NULL,
    purpose       bigint  NOT NULL, -- dateline.v1.Purpose
    state         text    NOT NULL, -- candidate, active or retired
    reason        text    NOT NULL, -- of the last failure, or why it was retired
    hint          text    NOT NULL, -- how it was found
    add_time      bigint  NOT NULL,
    next_poll     bigint  NOT NULL,
    poll          bigint  NOT NULL, -- number of the last request
    settled       bigint  NOT NULL, -- number of the last request whose response was read
    poll_time     bigint  NOT NULL,
    new_time      bigint  NOT NULL, -- when it last listed something new
    articles      bigint  NOT NULL, -- new articles so far
    schedule      bytea   NOT NULL,
    signature     bytea   NOT NULL  -- hashes of what it listed last
);
CREATE INDEX discovery_endpoints_by_source ON discovery_endpoints (source_id);
CREATE INDEX discovery_endpoints_due ON discovery_endpoints (next_poll) WHERE state <> 'retired';
