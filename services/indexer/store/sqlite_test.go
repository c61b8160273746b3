package store_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestSQLiteFromVersion2 checks that a migrated file keeps its articles, finds
// copies of them, and merges its index like a new file.
func TestSQLiteFromVersion2(t *testing.T) {
	file := sqliteFile(t)
	text := newGenerator().words(200)
	s := reopen(t, file)
	now := time.Now() // so that the old article is in the window of copies
	put(t, s, article("old", "Ferry returns", text, now.Add(-time.Hour)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, statement := range sqliteBackend.downgrade {
		sqliteBackend.execute(t, file, statement)
	}

	s = reopen(t, file)
	put(t, s, article("copy", "Ferry is back", text, now))
	if page, err := s.Search(t.Context(), store.Query{Text: "ferry"}); err != nil || len(page.Hits) != 2 {
		t.Errorf("%d hits, %v; want the old and the new article", len(page.Hits), err)
	}
	if story, err := s.Story(t.Context(), "id-copy"); err != nil || len(story) != 2 {
		t.Errorf("story %v, %v; want the old article and its copy", story, err)
	}
	db, err := sql.Open("sqlite", store.SQLiteDSN(strings.TrimPrefix(file, "sqlite:")))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var got int
	err = db.QueryRowContext(t.Context(), `SELECT v FROM article_words_config WHERE k = 'crisismerge'`).Scan(&got)
	if err != nil || got != 128 {
		t.Errorf("crisismerge is %d, %v; want 128", got, err)
	}
}

// TestSegmentsAreMerged stores more batches than the index of words can have
// segments.
func TestSegmentsAreMerged(t *testing.T) {
	file := sqliteFile(t)
	s := reopen(t, file)
	articles := newGenerator()
	for range 3 {
		for _, one := range articles.batch() {
			put(t, s, one)
		}
	}
	db, err := sql.Open("sqlite", store.SQLiteDSN(strings.TrimPrefix(file, "sqlite:")))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var segments int
	const query = `SELECT count(DISTINCT segid) FROM article_words_idx`
	if err := db.QueryRowContext(t.Context(), query).Scan(&segments); err != nil {
		t.Fatal(err)
	}
	if segments < 2 || segments >= 128 {
		t.Errorf("index has %d segments after 600 batches, want 2 to 127", segments)
	}
	page, err := s.Search(t.Context(), store.Query{Text: pseudoword(1), Limit: 1000})
	if err != nil || len(page.Hits) < 500 {
		t.Errorf("a frequent word finds %d articles, %v; want at least 500", len(page.Hits), err)
	}
}

// TestFormsOfAnOpenedStore checks that searches in a reopened store use the stems
// of the stored languages.
func TestFormsOfAnOpenedStore(t *testing.T) {
	file := sqliteFile(t)
	s := reopen(t, file)
	german := article("german", "", "Die Wahlen sind vorbei.", noon)
	german.Language = "de-AT"
	put(t, s, german, article("english", "", "The ferries sail.", noon))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, file)
	wantNames(t, "wahl", find(t, s, "wahl"), "german")
	wantNames(t, "ferry", find(t, s, "ferry"), "english")
	page, err := s.Search(t.Context(), store.Query{Text: "ferry", Filter: store.Filter{Languages: []string{"de"}}})
	if err != nil || len(page.Hits) != 0 {
		t.Errorf("ferry in German finds %d articles, %v; want none", len(page.Hits), err)
	}
}
