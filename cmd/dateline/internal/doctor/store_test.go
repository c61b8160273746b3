package doctor

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// createTables creates the tables of a store.
func createTables(t *testing.T, dsn string) {
	t.Helper()
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	sqlite, postgres := "sqlite:"+filepath.Join(t.TempDir(), "articles.db"), postgrestest.Database(t)
	createTables(t, sqlite)
	createTables(t, postgres)
	text := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("Dear reader. ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for dsn, want := range map[string][]string{
		sqlite:                  {"ok store: SQLite 3.", "tables of version"},
		"sqlite:/nonexistent/x": {"problem store: there is no store at /nonexistent/x"},
		"sqlite:" + text:        {"problem store: reading the store", "the store is damaged", "name another file"},
		// The server of the tests runs without fsync, and its user is a superuser.
		postgres: {
			"problem store: fsync is off", "problem store: the services' user is a superuser",
			"ok clock: the clocks of the database and this machine agree",
		},
		postgrestest.Database(t):                              {"problem store: the store has no tables yet"},
		"postgres://u:secret@127.0.0.1:1/x?connect_timeout=2": {"problem store: reaching the store, database x at 127.0.0.1"},
		"postgres://u@127.0.0.1:port/x":                       {"problem store: reading the store's address"},
	} {
		got := findings(t, examineStore, Target{StoreURL: dsn})
		wantLines(t, got, want...)
		if strings.Contains(got, "secret") {
			t.Errorf("the findings contain a password: %s", got)
		}
	}
}

// TestStoreIsNotModified examines stores without tables and with older ones twice: the
// first time must neither create nor migrate any.
func TestStoreIsNotModified(t *testing.T) {
	file, older := filepath.Join(t.TempDir(), "articles.db"), postgrestest.Database(t)
	forgetMigration(t, "sqlite:"+file, "sqlite", "file:"+file)
	forgetMigration(t, older, "pgx", older)
	for dsn, want := range map[string]string{
		postgrestest.Database(t): "problem store: the store has no tables yet",
		"sqlite:" + file:         "problem store: the store's tables have version",
		older:                    "problem store: the store's tables have version",
	} {
		for range 2 {
			wantLines(t, findings(t, examineStore, Target{StoreURL: dsn}), want)
		}
	}
}

// forgetMigration creates the tables of a store, and records that the last migration is
// still to be made.
func forgetMigration(t *testing.T, dsn, driver, name string) {
	t.Helper()
	createTables(t, dsn)
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `DELETE FROM goose_db_version
		WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`); err != nil {
		t.Fatal(err)
	}
}

func TestDisk(t *testing.T) {
	wantLines(t, findings(t, examineDisk, Target{DataDir: t.TempDir(), MinFree: 1 << 50}),
		"problem", "MB are left on the disk")
}

func TestSecrets(t *testing.T) {
	for name, test := range map[string]struct {
		target Target
		want   string
	}{
		"none": {Target{NATS: bus.Config{URL: "nats://127.0.0.1"}}, "skipped secrets"},
		"strong": {Target{
			NATS:      bus.Config{URL: "nats://dateline:k3Nd02mfLqPz8WxYb7Rt@nats:4222"},
			ReadToken: "9f86d081884c7d659a2feaa0c55ad015",
		}, "ok secrets: none of the 2"},
		"short": {Target{NATS: bus.Config{URL: "nats://dateline:x7Q@nats:4222"}},
			"problem secrets: the password in the address of NATS can be guessed"},
		"common words": {Target{StoreURL: "postgres://dateline:dateline-password-1234@db/dateline"},
			"problem secrets: the password in the address of the store can be guessed"},
		"the same": {Target{ReadToken: "9f86d081884c7d659a2feaa0", OperateToken: "9f86d081884c7d659a2feaa0"},
			"problem secrets: http.read-token and http.operate-token are the same"},
	} {
		got := findings(t, examineTokens, test.target)
		if !strings.Contains(got, test.want) || strings.Contains(got, "9f86d081") {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
