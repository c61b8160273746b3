-- Times are microseconds since 1970 in UTC; records are protobuf messages.

-- +goose Up
-- The rows lie in the order of time: an article's row is the second that orders
-- it, times 2^29, and a number within that second. So the words, whose rows
-- have the same numbers, give what they find in that order, without a sort.
CREATE TABLE articles (
    row            INTEGER PRIMARY KEY,
    id             TEXT    NOT NULL UNIQUE,
    canonical_url  TEXT    NOT NULL,
    host           TEXT    NOT NULL,
    title          TEXT    NOT NULL,
    language       TEXT    NOT NULL,
    section        TEXT    NOT NULL,
    access         INTEGER NOT NULL,
    authors        TEXT    NOT NULL, -- a line each
    tags           TEXT    NOT NULL, -- a line each
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
    own_page       INTEGER NOT NULL, -- whether the record is from the canonical URL itself
    story          TEXT,             -- shared by copies; NULL where there is none
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
-- with it. Where the article was erased, the id stands after "erased:".
CREATE TABLE aliases (
    url        TEXT    NOT NULL PRIMARY KEY,
    article_id TEXT    NOT NULL,
    canonical  INTEGER NOT NULL,
    fetch_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_article ON aliases (article_id);

-- Where copies of a text are looked for.
CREATE TABLE sketch_keys (
    key INTEGER NOT NULL,
    row INTEGER NOT NULL,
    PRIMARY KEY (key, row)
) STRICT, WITHOUT ROWID;

-- The words come prepared, parted by spaces, and the text is in the record.
-- The filters are words too: one for each value that an article can be chosen by.
CREATE VIRTUAL TABLE article_words USING fts5 (
    title, about, body, filters,
    content = '', contentless_delete = 1, tokenize = 'ascii'
);
-- A batch is gathered in memory and written as one segment, and eight segments
-- are merged into one: with the defaults (1 MiB, 4) merging takes a third of
-- the time of storing.
INSERT INTO article_words (article_words, rank) VALUES ('hashsize', 16777216), ('automerge', 8);

-- What is known of each host, and how its inputs ended in each hour (hours
-- since 1970).
CREATE TABLE sources (
    host       TEXT    NOT NULL PRIMARY KEY,
    articles   INTEGER NOT NULL,
    revisions  INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL, -- the last fetch of an article
    last_new   INTEGER NOT NULL  -- the last fetch that brought a new article
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
