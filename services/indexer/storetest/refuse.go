package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// Refuse makes SQLite refuse each kind of statement of each write in turn, such as every update of a table. The write
// must then report the refusal as an error, and leave the store as it was, except for the ignored tables. fill stores
// what the writes change.
//
// Unlike in PostgreSQL, such a failure does not abort the transaction: a write that drops the error commits its other
// statements.
func Refuse(
	t *testing.T, fill func(*testing.T, store.Store), writes map[string]func(context.Context, store.Store) error,
	ignored ...string,
) {
	t.Helper()
	content := filled(t, fill)
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			s := restored(t, content)
			var err error
			statements := touched(t, s, ignored, func() { err = write(t.Context(), s) })
			if err != nil || len(statements) == 0 {
				t.Fatalf("without a refusal: %v; it writes to %d tables", err, len(statements))
			}
			for _, statement := range statements {
				s := restored(t, content)
				execute(t, s, `CREATE TRIGGER refuse BEFORE `+statement+` BEGIN SELECT RAISE(ABORT, 'not today'); END`)
				before := rowsOf(t, s, ignored)
				if err := write(t.Context(), s); err == nil || !strings.Contains(err.Error(), "not today") {
					t.Errorf("%s is refused, and the error is %v", statement, err)
				}
				if after := rowsOf(t, s, ignored); after != before {
					t.Errorf("%s is refused, and the store has changed from\n%s\nto\n%s", statement, before, after)
				}
			}
		})
	}
}

// filled returns the content of a store as a file.
func filled(t *testing.T, fill func(*testing.T, store.Store)) []byte {
	t.Helper()
	dsn := SQLite(t)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s)
	execute(t, s, `PRAGMA wal_checkpoint(TRUNCATE)`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(strings.TrimPrefix(dsn, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func restored(t *testing.T, content []byte) store.Store {
	t.Helper()
	file := filepath.Join(t.TempDir(), "restored.db")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return Open(t, "sqlite:"+file)
}

// tablesOf returns the tables of a store. Those of the index of words have no triggers.
func tablesOf(t *testing.T, s store.Store, ignored []string) []string {
	t.Helper()
	tables := texts(t, s, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'
		AND name NOT LIKE 'article_words%'`)
	return slices.DeleteFunc(tables, func(table string) bool { return slices.Contains(ignored, table) })
}

// touched returns the kinds of statements that write executes, such as UPDATE ON articles.
func touched(t *testing.T, s store.Store, ignored []string, write func()) []string {
	t.Helper()
	tables := tablesOf(t, s, ignored)
	execute(t, s, `CREATE TABLE touched (statement TEXT)`)
	for i, table := range tables {
		for _, kind := range []string{"INSERT", "UPDATE", "DELETE"} {
			statement := kind + " ON " + table
			execute(t, s, fmt.Sprintf(`CREATE TRIGGER touch_%d_%s BEFORE %s BEGIN
				INSERT INTO touched VALUES ('%s'); END`, i, kind, statement, statement))
		}
	}
	write()
	return texts(t, s, `SELECT DISTINCT statement FROM touched`)
}

// rowsOf returns all rows of all tables, one per line.
func rowsOf(t *testing.T, s store.Store, ignored []string) string {
	t.Helper()
	var all []string
	for _, table := range tablesOf(t, s, ignored) {
		columns := texts(t, s, fmt.Sprintf(`SELECT 'quote(' || name || ')' FROM pragma_table_info('%s')`, table))
		for _, row := range texts(t, s, `SELECT `+strings.Join(columns, ` || ' ' || `)+` FROM `+table) {
			all = append(all, table+": "+row)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func texts(t *testing.T, s store.Store, query string) []string {
	t.Helper()
	all, err := store.ReadRows(t.Context(), s.SQL(), query, func(rows *sql.Rows) (text string, err error) {
		return text, rows.Scan(&text)
	}, query)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func execute(t *testing.T, s store.Store, statement string) {
	t.Helper()
	if _, err := s.SQL().Writer.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
