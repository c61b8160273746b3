-- Those who match read only the subscriptions that have changed.

-- +goose Up
ALTER TABLE notify_subscriptions ADD COLUMN version bigint NOT NULL DEFAULT 0; -- that of notify_progress after its last change
CREATE INDEX notify_subscriptions_changed ON notify_subscriptions (version, id);
