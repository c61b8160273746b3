package store

import (
	"database/sql"
	"math"
	"path/filepath"
	"testing"
)

// TestMergePace: what is merged keeps up with what is written, and little more.
func TestMergePace(t *testing.T) {
	for sizes, share := range map[int]float64{0: 1, 1: 1, 2: 0.55, 3: 0.717, 4: 0.8, 6: 0.883} {
		var pace mergePace
		merged := 0
		for range 1000 {
			if pace.next(sizes) {
				merged++
			}
		}
		if math.Abs(float64(merged)/1000-share) > 0.002 {
			t.Errorf("with %d sizes %d of 1000 batches are merged with, want %.0f", sizes, merged, 1000*share)
		}
	}
}

// TestSegmentSizesAreRead: what FTS5 keeps of its segments is in the form that is known.
func TestSegmentSizesAreRead(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "words.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	statements := []string{`CREATE VIRTUAL TABLE words USING fts5 (body)`, `INSERT INTO words (words, rank) VALUES ('automerge', 4)`}
	for range 40 { // each of which is a segment
		statements = append(statements, `INSERT INTO words (body) VALUES ('ferry')`)
	}
	for _, statement := range append(statements, `INSERT INTO words (words, rank) VALUES ('merge', 1)`) {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	var structure []byte
	if err := db.QueryRowContext(t.Context(), `SELECT block FROM words_data WHERE id = 10`).Scan(&structure); err != nil {
		t.Fatal(err)
	}
	if sizes := segmentLevels(structure); sizes != 2 {
		t.Errorf("%x says %d sizes of segments, want 2", structure, sizes)
	}
	for _, unknown := range [][]byte{nil, {0, 0, 0, 0}, {0, 0, 0, 0, 0x80}} {
		if sizes := segmentLevels(unknown); sizes != 0 {
			t.Errorf("%x says %d sizes", unknown, sizes)
		}
	}
}
