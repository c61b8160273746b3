-- Subscriptions to new articles and their deliveries. Times are in microseconds since 1970, and 0
-- means never.

-- +goose Up
CREATE TABLE notify_progress (
    id       bigint  PRIMARY KEY, -- always 1
    created  bigint  NOT NULL,    -- when the stream of revisions was created
    sequence bigint  NOT NULL,    -- of the last revision whose deliveries are stored
    version  bigint  NOT NULL     -- number of changes of subscriptions
);
INSERT INTO notify_progress (id, created, sequence, version) VALUES (1, 0, 0, 0);
CREATE TABLE notify_subscriptions (
    id            text    PRIMARY KEY,
    name          text    NOT NULL UNIQUE,
    spec          text    NOT NULL, -- JSON
    secrets       text    NOT NULL, -- JSON
    state         text    NOT NULL, -- active or suspended
    reason        text    NOT NULL, -- why it was suspended, or why the last delivery failed
    add_time      bigint  NOT NULL,
    pending       bigint  NOT NULL, -- number of pending deliveries
    due           bigint  NOT NULL, -- when the next one is due
    pause_end     bigint  NOT NULL, -- nothing is delivered before
    owner         text    NOT NULL, -- process that delivers
    claim_end     bigint  NOT NULL, -- until when
    failures      bigint  NOT NULL, -- attempts in a row that failed
    failing_since bigint  NOT NULL,
    delivered     bigint  NOT NULL, -- number of deliveries since it was added
    failed        bigint  NOT NULL, -- number of deliveries that were given up
    missed        bigint  NOT NULL, -- number of matches that were not stored, because too many waited
    delivery_time bigint  NOT NULL  -- of the last success
);
CREATE INDEX notify_subscriptions_due ON notify_subscriptions (due) WHERE due > 0 AND state = 'active';
CREATE TABLE notify_deliveries (
    id              bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id text    NOT NULL,
    article_id      text    NOT NULL,
    revision        bigint  NOT NULL, -- 0 if the article was erased
    event           text    NOT NULL, -- new, changed or erased
    content_hash    text    NOT NULL, -- of the revision
    event_time      bigint  NOT NULL, -- when the revision was stored
    state           text    NOT NULL, -- pending, delivered, failed or skipped
    attempts        bigint  NOT NULL,
    first_attempt   bigint  NOT NULL,
    due             bigint  NOT NULL,
    status          bigint  NOT NULL, -- of the last answer, 0 if there was none
    detail          text    NOT NULL,
    end_time        bigint  NOT NULL,
    UNIQUE (subscription_id, article_id, revision)
);
CREATE INDEX notify_deliveries_due ON notify_deliveries (subscription_id, due, id) WHERE state = 'pending';
CREATE INDEX notify_deliveries_log ON notify_deliveries (subscription_id, id);
CREATE INDEX notify_deliveries_by_article ON notify_deliveries (article_id);
CREATE INDEX notify_deliveries_ended ON notify_deliveries (end_time) WHERE state <> 'pending';
