-- Subscriptions to the hubs of endpoints. Times are in microseconds since 1970, and 0 means never.

-- +goose Up
CREATE TABLE discovery_subscriptions (
    token        TEXT    PRIMARY KEY, -- last part of the path of the callback
    secret       TEXT    NOT NULL,    -- key of the signatures
    endpoint_id  TEXT    NOT NULL,
    source_id    TEXT    NOT NULL,
    hub          TEXT    NOT NULL,
    topic        TEXT    NOT NULL,
    callback     TEXT    NOT NULL,    -- the URL without the token, at the last request
    state        TEXT    NOT NULL,    -- requested, subscribed, refused or leaving
    reason       TEXT    NOT NULL,    -- why the last request failed
    tries        INTEGER NOT NULL,    -- requests since the last confirmation
    add_time     INTEGER NOT NULL,
    due          INTEGER NOT NULL,    -- when the hub is asked next
    request_time INTEGER NOT NULL,
    lease_end    INTEGER NOT NULL,
    pushes       INTEGER NOT NULL,
    push_time    INTEGER NOT NULL,
    missed_time  INTEGER NOT NULL,    -- when a poll last found an article that was not pushed
    digest       BLOB    NOT NULL,    -- of the last push
    budget       BLOB    NOT NULL     -- pushes by hour
) STRICT, WITHOUT ROWID;
CREATE INDEX discovery_subscriptions_by_endpoint ON discovery_subscriptions (endpoint_id);
CREATE INDEX discovery_subscriptions_by_source ON discovery_subscriptions (source_id);
CREATE INDEX discovery_subscriptions_by_hub ON discovery_subscriptions (hub);
CREATE INDEX discovery_subscriptions_due ON discovery_subscriptions (due);
