-- What is kept for a limited time. Times are in microseconds since 1970, and 0 means never.

-- +goose Up
CREATE TABLE outcome_retention (
    id      integer PRIMARY KEY, -- always 1
    expired bigint  NOT NULL,    -- outcomes from before this time are not kept, and not stored again
    swept   bigint  NOT NULL     -- outcomes from before this time have been deleted, except dead ones
);
INSERT INTO outcome_retention (id, expired, swept) VALUES (1, 0, 0);
CREATE TABLE expired_outcomes (
    stage   integer NOT NULL,
    verdict integer NOT NULL,
    reason  text COLLATE "C" NOT NULL,
    count   bigint  NOT NULL,    -- of outcomes that have been deleted
    PRIMARY KEY (stage, verdict, reason)
);
-- New rows take the place of deleted ones. A block then has rows of all times, and the BRIN index
-- no longer tells blocks apart.
DROP INDEX outcomes_by_time;
CREATE INDEX outcomes_by_time ON outcomes (time);

ALTER TABLE revisions ADD COLUMN text_removed bigint NOT NULL DEFAULT 0;  -- when the text was deleted
ALTER TABLE revisions ADD COLUMN trimmed integer NOT NULL DEFAULT 0;      -- 1 if the texts of earlier revisions were deleted
CREATE INDEX revisions_to_trim ON revisions (first_seen) WHERE number > 1 AND trimmed = 0;
