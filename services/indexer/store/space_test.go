package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// deleteMost stores outcomes and deletes them again, so that most of the file is free.
func deleteMost(t *testing.T, s store.Store) {
	t.Helper()
	const batches = 60
	made := 0
	for range batches {
		var all []*datelinev1.Outcome
		for range 500 {
			made++
			o := outcome(datelinev1.Stage_STAGE_FETCH, numbered("story", made), noon.Add(time.Duration(made)*time.Second))
			o.InputId, o.Detail = numbered("input", made), strings.Repeat("detail ", 200)+numbered("", made)
			all = append(all, o)
		}
		record(t, s, all...)
	}
	put(t, s, article("kept", "Ferry returns", "The ferry is back.", noon))
	expire(t, s, noon.Add(24*time.Hour), noon.Add(24*time.Hour))
}

// release gives back space until nothing is left to do, and returns the number of steps.
func release(t *testing.T, s store.Store) (steps int, bytes int64) {
	t.Helper()
	for more := true; more; steps++ {
		var n int64
		var err error
		if n, more, err = s.ReleaseSpace(t.Context()); err != nil {
			t.Fatal(err)
		}
		bytes += n
	}
	return steps, bytes
}

func usageOf(t *testing.T, s store.Store) store.Usage {
	t.Helper()
	u, err := s.Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestSQLiteGivesSpaceBack(t *testing.T) {
	dsn := sqliteFile(t)
	s := reopen(t, dsn)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.CompactSQLite(t.Context(), strings.TrimPrefix(dsn, "sqlite:"), true); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, dsn)
	store.SetMinSpare(t, s, 1<<20)
	deleteMost(t, s)
	size := func() int64 {
		t.Helper()
		if _, err := s.SQL().Writer.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			t.Fatal(err)
		}
		return int64(fileSize(t, strings.TrimPrefix(dsn, "sqlite:")))
	}
	before, free := size(), usageOf(t, s).FreeBytes
	if free < before/2 {
		t.Fatalf("only %d of %d bytes are free", free, before)
	}
	steps, released := release(t, s)
	after, left := size(), usageOf(t, s).FreeBytes
	if steps < 3 || released < free/2 || after > before-released || left > 2<<20 {
		t.Errorf("after %d steps and %d bytes, the file has %d bytes instead of %d, %d of them free",
			steps, released, after, before, left)
	}
	if steps, released := release(t, s); steps != 1 || released != 0 {
		t.Errorf("another round gives back %d bytes in %d steps", released, steps)
	}
	wantNames(t, "ferry", find(t, s, "ferry"), "kept")
	var problem string
	sqliteBackend.query(t, dsn, "PRAGMA integrity_check", &problem)
	if problem != "ok" {
		t.Error(problem)
	}
}

// Space that could not be measured or given back is an error, not a file with nothing to give back.
func TestInterruptedReleaseOfSpace(t *testing.T) {
	s := reopen(t, sqliteFile(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if released, more, err := s.ReleaseSpace(ctx); !errors.Is(err, context.Canceled) || released != 0 || more {
		t.Errorf("%d bytes were given back, more %v, error %v, want %v", released, more, err, context.Canceled)
	}
}

// TestCompactSQLite rewrites a file that does not give back space.
func TestCompactSQLite(t *testing.T) {
	dsn := sqliteFile(t)
	s := reopen(t, dsn)
	store.SetMinSpare(t, s, 1<<20)
	deleteMost(t, s)
	if steps, released := release(t, s); steps != 1 || released != 0 {
		t.Errorf("an unprepared file gives back %d bytes in %d steps", released, steps)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(dsn, "sqlite:")
	done, err := store.CompactSQLite(t.Context(), path, true)
	if err != nil || done.After > done.Before/2 || int64(fileSize(t, path)) != done.After {
		t.Errorf("compacted to %+v, the file has %.0f bytes: %v", done, fileSize(t, path), err)
	}
	s = reopen(t, dsn)
	wantNames(t, "ferry", find(t, s, "ferry"), "kept")
	store.SetMinSpare(t, s, 1<<20)
	fillAndDrop(t, s)
	if steps, released := release(t, s); steps < 3 || released == 0 {
		t.Errorf("after compacting, the file gives back %d bytes in %d steps", released, steps)
	}
	if _, err := store.CompactSQLite(t.Context(), path+".missing", false); err == nil {
		t.Error("a missing file was compacted")
	}
}

// fillAndDrop fills 32 MB with a table and drops it.
func fillAndDrop(t *testing.T, s store.Store) {
	t.Helper()
	for _, statement := range []string{
		`CREATE TABLE filler (content BLOB)`,
		`INSERT INTO filler WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 8000)
			SELECT randomblob(4000) FROM n`,
		`DROP TABLE filler`,
	} {
		if _, err := s.SQL().Writer.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}
