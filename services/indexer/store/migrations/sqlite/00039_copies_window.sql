-- The keys of sketches have a time of storing. Times are in microseconds since 1970.

-- +goose Up
DROP INDEX recent_keys_by_row;
ALTER TABLE recent_keys RENAME TO former_keys;
CREATE TABLE recent_keys (
    number INTEGER PRIMARY KEY, -- in the order in which the texts were stored
    time   INTEGER NOT NULL,    -- when the text was stored, by the clock of copies_window
    row    INTEGER NOT NULL,    -- the article's row
    keys   BLOB    NOT NULL     -- eight keys of eight bytes each
) STRICT;
-- A text was stored after all texts of lower numbers, and after each of them was fetched.
INSERT INTO recent_keys (number, time, row, keys)
    SELECT k.number, max(min(a.first_seen, unixepoch() * 1000000)) OVER (ORDER BY k.number), k.row, k.keys
    FROM former_keys k JOIN articles a USING (row) WHERE length(k.keys) > 0;
CREATE INDEX recent_keys_by_row ON recent_keys (row);

CREATE TABLE copies_window (
    id    INTEGER PRIMARY KEY, -- always 1
    time  INTEGER NOT NULL,    -- when keys were stored last; it never goes back
    clock INTEGER NOT NULL,    -- what the clock showed then
    first INTEGER NOT NULL,    -- lower bound of recent_keys.number
    last  INTEGER NOT NULL,    -- the highest recent_keys.number so far
    max_age      INTEGER NOT NULL, -- what the program that stored last was configured with
    max_articles INTEGER NOT NULL
) STRICT;
INSERT INTO copies_window (id, time, clock, first, last, max_age, max_articles)
    SELECT 1, unixepoch() * 1000000, unixepoch() * 1000000,
        coalesce((SELECT min(number) FROM recent_keys), 1), coalesce((SELECT max(number) FROM former_keys), 0), 0, 0;
DROP TABLE former_keys;
