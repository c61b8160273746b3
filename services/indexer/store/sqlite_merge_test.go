package store

import (
	"math"
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
