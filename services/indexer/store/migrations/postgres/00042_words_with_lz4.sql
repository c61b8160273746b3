-- Vectors of words are compressed with LZ4, which takes less of the server's CPU than its own
-- method. Stored ones stay as they are. A server that was built without LZ4 keeps its method.

-- +goose Up
-- +goose StatementBegin
DO $$ BEGIN
    ALTER TABLE articles ALTER COLUMN words SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
-- +goose StatementEnd
