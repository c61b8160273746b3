package evaluation

import (
	"math"
	"testing"
)

// By hand: "a b c d e" has the shingles abcd, bcde; "a b c d f g" has abcd,
// bcdf, cdfg. Common: 1; found too much: 1; missed: 2. Precision 1/2, recall
// 1/3. The second page is right in all: precision 1, recall 1. The means are
// 3/4 and 2/3, and F1 = 2·(3/4)·(2/3)/(3/4+2/3) = 1/(17/12) = 12/17.
func TestMeanAgainstHandComputation(t *testing.T) {
	t.Parallel()
	first := Compare("a b c, d e.", "a b c d f g")
	second := Compare("x y z", "x y – z")
	if first.Exact || !second.Exact {
		t.Errorf("exact: %v and %v, want false and true", first.Exact, second.Exact)
	}
	p, r, f1 := Mean([]Match{first, second})
	for name, pair := range map[string][2]float64{"precision": {p, 0.75}, "recall": {r, 2.0 / 3}, "F1": {f1, 12.0 / 17}} {
		if math.Abs(pair[0]-pair[1]) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, pair[0], pair[1])
		}
	}
}

func TestCompareCountsRepeats(t *testing.T) {
	t.Parallel()
	m := Compare("a a a a a a", "a a a a")
	if p, _ := m.Precision(); math.Abs(p-1.0/3) > 1e-12 {
		t.Errorf("precision is %v, want 1/3: a shingle found thrice and wanted once", p)
	}
	if r, _ := m.Recall(); r != 1 {
		t.Errorf("recall is %v, want 1", r)
	}
}

func TestCompareNothingFound(t *testing.T) {
	t.Parallel()
	m := Compare("", "a b c d")
	if _, defined := m.Precision(); defined {
		t.Error("precision of nothing found is undefined")
	}
	if r, defined := m.Recall(); r != 0 || !defined {
		t.Errorf("recall is %v, want 0", r)
	}
}
