-- The texts of erased articles, by hash and sketch, so that they are not stored
-- again under another URL of their site.

-- +goose Up
CREATE TABLE erased_texts (
    number       INTEGER PRIMARY KEY,
    host         TEXT    NOT NULL, -- that the text was fetched from
    content_hash TEXT    NOT NULL,
    sketch       BLOB    NOT NULL,
    UNIQUE (content_hash, host)
) STRICT;
CREATE TABLE erased_keys (
    key    INTEGER NOT NULL,
    number INTEGER NOT NULL, -- of the erased text
    PRIMARY KEY (key, number)
) STRICT, WITHOUT ROWID;

-- The times of erasures whose data may still be in unused parts of the file. An
-- older version may have left data of the articles that it erased.
CREATE TABLE pending_overwrites (
    erase_time INTEGER NOT NULL
) STRICT;
INSERT INTO pending_overwrites (erase_time)
    SELECT 0 WHERE EXISTS (SELECT 1 FROM aliases WHERE article_id >= 'erased:' AND article_id < 'erased;');
