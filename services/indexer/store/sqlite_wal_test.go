package store

import (
	"path/filepath"
	"strconv"
	"testing"
)

// TestCheckpoints writes until the log has begun anew, which has to come of what
// copies beside the writing: long before a commit would do it.
func TestCheckpoints(t *testing.T) {
	opened, err := openSQLite(t.Context(), filepath.Join(t.TempDir(), "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	s := opened.(*sqliteStore)
	if _, err := s.writer.Exec(`CREATE TABLE pages (page BLOB)`); err != nil {
		t.Fatal(err)
	}
	most, err := strconv.Atoi(maxLogPages)
	if err != nil {
		t.Fatal(err)
	}
	written, before := 0, 0
	for {
		tx, err := s.writer.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(`INSERT INTO pages VALUES (zeroblob(1 << 20))`); err != nil {
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
		if before = log; log >= most {
			t.Fatalf("the log has %d pages and has not begun anew", log)
		}
	}
	if before < restartPages {
		t.Errorf("the log began anew at %d pages, before %d", before, restartPages)
	}
	var kept int
	if err := s.readers.QueryRow(`SELECT count(*) FROM pages WHERE length(page) = 1 << 20`).Scan(&kept); err != nil || kept != written {
		t.Errorf("%d of %d pages are there (%v)", kept, written, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
