package store_test

import (
	"context"
	"testing"

	"golang.org/x/sync/errgroup"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestCopiesInConcurrentTransactions stores copies in two transactions, neither of which can see
// the other until both have looked for copies and written their articles. Afterwards, each process
// finds copies of its own articles.
func TestCopiesInConcurrentTransactions(t *testing.T) {
	dsn := postgresBackend.newDSN(t)
	s := reopen(t, dsn)
	fresh, known, joins := joined(prose(1, 8)...), prose(2, 6), prose(3, 6)
	// The first batch gives both stories the name of one, and the second that of the other.
	put(t, s, article("known", "Known", joined(known...), after(-1)))
	put(t, s, article("joins", "Joins", joined(joins...), after(0)))
	batches := [][]*datelinev1.Article{
		{
			article("fresh1", "Fresh", fresh, after(1)),
			article("known1", "Known", joined(known...), after(1)),
			article("both", "Both", joined(append(known, joins...)...), after(1)),
			article("own1", "Own", joined(prose(4, 8)...), after(1)),
		},
		{
			article("fresh2", "Fresh", fresh, after(2)),
			article("joins2", "Joins", joined(joins...), after(2)),
			article("own2", "Own", joined(prose(5, 8)...), after(2)),
		},
	}
	results := make([][]store.PutResult, len(batches))
	stores := []store.Store{reopen(t, dsn), reopen(t, dsn)}
	storeBehindALock(t, dsn, len(batches), func(i int) (err error) {
		results[i], err = stores[i].Put(t.Context(), batches[i])
		return err
	})
	put(t, stores[0], article("later1", "Own", joined(prose(4, 8)...), after(3)))
	put(t, stores[1], article("later2", "Own", joined(prose(5, 8)...), after(3)))
	wantStory(t, s, "id-later1", "own1", "later1")
	wantStory(t, s, "id-later2", "own2", "later2")
	wantStory(t, s, "id-fresh1", "fresh1", "fresh2")
	wantStory(t, s, "id-joins2", "known", "joins", "both", "known1", "joins2")
	copies := 0
	for _, batch := range results {
		for _, r := range batch {
			if r.Copy {
				copies++
			}
		}
	}
	if copies != 4 { // one of the fresh ones, and the others, which join stories of known articles
		t.Errorf("%d articles joined a story, want 4: %+v", copies, results)
	}
}

// storeBehindALock calls several functions that store articles at the same time, each in a
// transaction of its own, while a lock prevents them from committing. It releases the lock when
// all wait for it.
func storeBehindALock(t *testing.T, dsn string, calls int, store func(i int) error) {
	t.Helper()
	conn, observer := connectPostgres(t, dsn), connectPostgres(t, dsn)
	defer conn.Close(context.Background())
	defer observer.Close(context.Background())
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT * FROM copies_window FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	var storing errgroup.Group
	for i := range calls {
		storing.Go(func() error { return store(i) })
	}
	for waiting := 0; waiting < calls; {
		err := observer.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := storing.Wait(); err != nil {
		t.Error(err)
	}
}

// TestCopiesOfOlderProcesses checks that a process of the version before 39, which runs while a
// newer one has migrated the tables, can store articles, and that their copies are found.
func TestCopiesOfOlderProcesses(t *testing.T) {
	dsn := postgresBackend.newDSN(t)
	s := reopen(t, dsn)
	text := joined(prose(1, 8)...)
	put(t, s, article("older", "Older", text, after(1)), article("other", "Other", joined(prose(2, 8)...), after(1)))
	for _, statement := range []string{
		`DELETE FROM recent_keys WHERE row = (SELECT row FROM articles WHERE id = 'id-older')`,
		`INSERT INTO sketch_keys (key, row) SELECT key, row FROM articles, generate_series(1, 8) AS key
			WHERE id = 'id-older' ON CONFLICT DO NOTHING`,
	} {
		postgresBackend.execute(t, dsn, statement)
	}
	put(t, s, article("newer", "Newer", text, after(2)))
	wantStory(t, s, "id-newer", "older", "newer")
	var rows string
	postgresBackend.query(t, dsn, `SELECT string_agg(number::text, ' ' ORDER BY number) FROM recent_keys`, &rows)
	if want := "2 3 4"; rows != want {
		t.Errorf("numbers of keys: %s, want %s", rows, want)
	}
}
