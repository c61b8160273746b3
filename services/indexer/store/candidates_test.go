package store

import (
	"slices"
	"testing"
	"time"
)

func TestClosestRows(t *testing.T) {
	for name, c := range map[string]struct {
		rowsOf [][]int64 // by key
		want   []int64
	}{
		"no rows":                                 {[][]int64{{}, {}}, nil},
		"only the newest that shares one key":     {[][]int64{{9, 5, 3}, {8, 7, 6}}, []int64{9}},
		"only the one that shares the rarest key": {[][]int64{{9, 5, 3}, {2}}, []int64{2}},
		"the rarest of two keys":                  {[][]int64{{9, 8, 7}, {9, 8, 7}, {3, 2}, {3, 2}}, []int64{3, 2, 9, 8}},
		"the newest four of two keys":             {[][]int64{{9, 7, 5, 3, 1}, {9, 8, 7, 5, 3, 1}}, []int64{9, 7, 5, 3}},
		"the one that shares most keys first":     {[][]int64{{9, 2}, {9, 2}, {2}}, []int64{2, 9}},
		"none of one key after one of two keys":   {[][]int64{{9, 2, 1}, {2}}, []int64{2}},
		"none of one key after three of two keys": {[][]int64{{9, 3, 2, 1}, {3, 2, 1}}, []int64{3, 2, 1}},
	} {
		keys := make([]uint64, len(c.rowsOf))
		for i := range keys {
			keys[i] = uint64(i)
		}
		got := closestRows(keys, func(key uint64) []int64 { return c.rowsOf[key] })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// TestStoryOfCopiesStoredTogether enters an article into the story of copies that were stored at the same time. Its
// name is the smallest of their ids, in whatever order they are found.
func TestStoryOfCopiesStoredTogether(t *testing.T) {
	copies := []candidate{{id: "b", firstSeen: time.Unix(1, 0)}, {id: "a", firstSeen: time.Unix(1, 0)}}
	for range 2 {
		entering := &change{stored: stored{row: articleRow{id: "c"}}}
		newStoryBatch([]*change{entering}).enterStory(entering, slices.Clone(copies))
		if entering.row.story != "a" {
			t.Errorf("copies in the order %s, %s: the story is %q, want a", copies[0].id, copies[1].id, entering.row.story)
		}
		slices.Reverse(copies)
	}
}
