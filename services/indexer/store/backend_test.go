package store_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/jackc/pgx/v5"
)

var sqliteBackend = backend{
	fresh: func(t testing.TB) string { return sqliteFile(t) },
	execute: func(t *testing.T, dsn, statement string) {
		path := strings.NewReplacer("%", "%25", "#", "%23", "?", "%3f").Replace(strings.TrimPrefix(dsn, "sqlite:"))
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	},
	passWindow: `INSERT INTO recent_keys (number, row, keys) SELECT max(number) + 524288, -1, x'' FROM recent_keys`,
	refusePoison: []string{`CREATE TRIGGER poison BEFORE INSERT ON articles WHEN NEW.title = 'poison'
		BEGIN SELECT RAISE(ABORT, 'no poison here'); END`},
}

var postgresBackend = backend{
	fresh: func(t testing.TB) string { return postgrestest.Database(t) },
	execute: func(t *testing.T, dsn, statement string) {
		conn, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	},
	passWindow:   `SELECT setval(pg_get_serial_sequence('articles', 'row'), (SELECT max(row) + 524288 FROM articles))`,
	refusePoison: []string{`ALTER TABLE articles ADD CONSTRAINT no_poison_here CHECK (title <> 'poison')`},
}
