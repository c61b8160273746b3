-- Keys of unbounded texts, such as URLs, are their SHA-256, because a row of a
-- B-tree holds at most 2,704 bytes. Records are protobuf messages.

-- +goose Up
CREATE TABLE articles (
    id             text COLLATE "C" PRIMARY KEY,
    canonical_url  text        NOT NULL,
    host           text        NOT NULL,
    title          text        NOT NULL,
    language       text        NOT NULL,
    published_time timestamptz,
    sort_time      timestamptz NOT NULL,
    content_hash   text        NOT NULL,
    words_hash     text        NOT NULL,
    fetch_time     timestamptz NOT NULL,
    extract_time   timestamptz NOT NULL,
    first_seen     timestamptz NOT NULL,
    last_seen      timestamptz NOT NULL,
    revision       integer     NOT NULL,
    revisions      integer     NOT NULL,
    words          tsvector    NOT NULL
);
CREATE INDEX articles_by_time ON articles (sort_time DESC, id);
CREATE INDEX articles_by_words ON articles USING gin (words);

CREATE TABLE revisions (
    article_id   text COLLATE "C" NOT NULL,
    number       integer     NOT NULL,
    content_hash text        NOT NULL,
    first_seen   timestamptz NOT NULL,
    last_seen    timestamptz NOT NULL,
    record       bytea       NOT NULL,
    PRIMARY KEY (article_id, number)
);

-- The URLs that lead to an article.
CREATE TABLE aliases (
    url_key    bytea       PRIMARY KEY,
    url        text        NOT NULL,
    article_id text COLLATE "C" NOT NULL,
    canonical  boolean     NOT NULL,
    fetch_time timestamptz NOT NULL
);
CREATE INDEX aliases_by_article ON aliases (article_id);

CREATE TABLE outcomes (
    stage       integer     NOT NULL,
    input_key   bytea       NOT NULL,
    input_id    text        NOT NULL,
    verdict     integer     NOT NULL,
    reason      text        NOT NULL,
    url_key     bytea       NOT NULL,
    url         text        NOT NULL,
    request_key bytea       NOT NULL,
    request_id  text        NOT NULL,
    host        text        NOT NULL,
    time        timestamptz NOT NULL,
    record      bytea       NOT NULL,
    PRIMARY KEY (stage, input_key)
);
CREATE INDEX outcomes_by_url ON outcomes (url_key);
CREATE INDEX outcomes_by_request ON outcomes (request_key);
