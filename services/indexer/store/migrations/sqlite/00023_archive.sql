-- The index of the archive: its files, and where each captured response is in them. Times
-- are in microseconds since 1970, and 0 means none.

-- +goose Up
CREATE TABLE archive_files (
    id      INTEGER PRIMARY KEY,
    name    TEXT    NOT NULL UNIQUE,
    indexed INTEGER NOT NULL -- offset up to which the file is in the index
) STRICT;
CREATE TABLE archive_captures (
    page_id       TEXT    NOT NULL, -- dateline.v1.Page.id
    position      INTEGER NOT NULL, -- in the page: the redirects come first
    url_key       TEXT    NOT NULL,
    url           TEXT    NOT NULL,
    time          INTEGER NOT NULL,
    status        INTEGER NOT NULL,
    type          TEXT    NOT NULL, -- media type
    digest        TEXT    NOT NULL, -- of the payload
    original_time INTEGER NOT NULL, -- of the capture with the payload, if this is a revisit
    file_id       INTEGER NOT NULL,
    place         INTEGER NOT NULL, -- offset of the record in the file
    length        INTEGER NOT NULL,
    PRIMARY KEY (page_id, position)
) STRICT;
CREATE INDEX archive_captures_by_url ON archive_captures (url_key, time);
CREATE INDEX archive_captures_by_file ON archive_captures (file_id, place);
