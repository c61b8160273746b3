-- The keys of sketches by time of storing, which the programs look up in memory. Times are in
-- microseconds since 1970.

-- +goose Up
-- Programs of earlier versions wait here until the end of the migration. They keep writing to
-- sketch_keys until they are replaced. A later migration drops the table.
LOCK TABLE sketch_keys;
CREATE TABLE recent_keys (
    number bigint PRIMARY KEY, -- in the order in which the texts were stored
    time   bigint NOT NULL,    -- when the text was stored, by the clock of copies_window
    row    bigint NOT NULL,    -- the article's row
    keys   bytea  NOT NULL     -- eight keys of eight bytes each
);
-- An article was stored after all articles of lower rows, and after each of them was fetched.
INSERT INTO recent_keys (number, time, row, keys)
    SELECT row_number() OVER (ORDER BY row), time, row, keys FROM (
        SELECT (extract(epoch FROM max(least(first_seen, now())) OVER (ORDER BY row)) * 1000000)::bigint AS time,
            row, substr(sketch, 5, 64) AS keys
        FROM articles WHERE length(sketch) > 4 AND row > (SELECT max(row) FROM articles) - 1342177) stored
    WHERE time > (extract(epoch FROM now() - interval '30 days') * 1000000)::bigint;
CREATE INDEX recent_keys_by_row ON recent_keys (row);

CREATE TABLE copies_window (
    id    integer PRIMARY KEY, -- always 1
    time  bigint NOT NULL,     -- when keys were stored last; it never goes back
    clock bigint NOT NULL,     -- what the server's clock showed then
    first bigint NOT NULL,     -- lower bound of recent_keys.number
    last  bigint NOT NULL,     -- the highest recent_keys.number so far
    max_age      bigint NOT NULL, -- what the program that stored last was configured with
    max_articles bigint NOT NULL
);
INSERT INTO copies_window (id, time, clock, first, last, max_age, max_articles)
    SELECT 1, n.time, n.time, 1, (SELECT count(*) FROM recent_keys), 0, 0
    FROM (SELECT (extract(epoch FROM now()) * 1000000)::bigint AS time) n;

TRUNCATE sketch_keys;
-- +goose StatementBegin
CREATE FUNCTION follow_sketch_keys() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    added bigint := (SELECT count(DISTINCT row) FROM added_keys);
    now   bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    w     copies_window;
BEGIN
    UPDATE copies_window SET time = time + greatest(0, least(now - clock, 3600000000)), clock = now, last = last + added
        WHERE id = 1 RETURNING * INTO w;
    DELETE FROM recent_keys WHERE row IN (SELECT row FROM added_keys);
    INSERT INTO recent_keys (number, time, row, keys)
        SELECT w.last - added + row_number() OVER (), w.time, a.row, substr(a.sketch, 5, 64)
        FROM (SELECT DISTINCT row FROM added_keys) k JOIN articles a USING (row);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER follow_sketch_keys AFTER INSERT ON sketch_keys REFERENCING NEW TABLE AS added_keys
    FOR EACH STATEMENT EXECUTE FUNCTION follow_sketch_keys();
