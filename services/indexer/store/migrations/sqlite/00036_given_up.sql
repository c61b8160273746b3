-- Deliveries that were given up, which are listed with the dead letters.

-- +goose Up
CREATE INDEX notify_deliveries_failed ON notify_deliveries (id) WHERE state = 'failed';
