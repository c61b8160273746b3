-- The articles that the discoverer found, whose outcomes teach it the URLs of each
-- site. Times are in microseconds since 1970.

-- +goose Up
CREATE TABLE discovery_articles (
    request_id TEXT    PRIMARY KEY, -- of the request for the article
    source_id  TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    find_time  INTEGER NOT NULL,
    due        INTEGER NOT NULL     -- when its outcome is looked up next
) STRICT, WITHOUT ROWID;
CREATE INDEX discovery_articles_due ON discovery_articles (due);
CREATE INDEX discovery_articles_by_source ON discovery_articles (source_id);
CREATE TABLE discovery_shapes (
    source_id TEXT PRIMARY KEY,
    shapes    BLOB NOT NULL         -- counts of outcomes by the shape of the URL
) STRICT, WITHOUT ROWID;
