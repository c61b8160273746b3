package store

import (
	"path/filepath"
	"strconv"
	"testing"
)

// TestCheckpoints writes until the write-ahead log restarts. It must restart
// because of the checkpoints, long before a commit would copy the pages.
func TestCheckpoints(t *testing.T) {
	opened, err := openSQLite(t.Context(), filepath.Join(t.TempDir(), "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	s := opened.(*sqliteStore)
	if _, err := s.writer.ExecContext(t.Context(), `CREATE TABLE pages (page BLOB)`); err != nil {
		t.Fatal(err)
	}
	limit, err := strconv.Atoi(maxLogPages)
	if err != nil {
		t.Fatal(err)
	}
	written, before := 0, 0
	for {
		tx, err := s.writer.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO pages VALUES (zeroblob(1 << 20))`); err != nil {
			t.Fatal(err)
		}
		if err := s.commit(tx); err != nil {
			t.Fatal(err)
		}
		written++
		log, _, err := walCheckpoint(t.Context(), s.readers, "NOOP")
		if err != nil {
			t.Fatal(err)
		}
		if log < before {
			break
		}
		if before = log; log >= limit {
			t.Fatalf("log has %d pages and has not restarted", log)
		}
	}
	if before < restartPages {
		t.Errorf("log restarted at %d pages, want at least %d", before, restartPages)
	}
	var kept int
	const query = `SELECT count(*) FROM pages WHERE length(page) = 1 << 20`
	err = s.readers.QueryRowContext(t.Context(), query).Scan(&kept)
	if err != nil || kept != written {
		t.Errorf("table has %d rows (%v), want %d", kept, err, written)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
