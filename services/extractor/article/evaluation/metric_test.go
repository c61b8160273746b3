package evaluation

import (
	"math"
	"strings"
	"testing"
)

// Computed by hand: "a b c d e" has the shingles abcd and bcde, and "a b c d f g" has
// abcd, bcdf and cdfg. One is common, one is surplus and two are missing, so precision
// is 1/2 and recall is 1/3. The second page is right: precision and recall are 1. The
// means are 3/4 and 2/3, and F1 = 2·(3/4)·(2/3)/(3/4+2/3) = 1/(17/12) = 12/17.
func TestMeanAgainstHandComputation(t *testing.T) {
	t.Parallel()
	first := Compare("a b c, d e.", "a b c d f g")
	second := Compare("x y z", "x y – z")
	if first.Exact || !second.Exact {
		t.Errorf("Exact = %v and %v, want false and true", first.Exact, second.Exact)
	}
	p, r, f1 := Mean([]Match{first, second})
	for name, pair := range map[string][2]float64{
		"precision": {p, 0.75}, "recall": {r, 2.0 / 3}, "F1": {f1, 12.0 / 17},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-12 {
			t.Errorf("%s = %v, want %v", name, pair[0], pair[1])
		}
	}
}

func TestCompareCountsRepeatedShingles(t *testing.T) {
	t.Parallel()
	m := Compare(strings.Repeat("a ", 6), strings.Repeat("a ", 4))
	if p, _ := m.Precision(); math.Abs(p-1.0/3) > 1e-12 {
		t.Errorf("precision = %v, want 1/3: a shingle is found three times and expected once", p)
	}
	if r, _ := m.Recall(); r != 1 {
		t.Errorf("recall = %v, want 1", r)
	}
}

func TestCompareWithNothingFound(t *testing.T) {
	t.Parallel()
	m := Compare("", "a b c d")
	if _, defined := m.Precision(); defined {
		t.Error("precision is defined, want it undefined")
	}
	if r, defined := m.Recall(); r != 0 || !defined {
		t.Errorf("recall = %v, %v, want 0, true", r, defined)
	}
}

func TestCompareWithNothingToFind(t *testing.T) {
	t.Parallel()
	right, wrong := Compare("", ""), Compare("a b c d", "")
	if p, defined := right.Precision(); p != 1 || !defined {
		t.Errorf("precision with nothing found = %v, %v, want 1, true", p, defined)
	}
	if r, defined := right.Recall(); r != 1 || !defined {
		t.Errorf("recall with nothing found = %v, %v, want 1, true", r, defined)
	}
	if _, defined := wrong.Recall(); defined {
		t.Error("recall with something found is defined, want it undefined")
	}
}
