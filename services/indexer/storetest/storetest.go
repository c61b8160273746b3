// Package storetest gives tests of other packages stores of every kind.
package storetest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/dateline-news/dateline/internal/postgrestest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// empty has a store of each kind with tables and without articles, which is made on first use. Copying
// it takes much less time than creating the tables again for each test.
var empty struct {
	sync.Mutex
	sqlite   []byte
	postgres string // the name of the data source
}

// SQLite returns the data source name of an empty SQLite store.
func SQLite(tb testing.TB) string {
	tb.Helper()
	empty.Lock()
	defer empty.Unlock()
	file := filepath.Join(tb.TempDir(), "a 100% odd#name?.db")
	dsn := "sqlite:" + file
	var err error
	if empty.sqlite == nil {
		createTables(tb, dsn)
		empty.sqlite, err = os.ReadFile(file)
	} else {
		err = os.WriteFile(file, empty.sqlite, 0o600)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return dsn
}

// Postgres returns the data source name of an empty PostgreSQL store. The package needs postgrestest.Main.
func Postgres(tb testing.TB) string {
	tb.Helper()
	empty.Lock()
	defer empty.Unlock()
	if empty.postgres == "" {
		dsn := postgrestest.Database(tb)
		createTables(tb, dsn)
		empty.postgres = dsn
	}
	return postgrestest.Copy(tb, empty.postgres)
}

func createTables(tb testing.TB, dsn string) {
	tb.Helper()
	s, err := store.Open(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
}

// Each runs a test with an empty store of each kind. The package needs postgrestest.Main.
func Each(t *testing.T, test func(*testing.T, store.Store)) {
	t.Helper()
	for name, newDSN := range map[string]func(testing.TB) string{"sqlite": SQLite, "postgres": Postgres} {
		t.Run(name, func(t *testing.T) { test(t, Open(t, newDSN(t))) })
	}
}

// Open opens a store until the test ends.
func Open(tb testing.TB, dsn string) store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

// Put stores articles, each of which must be accepted.
func Put(tb testing.TB, s store.Store, records ...*datelinev1.Article) {
	tb.Helper()
	results, err := s.Put(tb.Context(), records)
	if err != nil {
		tb.Fatal(err)
	}
	for _, result := range results {
		if result.Err != nil {
			tb.Fatal(result.Err)
		}
	}
}
