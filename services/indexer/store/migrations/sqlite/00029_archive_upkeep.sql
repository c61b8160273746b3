-- What the archive needs for erasing and retention: the labels of pages, and the captures
-- whose records the archiver still has to overwrite.

-- +goose Up
ALTER TABLE archive_captures ADD COLUMN labels TEXT NOT NULL DEFAULT ''; -- a JSON object, or empty
CREATE INDEX archive_captures_to_overwrite ON archive_captures (file_id, place) WHERE type = 'erasing';
CREATE INDEX archive_captures_labelled ON archive_captures (time) WHERE labels <> '';
