-- The cost of storing an article must not grow with the store.

-- +goose Up
-- Segments of the index of words are merged when there are 24 of a level instead
-- of eight, so that a word is rewritten once while the index grows 24-fold. A
-- merge is not done at once: it continues with each batch, in proportion to what
-- the batch writes.
INSERT INTO article_words (article_words, rank) VALUES ('automerge', 24), ('crisismerge', 128);

-- Copies are found by an index in memory: among a million rows, each key of a
-- text was on a page of its own. This table keeps the keys of the newest texts,
-- eight keys of eight bytes each, in the order in which they were stored.
CREATE TABLE recent_keys (
    number INTEGER PRIMARY KEY,
    row    INTEGER NOT NULL, -- the article's row
    keys   BLOB    NOT NULL
) STRICT;
INSERT INTO recent_keys (row, keys)
    SELECT row, substr(sketch, 5, 64) FROM articles WHERE length(sketch) > 4 ORDER BY first_seen, row;
CREATE INDEX recent_keys_by_row ON recent_keys (row);
DROP TABLE sketch_keys;
