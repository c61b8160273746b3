-- Times are microseconds since 1970 in UTC; records are protobuf messages.

-- +goose Up
CREATE TABLE articles (
    row            INTEGER PRIMARY KEY,
    id             TEXT    NOT NULL UNIQUE,
    canonical_url  TEXT    NOT NULL,
    host           TEXT    NOT NULL,
    title          TEXT    NOT NULL,
    language       TEXT    NOT NULL,
    published_time INTEGER,
    sort_time      INTEGER NOT NULL,
    content_hash   TEXT    NOT NULL,
    words_hash     TEXT    NOT NULL,
    fetch_time     INTEGER NOT NULL,
    extract_time   INTEGER NOT NULL,
    first_seen     INTEGER NOT NULL,
    last_seen      INTEGER NOT NULL,
    revision       INTEGER NOT NULL,
    revisions      INTEGER NOT NULL
) STRICT;
CREATE INDEX articles_by_time ON articles (sort_time DESC, id);

CREATE TABLE revisions (
    article_id   TEXT    NOT NULL,
    number       INTEGER NOT NULL,
    content_hash TEXT    NOT NULL,
    first_seen   INTEGER NOT NULL,
    last_seen    INTEGER NOT NULL,
    record       BLOB    NOT NULL,
    UNIQUE (article_id, number)
) STRICT;

-- The URLs that lead to an article.
CREATE TABLE aliases (
    url        TEXT    NOT NULL PRIMARY KEY,
    article_id TEXT    NOT NULL,
    canonical  INTEGER NOT NULL,
    fetch_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_article ON aliases (article_id);

-- The words come prepared, parted by spaces, and the text is in the record.
CREATE VIRTUAL TABLE article_words USING fts5 (
    title, about, body,
    content = '', contentless_delete = 1, tokenize = 'ascii'
);

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
