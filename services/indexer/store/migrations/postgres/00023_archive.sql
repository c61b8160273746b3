-- The index of the archive: its files, and where each captured response is in them. Times
-- are in microseconds since 1970, and 0 means none.

-- +goose Up
CREATE TABLE archive_files (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name    text   COLLATE "C" NOT NULL UNIQUE,
    indexed bigint NOT NULL -- offset up to which the file is in the index
);
CREATE TABLE archive_captures (
    page_id       text   COLLATE "C" NOT NULL, -- dateline.v1.Page.id
    position      bigint NOT NULL,             -- in the page: the redirects come first
    url_key       text   COLLATE "C" NOT NULL,
    url           text   NOT NULL,
    time          bigint NOT NULL,
    status        bigint NOT NULL,
    type          text   NOT NULL, -- media type
    digest        text   NOT NULL, -- of the payload
    original_time bigint NOT NULL, -- of the capture with the payload, if this is a revisit
    file_id       bigint NOT NULL,
    place         bigint NOT NULL, -- offset of the record in the file
    length        bigint NOT NULL,
    PRIMARY KEY (page_id, position)
);
CREATE INDEX archive_captures_by_url ON archive_captures (url_key, time);
CREATE INDEX archive_captures_by_file ON archive_captures (file_id, place);
