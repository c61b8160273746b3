package store

import (
	"database/sql"
	"math"
	"path/filepath"
	"testing"
)

// TestMergePace checks that merging keeps up with writing and does little more.
func TestMergePace(t *testing.T) {
	for levels, share := range map[int]float64{0: 1, 1: 1, 2: 0.55, 3: 0.717, 4: 0.8, 6: 0.883} {
		var pace mergePace
		merged := 0
		for range 1000 {
			if pace.next(levels) {
				merged++
			}
		}
		if math.Abs(float64(merged)/1000-share) > 0.002 {
			t.Errorf("with %d levels, %d of 1000 batches merge, want %.0f", levels, merged, 1000*share)
		}
	}
}

// TestSegmentLevels checks that FTS5's structure record has the expected format.
func TestSegmentLevels(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "words.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	statements := []string{
		`CREATE VIRTUAL TABLE words USING fts5 (body)`,
		`INSERT INTO words (words, rank) VALUES ('automerge', 4)`,
	}
	for range 40 { // each makes a segment
		statements = append(statements, `INSERT INTO words (body) VALUES ('ferry')`)
	}
	for _, statement := range append(statements, `INSERT INTO words (words, rank) VALUES ('merge', 1)`) {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	var structure []byte
	const query = `SELECT block FROM words_data WHERE id = 10`
	if err := db.QueryRowContext(t.Context(), query).Scan(&structure); err != nil {
		t.Fatal(err)
	}
	if levels := segmentLevels(structure); levels != 2 {
		t.Errorf("structure %x has %d levels, want 2", structure, levels)
	}
	for _, unknown := range [][]byte{nil, {0, 0, 0, 0}, {0, 0, 0, 0, 0x80}} {
		if levels := segmentLevels(unknown); levels != 0 {
			t.Errorf("invalid structure %x has %d levels, want 0", unknown, levels)
		}
	}
}
