-- Tokens for the web page and the API, and the log of what was done with them. Times are in
-- microseconds since 1970, and 0 means never.

-- +goose Up
CREATE TABLE access_tokens (
    name        text   PRIMARY KEY,
    digest      text   NOT NULL UNIQUE, -- hexadecimal SHA-256 of the token
    scopes      text   NOT NULL,        -- separated by commas
    add_time    bigint NOT NULL,
    expiry_time bigint NOT NULL,
    use_time    bigint NOT NULL         -- of the last use, to the hour
);
CREATE TABLE audit_log (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time   bigint NOT NULL,
    actor  text   NOT NULL,
    action text   NOT NULL,
    object text   NOT NULL,
    result text   NOT NULL -- empty until the action has ended
);
CREATE INDEX audit_log_by_time ON audit_log (time);
