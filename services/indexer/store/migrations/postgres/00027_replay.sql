-- Records that were extracted again. Times of runs are in microseconds since 1970, and 0 means
-- none.

-- +goose Up
-- The content hash of the newest revision before it was extracted again, so that a record of
-- the same fetch by the earlier extractor is recognised.
ALTER TABLE articles ADD COLUMN replaced_hash text COLLATE "C" NOT NULL DEFAULT '';

-- The records that runs have replaced.
CREATE TABLE replaced_records (
    run          text    COLLATE "C" NOT NULL,
    article_id   text    COLLATE "C" NOT NULL,
    number       integer NOT NULL, -- of the revision
    extract_time bigint  NOT NULL, -- of the record that replaced it, in microseconds since 1970
    restored     boolean NOT NULL, -- whether the run was undone for this article
    record       bytea   NOT NULL, -- empty if the article was new
    PRIMARY KEY (run, article_id, number)
);
CREATE INDEX replaced_records_by_article ON replaced_records (article_id);

CREATE TABLE replay_runs (
    id          text   COLLATE "C" PRIMARY KEY,
    version     text   NOT NULL, -- of the extractor
    selection   text   NOT NULL, -- JSON
    place       text   NOT NULL, -- after which the run continues
    counts      text   NOT NULL, -- JSON
    start_time  bigint NOT NULL,
    update_time bigint NOT NULL,
    end_time    bigint NOT NULL,
    undo_time   bigint NOT NULL
);
