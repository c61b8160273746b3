-- The ranges of the streams' messages that the store has committed.

-- +goose Up
CREATE TABLE stream_spans (
    number  INTEGER PRIMARY KEY,
    stream  TEXT    NOT NULL,
    created INTEGER NOT NULL, -- when the stream was created, in nanoseconds since 1970
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL
) STRICT;

-- An older version has not kept them. A span with the time 0 stands for what it has
-- committed, whatever that was.
INSERT INTO stream_spans (stream, created, first, last)
    SELECT value, 0, 1, 1 FROM json_each('["ARTICLES", "OUTCOMES"]')
    WHERE EXISTS (SELECT 1 FROM outcomes) OR EXISTS (SELECT 1 FROM articles);
