-- Articles whose text was joined from several pages have the number of these pages, so that
-- a later fetch that misses the last ones does not shorten the text.

-- +goose Up
ALTER TABLE articles ADD COLUMN joined_pages INTEGER NOT NULL DEFAULT 0;
