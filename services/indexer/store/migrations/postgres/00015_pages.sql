-- Articles whose text was joined from several pages have the content hash of the first
-- page, by which a later fetch of that page alone is recognised.

-- +goose Up
ALTER TABLE articles ADD COLUMN first_page_hash text NOT NULL DEFAULT '';
