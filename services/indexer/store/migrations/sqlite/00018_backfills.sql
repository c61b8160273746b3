-- Backfills of sources: the sitemaps that they walk and the URLs that they have found.
-- Times are in microseconds since 1970, and 0 means never.

-- +goose Up
CREATE TABLE discovery_backfills (
    source_id       TEXT    PRIMARY KEY,
    run             INTEGER NOT NULL, -- when it was started; it identifies the rows below
    since           INTEGER NOT NULL, -- dates of the articles to take
    until           INTEGER NOT NULL,
    undated         INTEGER NOT NULL, -- 1 if articles without a date are taken
    state           TEXT    NOT NULL, -- running, done or cancelled
    reason          TEXT    NOT NULL, -- of the last sitemap that could not be read
    end_time        INTEGER NOT NULL,
    due             INTEGER NOT NULL, -- when it continues; 0 if nothing is left to do
    budget          BLOB    NOT NULL, -- requests by hour
    sitemaps        INTEGER NOT NULL, -- found
    sitemaps_read   INTEGER NOT NULL,
    sitemaps_failed INTEGER NOT NULL,
    left_out        INTEGER NOT NULL, -- URLs that are not taken because of their date or the policy
    left_undated    INTEGER NOT NULL, -- URLs that are not taken because they have no date
    found           INTEGER NOT NULL, -- URLs to request
    known           INTEGER NOT NULL, -- of these, articles that were stored already
    requested       INTEGER NOT NULL,
    articles        INTEGER NOT NULL, -- requests that ended as an article
    others          INTEGER NOT NULL  -- requests that ended otherwise
) STRICT, WITHOUT ROWID;
CREATE INDEX discovery_backfills_due ON discovery_backfills (due) WHERE due > 0;
CREATE TABLE discovery_backfill_sitemaps (
    source_id TEXT    NOT NULL,
    run       INTEGER NOT NULL,
    hash      INTEGER NOT NULL, -- of the URL
    url       TEXT    NOT NULL,
    purpose   INTEGER NOT NULL, -- dateline.v1.Purpose
    hint      TEXT    NOT NULL, -- how it was found
    mod_time  INTEGER NOT NULL,
    place     INTEGER NOT NULL, -- in what names it
    state     INTEGER NOT NULL, -- 0 if it is to be requested, 1 if it was requested, 2 if it was read or given up
    try       INTEGER NOT NULL, -- number of its last request
    due       INTEGER NOT NULL, -- when it is requested next
    PRIMARY KEY (source_id, run, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX discovery_backfill_sitemaps_open ON discovery_backfill_sitemaps (source_id, run, mod_time DESC, place)
    WHERE state < 2;
CREATE TABLE discovery_backfill_urls (
    source_id    TEXT    NOT NULL,
    run          INTEGER NOT NULL,
    hash         INTEGER NOT NULL, -- of the URL
    url          TEXT    NOT NULL,
    list_time    INTEGER NOT NULL, -- date of the article as listed
    state        INTEGER NOT NULL, -- 0 if it is to be requested, 1 if its outcome is awaited, 2 if it has ended
    request_time INTEGER NOT NULL,
    request      BLOB    NOT NULL, -- dateline.v1.FetchRequest without labels
    PRIMARY KEY (source_id, run, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX discovery_backfill_urls_open ON discovery_backfill_urls (source_id, run, state, list_time DESC)
    WHERE state < 2;
