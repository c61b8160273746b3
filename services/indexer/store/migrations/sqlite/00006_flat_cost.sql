-- What storing an article costs shall not grow with the store.

-- +goose Up
-- The segments of the index of words are merged when there are 24 of a size,
-- not eight, so that a word is written again once in a growth of 24 times. No
-- merge is done at once: it goes on with each batch, in step with what that
-- writes.
INSERT INTO article_words (article_words, rank) VALUES ('automerge', 24), ('crisismerge', 128);

-- Copies are looked for in memory: among a million rows, each key of a text
-- lay on a page of its own. The keys of the newest texts stay here, eight of
-- eight bytes each, in the order in which they were stored.
CREATE TABLE recent_keys (
    number INTEGER PRIMARY KEY,
    row    INTEGER NOT NULL, -- of the article
    keys   BLOB    NOT NULL
) STRICT;
INSERT INTO recent_keys (row, keys)
    SELECT row, substr(sketch, 5, 64) FROM articles WHERE length(sketch) > 4 ORDER BY first_seen, row;
CREATE INDEX recent_keys_by_row ON recent_keys (row);
DROP TABLE sketch_keys;
