package store

import (
	"cmp"
	"slices"
)

const (
	// The following bound the number of comparisons, so that a line that occurs
	// in thousands of articles costs no more than one that occurs in two.

	// maxPerKey is the number of articles considered for each key, newest first.
	maxPerKey = 16
	// maxCandidates is the number of articles with which a new one is compared:
	// those that share the most keys.
	maxCandidates = 4
	// maxOfOneKey is the number of candidates that may share only one key.
	maxOfOneKey = 1
)

// closestRows returns the rows of the articles to compare with a text that has
// the given keys. rowsOf returns the newest rows that have a key. Of rows that share
// as many keys, those with the rarest key come first: in a large window, a phrase
// that many texts have says little.
func closestRows(keys []uint64, rowsOf func(key uint64) []int64) []int64 {
	type sharer struct {
		row  int64
		keys int
		// rarest is the number of rows that have the rarest of the keys.
		rarest int
	}
	var found, sharers []sharer
	for _, key := range keys {
		rows := rowsOf(key)
		for _, row := range rows {
			found = append(found, sharer{row, 1, len(rows)})
		}
	}
	slices.SortFunc(found, func(a, b sharer) int {
		return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.rarest, b.rarest))
	})
	for i, s := range found {
		if i > 0 && s.row == found[i-1].row {
			sharers[len(sharers)-1].keys++
		} else {
			sharers = append(sharers, s)
		}
	}
	slices.SortFunc(sharers, func(a, b sharer) int {
		return cmp.Or(-cmp.Compare(a.keys, b.keys), cmp.Compare(a.rarest, b.rarest), -cmp.Compare(a.row, b.row))
	})
	var rows []int64
	for i, s := range sharers[:min(maxCandidates, len(sharers))] {
		if i < maxOfOneKey || s.keys > 1 {
			rows = append(rows, s.row)
		}
	}
	return rows
}
