-- Tokens for the web page and the API, and the log of what was done with them. Times are in
-- microseconds since 1970, and 0 means never.

-- +goose Up
CREATE TABLE access_tokens (
    name        TEXT    PRIMARY KEY,
    digest      TEXT    NOT NULL UNIQUE, -- hexadecimal SHA-256 of the token
    scopes      TEXT    NOT NULL,        -- separated by commas
    add_time    INTEGER NOT NULL,
    expiry_time INTEGER NOT NULL,
    use_time    INTEGER NOT NULL         -- of the last use, to the hour
) STRICT;
CREATE TABLE audit_log (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    time   INTEGER NOT NULL,
    actor  TEXT    NOT NULL,
    action TEXT    NOT NULL,
    object TEXT    NOT NULL,
    result TEXT    NOT NULL -- empty until the action has ended
) STRICT;
CREATE INDEX audit_log_by_time ON audit_log (time);
