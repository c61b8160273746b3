-- The index of words also has the periods that contain an article's time, so that a search
-- reads the newest matches without reading all others.

-- +goose Up
-- The keys of the periods of 2^8, 2^12 and so on to 2^36 seconds that contain a time.
CREATE FUNCTION article_periods(at timestamptz) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT ARRAY[
    (date_part('epoch', at AT TIME ZONE 'UTC')::bigint >> 8) * 8,
    (date_part('epoch', at AT TIME ZONE 'UTC')::bigint >> 12) * 8 + 1,
    (date_part('epoch', at AT TIME ZONE 'UTC')::bigint >> 16) * 8 + 2,
    (date_part('epoch', at AT TIME ZONE 'UTC')::bigint >> 20) * 8 + 3,
    (date_part('epoch', at AT TIME ZONE 'UTC')::bigint >> 24) * 8 + 4,
    (date_part('epoch', at AT TIME ZONE 'UTC')::bigint >> 28) * 8 + 5,
    (date_part('epoch', at AT TIME ZONE 'UTC')::bigint >> 32) * 8 + 6,
    (date_part('epoch', at AT TIME ZONE 'UTC')::bigint >> 36) * 8 + 7] $$;
-- Until the new index is complete, searches use the old one, and writers of articles wait.
SET LOCAL maintenance_work_mem = '256MB';
CREATE INDEX articles_by_words_and_period ON articles USING gin (words, article_periods(sort_time));
DROP INDEX articles_by_words;
