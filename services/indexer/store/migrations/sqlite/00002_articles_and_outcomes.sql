-- Times are microseconds since 1970 in UTC; records are protobuf messages.

-- +goose Up
-- Rows are numbered in the order of time: an article's row is the second of its
-- sort time, multiplied by 2^29, plus a number within that second. The index of
-- words has the same row numbers and so returns matches in this order, without
-- sorting.
CREATE TABLE articles (
    row            INTEGER PRIMARY KEY,
    id             TEXT    NOT NULL UNIQUE,
    canonical_url  TEXT    NOT NULL,
    host           TEXT    NOT NULL,
    title          TEXT    NOT NULL,
    language       TEXT    NOT NULL,
    section        TEXT    NOT NULL,
    access         INTEGER NOT NULL,
    authors        TEXT    NOT NULL, -- one per line
    tags           TEXT    NOT NULL, -- one per line
    published_time INTEGER,
    sort_time      INTEGER NOT NULL,
    content_hash   TEXT    NOT NULL,
    words_hash     TEXT    NOT NULL,
    fetch_time     INTEGER NOT NULL,
    extract_time   INTEGER NOT NULL,
    first_seen     INTEGER NOT NULL,
    last_seen      INTEGER NOT NULL,
    revision       INTEGER NOT NULL,
    revisions      INTEGER NOT NULL,
    own_page       INTEGER NOT NULL, -- whether the record is of the canonical URL's own page
    story          TEXT,             -- shared by copies; NULL if there are none
    sketch         BLOB    NOT NULL
) STRICT;
CREATE INDEX articles_by_story ON articles (story) WHERE story IS NOT NULL;

CREATE TABLE revisions (
    article_id   TEXT    NOT NULL,
    number       INTEGER NOT NULL,
    content_hash TEXT    NOT NULL,
    first_seen   INTEGER NOT NULL,
    last_seen    INTEGER NOT NULL,
    record       BLOB    NOT NULL,
    UNIQUE (article_id, number)
) STRICT;

-- The URLs that lead to an article, and the ids of articles that were joined
-- with it. If the article was erased, article_id has the prefix "erased:".
CREATE TABLE aliases (
    url        TEXT    NOT NULL PRIMARY KEY,
    article_id TEXT    NOT NULL,
    canonical  INTEGER NOT NULL,
    fetch_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_article ON aliases (article_id);

-- The keys by which copies of a text are found.
CREATE TABLE sketch_keys (
    key INTEGER NOT NULL,
    row INTEGER NOT NULL,
    PRIMARY KEY (key, row)
) STRICT, WITHOUT ROWID;

-- The text is split into words, separated by spaces, before it is stored here.
-- The filters are words, too: one for each value by which articles are filtered.
CREATE VIRTUAL TABLE article_words USING fts5 (
    title, about, body, filters,
    content = '', contentless_delete = 1, tokenize = 'ascii'
);
-- A batch is collected in memory and written as one segment, and eight segments
-- are merged into one. With the defaults (1 MiB, 4), merging takes a third of the
-- storing time.
INSERT INTO article_words (article_words, rank) VALUES ('hashsize', 16777216), ('automerge', 8);

-- The totals of each host, and the counts of its outcomes in each hour (hours
-- since 1970).
CREATE TABLE sources (
    host       TEXT    NOT NULL PRIMARY KEY,
    articles   INTEGER NOT NULL,
    revisions  INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL, -- the last fetch of an article
    last_new   INTEGER NOT NULL  -- the last fetch of a new article
) STRICT, WITHOUT ROWID;
CREATE TABLE source_hours (
    host    TEXT    NOT NULL,
    hour    INTEGER NOT NULL,
    stage   INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    reason  TEXT    NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (host, hour, stage, verdict, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX source_hours_by_hour ON source_hours (hour);

CREATE TABLE outcomes (
    stage      INTEGER NOT NULL,
    input_id   TEXT    NOT NULL,
    verdict    INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    host       TEXT    NOT NULL,
    time       INTEGER NOT NULL,
    record     BLOB    NOT NULL,
    UNIQUE (stage, input_id)
) STRICT;
CREATE INDEX outcomes_by_url ON outcomes (url);
CREATE INDEX outcomes_by_request ON outcomes (request_id);
CREATE INDEX outcomes_by_end ON outcomes (stage, verdict, reason);
