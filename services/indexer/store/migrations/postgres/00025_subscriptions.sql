-- Subscriptions to the hubs of endpoints. Times are in microseconds since 1970, and 0 means never.

-- +goose Up
CREATE TABLE discovery_subscriptions (
    token        text    PRIMARY KEY, -- last part of the path of the callback
    secret       text    NOT NULL,    -- key of the signatures
    endpoint_id  text    NOT NULL,
    source_id    text    NOT NULL,
    hub          text    NOT NULL,
    topic        text    NOT NULL,
    callback     text    NOT NULL,    -- the URL without the token, at the last request
    state        text    NOT NULL,    -- requested, subscribed, refused or leaving
    reason       text    NOT NULL,    -- why the last request failed
    tries        bigint  NOT NULL,    -- requests since the last confirmation
    add_time     bigint  NOT NULL,
    due          bigint  NOT NULL,    -- when the hub is asked next
    request_time bigint  NOT NULL,
    lease_end    bigint  NOT NULL,
    pushes       bigint  NOT NULL,
    push_time    bigint  NOT NULL,
    missed_time  bigint  NOT NULL,    -- when a poll last found an article that was not pushed
    digest       bytea   NOT NULL,    -- of the last push
    budget       bytea   NOT NULL     -- pushes by hour
);
CREATE INDEX discovery_subscriptions_by_endpoint ON discovery_subscriptions (endpoint_id);
CREATE INDEX discovery_subscriptions_by_source ON discovery_subscriptions (source_id);
CREATE INDEX discovery_subscriptions_by_hub ON discovery_subscriptions (hub);
CREATE INDEX discovery_subscriptions_due ON discovery_subscriptions (due);
