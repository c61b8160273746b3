-- Backfills of sources: the sitemaps that they walk and the URLs that they have found.
-- Times are in microseconds since 1970, and 0 means never.

-- +goose Up
CREATE TABLE discovery_backfills (
    source_id       text    PRIMARY KEY,
    run             bigint  NOT NULL, -- when it was started; it identifies the rows below
    since           bigint  NOT NULL, -- dates of the articles to take
    until           bigint  NOT NULL,
    undated         bigint  NOT NULL, -- 1 if articles without a date are taken
    state           text    NOT NULL, -- running, done or cancelled
    reason          text    NOT NULL, -- of the last sitemap that could not be read
    end_time        bigint  NOT NULL,
    due             bigint  NOT NULL, -- when it continues; 0 if nothing is left to do
    budget          bytea   NOT NULL, -- requests by hour
    sitemaps        bigint  NOT NULL, -- found
    sitemaps_read   bigint  NOT NULL,
    sitemaps_failed bigint  NOT NULL,
    left_out        bigint  NOT NULL, -- URLs that are not taken because of their date or the policy
    left_undated    bigint  NOT NULL, -- URLs that are not taken because they have no date
    found           bigint  NOT NULL, -- URLs to request
    known           bigint  NOT NULL, -- of these, articles that were stored already
    requested       bigint  NOT NULL,
    articles        bigint  NOT NULL, -- requests that ended as an article
    others          bigint  NOT NULL  -- requests that ended otherwise
);
CREATE INDEX discovery_backfills_due ON discovery_backfills (due) WHERE due > 0;
CREATE TABLE discovery_backfill_sitemaps (
    source_id text    NOT NULL,
    run       bigint  NOT NULL,
    hash      bigint  NOT NULL, -- of the URL
    url       text    NOT NULL,
    purpose   bigint  NOT NULL, -- dateline.v1.Purpose
    hint      text    NOT NULL, -- how it was found
    mod_time  bigint  NOT NULL,
    place     bigint  NOT NULL, -- in what names it
    state     bigint  NOT NULL, -- 0 if it is to be requested, 1 if it was requested, 2 if it was read or given up
    try       bigint  NOT NULL, -- number of its last request
    due       bigint  NOT NULL, -- when it is requested next
    PRIMARY KEY (source_id, run, hash)
);
CREATE INDEX discovery_backfill_sitemaps_open ON discovery_backfill_sitemaps (source_id, run, mod_time DESC, place)
    WHERE state < 2;
CREATE TABLE discovery_backfill_urls (
    source_id    text    NOT NULL,
    run          bigint  NOT NULL,
    hash         bigint  NOT NULL, -- of the URL
    url          text    NOT NULL,
    list_time    bigint  NOT NULL, -- date of the article as listed
    state        bigint  NOT NULL, -- 0 if it is to be requested, 1 if its outcome is awaited, 2 if it has ended
    request_time bigint  NOT NULL,
    request      bytea   NOT NULL, -- dateline.v1.FetchRequest without labels
    PRIMARY KEY (source_id, run, hash)
);
CREATE INDEX discovery_backfill_urls_open ON discovery_backfill_urls (source_id, run, state, list_time DESC)
    WHERE state < 2;
