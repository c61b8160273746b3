package store_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestPostgresConflict lets another writer store a new article after Put has
// looked for it and before Put writes it.
func TestPostgresConflict(t *testing.T) {
	dsn := postgresBackend.newDSN(t)
	s := reopen(t, dsn)
	template := article("template", "Newer", "x", after(5))
	put(t, s, template)

	other, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(t.Context()) }()
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`CREATE TEMPORARY TABLE a AS SELECT * FROM articles`,
		`UPDATE a SET id = 'id-raced', row = 1000`,
		`INSERT INTO articles SELECT * FROM a`,
		`CREATE TEMPORARY TABLE r AS SELECT * FROM revisions`,
		`UPDATE r SET article_id = 'id-raced'`,
		`INSERT INTO revisions SELECT * FROM r`,
	} {
		if _, err := tx.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}

	older := article("raced", "Older", "x", after(1))
	type answer struct {
		results []store.PutResult
		err     error
	}
	done := make(chan answer, 1)
	go func() {
		results, err := s.Put(t.Context(), []*datelinev1.Article{older})
		done <- answer{results, err}
	}()
	awaitLockWait(t, dsn)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got.err != nil || got.results[0].Err != nil || got.results[0].Status != store.Outdated {
		t.Fatalf("Put returned %+v, want the article outdated by that of the other writer", got)
	}
	wantArticle(t, s, "id-raced", template)
	wantRevisions(t, s, "id-raced", "2 Older 1-1", "1 Newer 5-5")
}

// awaitLockWait waits until a session of the database waits for a lock.
func awaitLockWait(t *testing.T, dsn string) {
	t.Helper()
	watcher, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watcher.Close(t.Context()) }()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for range poll.C {
		var waiting bool
		err := watcher.QueryRow(t.Context(), `SELECT count(*) > 0 FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		if waiting {
			return
		}
	}
}
