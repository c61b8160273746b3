package store_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// An older file keeps what it holds, finds copies of it, and merges as a new one
// does.
func TestSQLiteFromVersion2(t *testing.T) {
	file := sqliteFile(t)
	text := newNewsroom().words(200)
	s := reopen(t, file)
	put(t, s, article("old", "Ferry returns", text, noon))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, statement := range sqliteBackend.undo {
		sqliteBackend.execute(t, file, statement)
	}

	s = reopen(t, file)
	put(t, s, article("copy", "Ferry is back", text, after(1)))
	if page, err := s.Search(t.Context(), store.Query{Text: "ferry"}); err != nil || len(page.Hits) != 2 {
		t.Errorf("%d hits, %v; want the old article and the new one", len(page.Hits), err)
	}
	if story, err := s.Story(t.Context(), "id-copy"); err != nil || len(story) != 2 {
		t.Errorf("the story is %v, %v; want the old article and its copy", story, err)
	}
	db, err := sql.Open("sqlite", store.SQLiteDSN(strings.TrimPrefix(file, "sqlite:")))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for option, want := range map[string]int{"automerge": 24, "crisismerge": 128} {
		var got int
		if err := db.QueryRowContext(t.Context(), `SELECT v FROM article_words_config WHERE k = ?`, option).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %d, %v; want %d", option, got, err, want)
		}
	}
}
