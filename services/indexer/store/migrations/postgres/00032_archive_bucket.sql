-- An archive can be in a bucket. Its files are uploaded when they are complete.

-- +goose Up
-- 0: in a folder, 1: its upload was begun, 2: in the bucket
ALTER TABLE archive_files ADD COLUMN uploaded integer NOT NULL DEFAULT 0;
-- The archiver that may rewrite the file in the bucket, until a time in microseconds since 1970.
ALTER TABLE archive_files ADD COLUMN holder text NOT NULL DEFAULT '';
ALTER TABLE archive_files ADD COLUMN held_until bigint NOT NULL DEFAULT 0;
