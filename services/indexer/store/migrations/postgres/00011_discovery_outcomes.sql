-- The articles that the discoverer found, whose outcomes teach it the URLs of each
-- site. Times are in microseconds since 1970.

-- +goose Up
CREATE TABLE discovery_articles (
    request_id text   PRIMARY KEY, -- of the request for the article
    source_id  text   NOT NULL,
    url        text   NOT NULL,
    find_time  bigint NOT NULL,
    due        bigint NOT NULL     -- when its outcome is looked up next
);
CREATE INDEX discovery_articles_due ON discovery_articles (due);
CREATE INDEX discovery_articles_by_source ON discovery_articles (source_id);
CREATE TABLE discovery_shapes (
    source_id text  PRIMARY KEY,
    shapes    bytea NOT NULL       -- counts of outcomes by the shape of the URL
);
