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

// TestPostgresOutcomesAreWrittenInOrder records two outcomes while another writer has recorded one of them and
// is about to record the other one. If the two writers had different orders, each would wait for the other.
func TestPostgresOutcomesAreWrittenInOrder(t *testing.T) {
	dsn := postgresBackend.newDSN(t)
	s := reopen(t, dsn)
	outcomes := map[string]*datelinev1.Outcome{}
	for _, name := range []string{"a", "b"} {
		o := outcome(datelinev1.Stage_STAGE_FETCH, name, noon)
		outcomes[o.GetInputId()] = o
		record(t, s, o)
	}
	other := connectPostgres(t, dsn)
	defer func() { _ = other.Close(t.Context()) }()
	execute := func(statement string) {
		t.Helper()
		if _, err := other.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	execute(`CREATE TEMPORARY TABLE o AS SELECT * FROM outcomes`)
	execute(`DELETE FROM outcomes`)
	var first, second string
	err := other.QueryRow(t.Context(), `SELECT (SELECT input_id FROM o ORDER BY input_key LIMIT 1),
		(SELECT input_id FROM o ORDER BY input_key DESC LIMIT 1)`).Scan(&first, &second)
	if err != nil {
		t.Fatal(err)
	}
	execute(`BEGIN`)
	execute(`SET LOCAL deadlock_timeout = '10ms'`) // this session finds the deadlock, and fails
	execute(`INSERT INTO outcomes SELECT * FROM o ORDER BY input_key LIMIT 1`)
	done := make(chan error, 1)
	go func() { done <- s.Record(t.Context(), []*datelinev1.Outcome{outcomes[second], outcomes[first]}) }()
	awaitLockWait(t, dsn)
	execute(`INSERT INTO outcomes SELECT * FROM o ORDER BY input_key DESC LIMIT 1`)
	execute(`COMMIT`)
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, o := range outcomes {
		wantOutcomes(t, outcomesOf(t, s, o.GetUrl()), o)
	}
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

// TestPostgresCompression stores a long vector of words with the best method that the server has.
func TestPostgresCompression(t *testing.T) {
	dsn := postgresBackend.newDSN(t)
	put(t, reopen(t, dsn), article("long", "Headline", joined(prose(1, 200)...), noon))
	var got, want string
	postgresBackend.query(t, dsn, `SELECT pg_column_compression(words) FROM articles`, &got)
	postgresBackend.query(t, dsn, `SELECT CASE WHEN 'lz4' = ANY (enumvals) THEN 'lz4' ELSE 'pglz' END
		FROM pg_settings WHERE name = 'default_toast_compression'`, &want)
	if got != want {
		t.Errorf("the vector of words is compressed with %q, want %q", got, want)
	}
}
