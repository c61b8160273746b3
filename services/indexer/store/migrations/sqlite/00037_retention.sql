-- What is kept for a limited time. Times are in microseconds since 1970, and 0 means never.

-- +goose Up
CREATE TABLE outcome_retention (
    id      INTEGER PRIMARY KEY, -- always 1
    expired INTEGER NOT NULL,    -- outcomes from before this time are not kept, and not stored again
    swept   INTEGER NOT NULL     -- outcomes from before this time have been deleted, except dead ones
) STRICT;
INSERT INTO outcome_retention (id, expired, swept) VALUES (1, 0, 0);
CREATE TABLE expired_outcomes (
    stage   INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    reason  TEXT    NOT NULL,
    count   INTEGER NOT NULL,    -- of outcomes that have been deleted
    PRIMARY KEY (stage, verdict, reason)
) STRICT, WITHOUT ROWID;

ALTER TABLE revisions ADD COLUMN text_removed INTEGER NOT NULL DEFAULT 0; -- when the text was deleted
ALTER TABLE revisions ADD COLUMN trimmed INTEGER NOT NULL DEFAULT 0;      -- 1 if the texts of earlier revisions were deleted
CREATE INDEX revisions_to_trim ON revisions (first_seen) WHERE number > 1 AND trimmed = 0;
