-- Records that were extracted again. Times are in microseconds since 1970, and 0 means none.

-- +goose Up
-- The content hash of the newest revision before it was extracted again, so that a record of
-- the same fetch by the earlier extractor is recognised.
ALTER TABLE articles ADD COLUMN replaced_hash TEXT NOT NULL DEFAULT '';

-- The records that runs have replaced.
CREATE TABLE replaced_records (
    run          TEXT    NOT NULL,
    article_id   TEXT    NOT NULL,
    number       INTEGER NOT NULL, -- of the revision
    extract_time INTEGER NOT NULL, -- of the record that replaced it
    restored     INTEGER NOT NULL, -- whether the run was undone for this article
    record       BLOB    NOT NULL, -- empty if the article was new
    PRIMARY KEY (run, article_id, number)
) STRICT;
CREATE INDEX replaced_records_by_article ON replaced_records (article_id);

CREATE TABLE replay_runs (
    id          TEXT    PRIMARY KEY,
    version     TEXT    NOT NULL, -- of the extractor
    selection   TEXT    NOT NULL, -- JSON
    place       TEXT    NOT NULL, -- after which the run continues
    counts      TEXT    NOT NULL, -- JSON
    start_time  INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    end_time    INTEGER NOT NULL,
    undo_time   INTEGER NOT NULL
) STRICT;
