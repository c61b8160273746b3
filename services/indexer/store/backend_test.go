package store_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// downgradeTo8 is SQL that undoes the migrations after version 8, except for downgradeTo38.
var downgradeTo8 = []string{
	`ALTER TABLE articles DROP COLUMN first_page_hash`, `ALTER TABLE articles DROP COLUMN joined_pages`,
	`DROP TABLE access_tokens`, `DROP TABLE audit_log`, `DROP TABLE outcome_retention`, `DROP TABLE expired_outcomes`,
	`DROP INDEX revisions_to_trim`, `ALTER TABLE revisions DROP COLUMN text_removed`,
	`ALTER TABLE revisions DROP COLUMN trimmed`,
	`DROP TABLE saved_searches`, `DROP TABLE notify_progress`, `DROP TABLE notify_subscriptions`,
	`DROP TABLE notify_deliveries`, `DROP TABLE archive_files`, `DROP TABLE archive_captures`,
	`DROP TABLE discovery_backfills`, `DROP TABLE discovery_backfill_sitemaps`, `DROP TABLE discovery_backfill_urls`,
	`DROP TABLE discovery_subscriptions`, `DROP TABLE replaced_records`, `DROP TABLE replay_runs`,
	`ALTER TABLE articles DROP COLUMN replaced_hash`, `ALTER TABLE sources DROP COLUMN name`,
	`DROP TABLE stream_spans`, `DROP TABLE discovery_sources`, `DROP TABLE discovery_endpoints`,
	`DROP TABLE discovery_articles`, `DROP TABLE discovery_shapes`, `DROP TABLE discovery_signatures`,
}

// downgradePostgresTo8 is SQL that undoes the migrations after version 8 that only PostgreSQL has.
var downgradePostgresTo8 = []string{
	`DROP INDEX articles_by_words_and_period`, `DROP FUNCTION article_periods`,
	`CREATE INDEX articles_by_words ON articles USING gin (words)`,
}

// downgradeBothTo39 is SQL that undoes the migrations after version 39.
var downgradeBothTo39 = []string{
	`DROP INDEX notify_subscriptions_changed`, `ALTER TABLE notify_subscriptions DROP COLUMN version`,
	`DROP INDEX notify_deliveries_of_article`,
	`CREATE INDEX notify_deliveries_by_article ON notify_deliveries (article_id)`,
}

// The following undo the migrations after version 38.
var (
	downgradeSQLiteTo38 = append([]string{
		`DROP TABLE copies_window`, `ALTER TABLE recent_keys DROP COLUMN time`,
	}, downgradeBothTo39...)
	downgradePostgresTo38 = append([]string{
		`DROP TABLE copies_window`, `DROP TABLE recent_keys`, `DROP TRIGGER follow_sketch_keys ON sketch_keys`,
		`DROP FUNCTION follow_sketch_keys`, `ALTER TABLE articles ALTER words SET COMPRESSION default`,
	}, downgradeBothTo39...)
)

// downgradeBoth is the part of backend.downgrade that both databases accept.
var downgradeBoth = append([]string{
	`DROP INDEX outcomes_by_time`, `DROP INDEX source_hours_new`,
	`DROP TABLE source_rollup`, `DROP TABLE source_baselines`,
	`DROP TABLE erased_texts`, `DROP TABLE erased_keys`, `DROP TABLE pending_overwrites`,
	`DELETE FROM goose_db_version WHERE version_id > 2`,
}, downgradeTo8...)

var sqliteBackend = backend{
	absentDSN: sqliteFile,
	newDSN:    storetest.SQLite,
	looks:     1,
	execute: func(t *testing.T, dsn, statement string) {
		db := openSQLite(t, dsn)
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	},
	query: func(t *testing.T, dsn, query string, value any) {
		db := openSQLite(t, dsn)
		defer db.Close()
		if err := db.QueryRowContext(t.Context(), query).Scan(value); err != nil {
			t.Fatal(err)
		}
	},
	downgrade: append([]string{
		`DROP TABLE copies_window`, `DROP TABLE recent_keys`,
		`CREATE TABLE sketch_keys (key INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (key, row))
			STRICT, WITHOUT ROWID`,
		`INSERT INTO article_words (article_words, rank) VALUES ('automerge', 8), ('crisismerge', 16)`,
	}, downgradeBoth...),
	refusePoison: map[string]string{"trigger": `CREATE TRIGGER poison BEFORE INSERT ON articles
		WHEN NEW.title = 'poison' BEGIN SELECT RAISE(ABORT, 'no poison here'); END`},
	damageIndex: []string{
		`DELETE FROM article_words WHERE rowid = (SELECT row FROM articles WHERE id = 'id-a0')`,
		`UPDATE articles SET words_hash = 'other' WHERE id = 'id-a7'`,
		`INSERT INTO article_words (rowid, title) VALUES (1, 'ghost')`,
	},
	extraEntries:  1,
	downgradeTo38: downgradeSQLiteTo38,
	downgradeTo8:  slices.Concat(downgradeSQLiteTo38, downgradeTo8),
}

var postgresBackend = backend{
	absentDSN: postgrestest.Database,
	newDSN:    storetest.Postgres,
	looks:     4,
	execute: func(t *testing.T, dsn, statement string) {
		conn := connectPostgres(t, dsn)
		defer conn.Close(context.Background())
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	},
	query: func(t *testing.T, dsn, query string, value any) {
		conn := connectPostgres(t, dsn)
		defer conn.Close(context.Background())
		if err := conn.QueryRow(t.Context(), query).Scan(value); err != nil {
			t.Fatal(err)
		}
	},
	damageIndex: []string{
		`UPDATE articles SET words = '' WHERE id = 'id-a0'`, `UPDATE articles SET words_hash = 'other' WHERE id = 'id-a7'`,
	},
	downgrade:     slices.Concat(downgradePostgresTo38, downgradePostgresTo8, downgradeBoth),
	downgradeTo38: downgradePostgresTo38,
	downgradeTo8:  slices.Concat(downgradePostgresTo38, downgradePostgresTo8, downgradeTo8),
	refusePoison: map[string]string{
		"constraint": `ALTER TABLE articles ADD CONSTRAINT no_poison_here CHECK (title <> 'poison')`,
		// invalid_parameter_value, of the class of data exceptions
		"data exception": `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN RAISE 'no poison here' USING ERRCODE = '22023'; END $$;
			CREATE TRIGGER poison BEFORE INSERT ON articles
			FOR EACH ROW WHEN (NEW.title = 'poison') EXECUTE FUNCTION refuse()`,
	},
}

func openSQLite(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	path := strings.NewReplacer("%", "%25", "#", "%23", "?", "%3f").Replace(strings.TrimPrefix(dsn, "sqlite:"))
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func connectPostgres(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
