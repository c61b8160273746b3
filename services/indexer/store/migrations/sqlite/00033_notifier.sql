-- Subscriptions to new articles and their deliveries. Times are in microseconds since 1970, and 0
-- means never.

-- +goose Up
CREATE TABLE notify_progress (
    id       INTEGER PRIMARY KEY, -- always 1
    created  INTEGER NOT NULL,    -- when the stream of revisions was created
    sequence INTEGER NOT NULL,    -- of the last revision whose deliveries are stored
    version  INTEGER NOT NULL     -- number of changes of subscriptions
) STRICT;
INSERT INTO notify_progress (id, created, sequence, version) VALUES (1, 0, 0, 0);
CREATE TABLE notify_subscriptions (
    id            TEXT    PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    spec          TEXT    NOT NULL, -- JSON
    secrets       TEXT    NOT NULL, -- JSON
    state         TEXT    NOT NULL, -- active or suspended
    reason        TEXT    NOT NULL, -- why it was suspended, or why the last delivery failed
    add_time      INTEGER NOT NULL,
    pending       INTEGER NOT NULL, -- number of pending deliveries
    due           INTEGER NOT NULL, -- when the next one is due
    pause_end     INTEGER NOT NULL, -- nothing is delivered before
    owner         TEXT    NOT NULL, -- process that delivers
    claim_end     INTEGER NOT NULL, -- until when
    failures      INTEGER NOT NULL, -- attempts in a row that failed
    failing_since INTEGER NOT NULL,
    delivered     INTEGER NOT NULL, -- number of deliveries since it was added
    failed        INTEGER NOT NULL, -- number of deliveries that were given up
    missed        INTEGER NOT NULL, -- number of matches that were not stored, because too many waited
    delivery_time INTEGER NOT NULL  -- of the last success
) STRICT;
CREATE INDEX notify_subscriptions_due ON notify_subscriptions (due) WHERE due > 0 AND state = 'active';
CREATE TABLE notify_deliveries (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription_id TEXT    NOT NULL,
    article_id      TEXT    NOT NULL,
    revision        INTEGER NOT NULL, -- 0 if the article was erased
    event           TEXT    NOT NULL, -- new, changed or erased
    content_hash    TEXT    NOT NULL, -- of the revision
    event_time      INTEGER NOT NULL, -- when the revision was stored
    state           TEXT    NOT NULL, -- pending, delivered, failed or skipped
    attempts        INTEGER NOT NULL,
    first_attempt   INTEGER NOT NULL,
    due             INTEGER NOT NULL,
    status          INTEGER NOT NULL, -- of the last answer, 0 if there was none
    detail          TEXT    NOT NULL,
    end_time        INTEGER NOT NULL,
    UNIQUE (subscription_id, article_id, revision)
) STRICT;
CREATE INDEX notify_deliveries_due ON notify_deliveries (subscription_id, due, id) WHERE state = 'pending';
CREATE INDEX notify_deliveries_log ON notify_deliveries (subscription_id, id);
CREATE INDEX notify_deliveries_by_article ON notify_deliveries (article_id);
CREATE INDEX notify_deliveries_ended ON notify_deliveries (end_time) WHERE state <> 'pending';
