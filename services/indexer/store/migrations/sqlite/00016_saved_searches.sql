-- Searches that users follow. Times are in microseconds since 1970.

-- +goose Up
CREATE TABLE saved_searches (
    id       TEXT    PRIMARY KEY,
    name     TEXT    NOT NULL UNIQUE,
    query    TEXT    NOT NULL, -- parameters of the search page, as in a URL
    add_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
