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
// the given keys. rowsOf returns the newest rows that have a key.
func closestRows(keys []uint64, rowsOf func(key uint64) []int64) []int64 {
	var rows []int64
	for _, key := range keys {
		rows = append(rows, rowsOf(key)...)
	}
	slices.Sort(rows)
	type sharer struct {
		row  int64
		keys int
	}
	var sharers []sharer
	for i, row := range rows {
		if i > 0 && row == rows[i-1] {
			sharers[len(sharers)-1].keys++
		} else {
			sharers = append(sharers, sharer{row, 1})
		}
	}
	slices.SortFunc(sharers, func(a, b sharer) int {
		return cmp.Or(-cmp.Compare(a.keys, b.keys), -cmp.Compare(a.row, b.row))
	})
	rows = rows[:0]
	for i, s := range sharers[:min(maxCandidates, len(sharers))] {
		if i < maxOfOneKey || s.keys > 1 {
			rows = append(rows, s.row)
		}
	}
	return rows
}
