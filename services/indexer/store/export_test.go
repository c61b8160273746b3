package store

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/sketch"
)

// BareRow is a prepared article for the benchmark's bare insertion.
type BareRow struct {
	ID, URL, Host, Title, Hash, WordsHash string
	Vector                                pgtype.TSVector
	Time                                  time.Time
	RowID                                 int64
	Key, Record, Sketch, KeyBytes         []byte
	Words                                 [4]string
}

// BareRows prepares articles.
func BareRows(tb testing.TB, articles []*datelinev1.Article) []BareRow {
	tb.Helper()
	rows := make([]BareRow, len(articles))
	for i, article := range articles {
		a, err := newArrival(article)
		if err != nil {
			tb.Fatal(err)
		}
		first, _ := rowsOfSecond(a.row.sortTime)
		rows[i] = BareRow{
			ID: a.row.id, URL: a.row.canonicalURL, Host: a.row.host, Title: a.row.title,
			Hash: a.row.contentHash, WordsHash: a.row.wordsHash, Vector: vectorOf(a.words),
			Time: a.row.fetched, RowID: first, Key: digest(a.row.canonicalURL), Record: a.record, Sketch: a.row.sketch,
			KeyBytes: sketch.KeyBytes(a.row.sketch),
			Words:    [4]string{a.words.title, a.words.about, a.words.bodyAndStems(), a.words.filters},
		}
	}
	return rows
}

// SetMinSpare sets the least size of the free space that an SQLite store keeps.
func SetMinSpare(tb testing.TB, s Store, bytes int64) {
	tb.Helper()
	s.(*sqliteStore).release.minSpare = bytes
}

// ArticleColumns returns the names of the columns of the articles table, except
// for the row's number and the words.
func ArticleColumns() []string {
	names := make([]string, len(articleColumns))
	for i, c := range articleColumns {
		names[i] = c.name
	}
	return names
}

// Checkpoint runs a checkpoint of SQLite's write-ahead log if one is due.
func Checkpoint(tb testing.TB, s Store) {
	tb.Helper()
	if s, ok := s.(*sqliteStore); ok {
		if err := s.checkpoints.checkpoint(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
}

// WriterSynchronous returns how SQLite syncs the commits of a store: 2 means before a
// commit returns (https://www.sqlite.org/pragma.html#pragma_synchronous).
func WriterSynchronous(tb testing.TB, s Store) (mode int) {
	tb.Helper()
	if err := s.(*sqliteStore).writer.QueryRowContext(tb.Context(), "PRAGMA synchronous").Scan(&mode); err != nil {
		tb.Fatal(err)
	}
	return mode
}

// SQLiteDSN returns the name under which the driver opens a file with the store's
// settings, except that SQLite runs its own checkpoints.
func SQLiteDSN(path string) string {
	return sqliteDSN(path, "synchronous(FULL)", "cache_size(-131072)", "wal_autocheckpoint(16384)")
}
