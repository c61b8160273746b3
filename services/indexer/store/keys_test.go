package store

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// The index is held against a plain list of what was added.
func TestKeyIndex(t *testing.T) {
	const window, added = 4096, 3*4096 + 100
	random := rand.New(rand.NewPCG(3, 3))
	x := newKeyIndex(window)
	rowsOf := make(map[uint64][]int64) // the newest last
	for row := range int64(added) {
		var data []byte
		for range keysOfArticle {
			key := random.Uint64() >> 8
			if random.IntN(4) == 0 {
				key = uint64(random.IntN(2000)) << 3 // some are common
			}
			data = binary.BigEndian.AppendUint64(data, key)
			rowsOf[key] = append(rowsOf[key], row)
		}
		x.add(row, data)
		if row != 500 && row != 1024 && row != window && row != added-1 {
			continue
		}
		for key, all := range rowsOf {
			var want []int64
			for _, one := range slices.Backward(all) {
				if one > row-window && len(want) < maxOfKey {
					want = append(want, one)
				}
			}
			if got := x.rowsOf(key); !slices.Equal(got, want) {
				t.Fatalf("after %d articles, key %x is in rows %v, want %v", row+1, key, got, want)
			}
		}
	}
	x.add(added, nil)
	if x.held != window || len(x.rows) != window {
		t.Errorf("%d articles are held in %d places, want %d", x.held, len(x.rows), window)
	}
}

func TestClosest(t *testing.T) {
	for name, c := range map[string]struct {
		rowsOf [][]int64 // by key
		want   []int64
	}{
		"none":                               {[][]int64{{}, {}}, nil},
		"one of one key, the newest":         {[][]int64{{9, 5, 3}, {8}}, []int64{9}},
		"four of two keys, the newest":       {[][]int64{{9, 7, 5, 3, 1}, {9, 8, 7, 5, 3, 1}}, []int64{9, 7, 5, 3}},
		"what shares most comes first":       {[][]int64{{9, 2}, {9, 2}, {2}}, []int64{2, 9}},
		"one of two keys, none of one key":   {[][]int64{{9, 2, 1}, {2}}, []int64{2}},
		"three of two keys, none of one key": {[][]int64{{9, 3, 2, 1}, {3, 2, 1}}, []int64{3, 2, 1}},
	} {
		keys := make([]uint64, len(c.rowsOf))
		for i := range keys {
			keys[i] = uint64(i)
		}
		if got := closest(keys, func(key uint64) []int64 { return c.rowsOf[key] }); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
