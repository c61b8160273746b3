package warcfile

import (
	"bytes"
	"testing"
	"time"
)

func TestTombstonesHaveEveryLength(t *testing.T) {
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	lengths := []int64{1 << 20, 8<<20 + 1}
	for length := int64(300); length < 1200; length++ {
		lengths = append(lengths, length)
	}
	for length := int64(maxExtra - 20); length < maxExtra+20; length++ {
		lengths = append(lengths, length)
	}
	for _, blocks := range []int64{1, 2, 3} {
		for more := int64(-40); more < 40; more++ {
			lengths = append(lengths, blocks*maxStored+more)
		}
	}
	for _, length := range lengths {
		data, err := Tombstone(ID("erased"), at, length)
		if err != nil || int64(len(data)) != length {
			t.Fatalf("length %d: got %d, %v", length, len(data), err)
		}
		entry, err := NewReader(bytes.NewReader(data), 0).Next()
		if err != nil {
			t.Fatalf("length %d: %v", length, err)
		}
		if entry.Length != length || Value(entry.Block, "erased") == "" ||
			Digest(entry.Block) != entry.Get(FieldBlockDigest) {
			t.Fatalf("length %d: %+v", length, entry)
		}
	}
	for _, length := range []int64{0, 20, 100, MaxBlock + 1} {
		if _, err := Tombstone(ID("erased"), at, length); err == nil {
			t.Errorf("length %d is accepted", length)
		}
	}
}
