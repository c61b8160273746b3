package store_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// A file of the version before merges were made rare keeps what it holds, and
// merges as a new one does.
func TestSQLiteMergesLessOftenAfterMigration(t *testing.T) {
	file := sqliteFile(t)
	s := reopen(t, file)
	put(t, s, article("old", "Ferry returns", "The harbour has its ferry again.", noon))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`DELETE FROM goose_db_version WHERE version_id = 4`,
		`INSERT INTO article_words (article_words, rank) VALUES ('automerge', 8), ('crisismerge', 16)`,
	} {
		sqliteBackend.execute(t, file, statement)
	}

	s = reopen(t, file)
	put(t, s, article("new", "Second ferry", "It has two now.", after(1)))
	if page, err := s.Search(t.Context(), store.Query{Text: "ferry"}); err != nil || len(page.Hits) != 2 {
		t.Errorf("%d hits, %v; want the old article and the new one", len(page.Hits), err)
	}
	db, err := sql.Open("sqlite", store.SQLiteDSN(strings.TrimPrefix(file, "sqlite:")))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for option, want := range map[string]int{"automerge": 64, "crisismerge": 256} {
		var got int
		if err := db.QueryRowContext(t.Context(), `SELECT v FROM article_words_config WHERE k = ?`, option).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %d, %v; want %d", option, got, err, want)
		}
	}
}
