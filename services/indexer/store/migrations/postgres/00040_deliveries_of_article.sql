-- The delivery of an earlier revision is looked up by article and subscription.

-- +goose Up
CREATE INDEX notify_deliveries_of_article ON notify_deliveries (article_id, subscription_id);
DROP INDEX notify_deliveries_by_article;
