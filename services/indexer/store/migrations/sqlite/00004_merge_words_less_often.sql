-- Each segment of the index of words is merged when there are 64 of its size,
-- not 8, so that a word is written out again once for a growth of 64 times. A
-- search looks into up to a hundred segments instead of thirty. No merge is
-- done at once: it goes on with each batch, in step with what that writes.

-- +goose Up
INSERT INTO article_words (article_words, rank) VALUES ('automerge', 64), ('crisismerge', 256);
