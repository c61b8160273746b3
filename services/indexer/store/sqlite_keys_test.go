package store

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestKeyIndex compares the index with a plain list of everything that was added.
func TestKeyIndex(t *testing.T) {
	const window, added = 4096, 3*4096 + 100
	random := rand.New(rand.NewPCG(3, 3))
	x := newKeyIndex(window)
	rowsOf := make(map[uint64][]int64) // newest last
	for row := range int64(added) {
		var data []byte
		for range keysPerArticle {
			key := random.Uint64() >> 8
			if random.IntN(4) == 0 {
				key = uint64(random.IntN(2000)) << 3 // a common key
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
				if one > row-window && len(want) < maxPerKey {
					want = append(want, one)
				}
			}
			if got := x.rowsOf(key); !slices.Equal(got, want) {
				t.Fatalf("after %d articles, key %x has rows %v, want %v", row+1, key, got, want)
			}
		}
	}
	x.add(added, nil)
	if x.held != window || len(x.rows) != window {
		t.Errorf("index has %d articles in %d slots, want %d in both", x.held, len(x.rows), window)
	}
}
