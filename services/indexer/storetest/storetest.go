// Package storetest gives tests of other packages stores of every kind.
package storetest

import (
	"path/filepath"
	"testing"

	"github.com/dateline-news/dateline/internal/postgrestest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// SQLite returns the data source name of a SQLite store that does not exist yet.
func SQLite(tb testing.TB) string {
	tb.Helper()
	return "sqlite:" + filepath.Join(tb.TempDir(), "articles.db")
}

// Each runs a test with an empty store of each kind. The package needs postgrestest.Main.
func Each(t *testing.T, test func(*testing.T, store.Store)) {
	t.Helper()
	for name, newDSN := range map[string]func(testing.TB) string{"sqlite": SQLite, "postgres": postgrestest.Database} {
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
