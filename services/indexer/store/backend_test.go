package store_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/dateline-news/dateline/internal/postgrestest"
)

// downgradeBoth is the part of backend.downgrade that both databases accept.
var downgradeBoth = []string{
	`DROP INDEX outcomes_by_time`, `DROP INDEX source_hours_new`,
	`DROP TABLE source_rollup`, `DROP TABLE source_baselines`,
	`DELETE FROM goose_db_version WHERE version_id > 2`,
}

var sqliteBackend = backend{
	newDSN: sqliteFile,
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
	downgrade: append([]string{
		`DROP TABLE recent_keys`,
		`CREATE TABLE sketch_keys (key INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (key, row))
			STRICT, WITHOUT ROWID`,
		`INSERT INTO article_words (article_words, rank) VALUES ('automerge', 8), ('crisismerge', 16)`,
	}, downgradeBoth...),
	refusePoison: []string{`CREATE TRIGGER poison BEFORE INSERT ON articles WHEN NEW.title = 'poison'
		BEGIN SELECT RAISE(ABORT, 'no poison here'); END`},
}

var postgresBackend = backend{
	newDSN: postgrestest.Database,
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
	downgrade:    downgradeBoth,
	refusePoison: []string{`ALTER TABLE articles ADD CONSTRAINT no_poison_here CHECK (title <> 'poison')`},
}
