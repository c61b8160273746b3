-- Searches that users follow. Times are in microseconds since 1970.

-- +goose Up
CREATE TABLE saved_searches (
    id       text COLLATE "C" PRIMARY KEY,
    name     text COLLATE "C" NOT NULL UNIQUE,
    query    text   NOT NULL, -- parameters of the search page, as in a URL
    add_time bigint NOT NULL
);
