package gbdt_test

import (
	"bytes"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
)

// square is a grid of points, positive where exactly one coordinate is beyond
// its middle: no single split tells them apart.
func square() (rows [][]float32, labels []bool, weights []float64) {
	for x := range 20 {
		for y := range 20 {
			rows = append(rows, []float32{float32(x), float32(y), float32((x * 7) % 5)})
			labels = append(labels, (x >= 10) != (y >= 8))
			weights = append(weights, 1)
		}
	}
	return rows, labels, weights
}

var params = gbdt.Params{Trees: 30, Depth: 3, Rate: 0.3, MinWeight: 0.1, Lambda: 0.1, Columns: 1, Rows: 1}

func TestLearnsWhatNoSingleSplitTells(t *testing.T) {
	t.Parallel()
	rows, labels, weights := square()
	m := gbdt.Train(rows, labels, weights, params)
	for i, row := range rows {
		if got := m.Margin(row) > 0; got != labels[i] {
			t.Errorf("%v is %v, want %v", row, got, labels[i])
		}
	}
}

func TestReadGivesWhatWasWritten(t *testing.T) {
	t.Parallel()
	rows, labels, weights := square()
	m := gbdt.Train(rows, labels, weights, params)
	var first, second bytes.Buffer
	if err := m.Write(&first); err != nil {
		t.Fatal(err)
	}
	read, err := gbdt.Read(first.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := read.Write(&second); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Error("a model that was written and read is written differently")
	}
	for _, row := range rows {
		if (m.Margin(row) > 0) != (read.Margin(row) > 0) {
			t.Errorf("%v is judged differently once the model is read back", row)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":               "",
		"another file":        "hello",
		"a tree too few":      "gbdt 1 2 2 0.5\n=1",
		"a feature too many":  "gbdt 1 2 1 0.5\n2:1:0.5 =1 =2",
		"a child outside":     "gbdt 1 2 1 0.5\n0:2:0.5 =1 =2",
		"a child before":      "gbdt 1 2 1 0.5\n0:0:0.5 =1 =2",
		"a leaf of no number": "gbdt 1 2 1 0.5\n=x",
	} {
		if _, err := gbdt.Read(text); err == nil {
			t.Errorf("%s: read without an error", name)
		}
	}
}
