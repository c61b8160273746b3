package httphead

import (
	"slices"
	"testing"
)

func TestKeptHeadersAreSorted(t *testing.T) {
	if !slices.IsSorted(keptHeaders) {
		t.Error("keptHeaders is not sorted, as binary search requires")
	}
}
