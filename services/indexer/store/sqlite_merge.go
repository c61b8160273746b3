package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// FTS5 writes the words of each batch as a segment, and merges mergeSegments segments
// of one level into one segment of the next. By default, for each page that it
// writes, it merges as many pages as there are levels, although one page less would
// suffice to keep up. A merge of large segments then takes half of the storing time
// while it lasts, and afterwards nothing is merged for a while.
//
// mergePace lets FTS5 merge only with some of the batches: with as many as necessary
// to keep up, plus mergeReserve of all batches. So all batches take about the same
// time.
const (
	mergeSegments = 24
	mergeReserve  = 0.05
)

// mergePace decides which batches also merge the index of words.
type mergePace struct {
	due float64 // number of batches that should have merged but have not
}

// next reports whether the next batch merges, given the number of levels of
// segments in the index.
func (p *mergePace) next(levels int) bool {
	if levels < 2 {
		return true // there is little to merge
	}
	p.due += float64(levels-1)/float64(levels) + mergeReserve
	if p.due < 1 {
		return false
	}
	p.due--
	return true
}

// paceMerges sets whether FTS5 merges with this batch.
func (b *sqliteBatch) paceMerges() error {
	var structure []byte
	var current int
	if err := b.queryRow(b.statements.structure).Scan(&structure, &current); err != nil {
		return fmt.Errorf("reading how the index of words is merged: %w", err)
	}
	segments := 0 // no merges
	if b.merges.next(segmentLevels(structure)) {
		segments = mergeSegments
	}
	if segments == current {
		return nil
	}
	return b.run(b.statements.automerge, segments)
}

// segmentLevels returns the number of levels of segments in the index of words,
// given FTS5's structure record. The record has a cookie of four bytes, a magic
// number if it is of version 2, and the number of levels as a varint
// (fts5StructureDecode in SQLite's fts5_index.c). If the record cannot be
// decoded, it returns 0, so that FTS5 merges as it does by itself.
func segmentLevels(structure []byte) int {
	if len(structure) < 5 {
		return 0
	}
	rest := structure[4:]
	if after, found := bytes.CutPrefix(rest, []byte{0xff, 0, 0, 1}); found {
		rest = after
	}
	levels, n := binary.Uvarint(rest) // below 128, SQLite's varints are the same
	if n != 1 {
		return 0
	}
	return int(levels)
}
