package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// FTS5 writes the words of each batch as a segment, and merges mergeSegments
// segments of a size into one of the next. Where it merges by itself, it merges as
// many pages for each page that it writes as there are sizes, while one less is
// what keeps up: a merge of large segments then takes half of the time of storing
// for as long as it lasts, and then there is none. mergePace lets it merge with
// some of the batches alone, as much more than what keeps up as mergeReserve says,
// so that each batch takes as long as the others.
const (
	mergeSegments = 24
	mergeReserve  = 0.05
)

// mergePace decides with which batches the index of words is merged.
type mergePace struct {
	due float64 // batches to be merged with
}

// next says whether the next batch is merged with, where the index has so many
// sizes of segments.
func (p *mergePace) next(sizes int) bool {
	if sizes < 2 {
		return true // costs nothing
	}
	p.due += float64(sizes-1)/float64(sizes) + mergeReserve
	if p.due < 1 {
		return false
	}
	p.due--
	return true
}

// paceMerges sets whether FTS5 merges with this batch.
func (b *sqliteBatch) paceMerges() error {
	var structure []byte
	var now int
	err := b.tx.StmtContext(b.ctx, b.prepared.structure).QueryRowContext(b.ctx).Scan(&structure, &now)
	if err != nil {
		return fmt.Errorf("reading how the index of words is merged: %w", err)
	}
	segments := 0 // no merges
	if b.pace.next(segmentSizes(structure)) {
		segments = mergeSegments
	}
	if segments == now {
		return nil
	}
	return b.run(b.prepared.automerge, segments)
}

// segmentSizes is how many sizes of segments the index of words has, by the list of
// them that FTS5 keeps: four bytes of a cookie, the mark of the second version where
// it is of that, and as a varint the number of sizes (fts5StructureDecode in SQLite's
// fts5_index.c). What cannot be read counts as none, and is merged as FTS5 does it.
func segmentSizes(structure []byte) int {
	if len(structure) < 5 {
		return 0
	}
	rest := structure[4:]
	if after, found := bytes.CutPrefix(rest, []byte{0xff, 0, 0, 1}); found {
		rest = after
	}
	sizes, n := binary.Uvarint(rest) // below 128 it is as SQLite's
	if n != 1 {
		return 0
	}
	return int(sizes)
}
