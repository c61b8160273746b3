package gbdt_test

import (
	"bytes"
	"testing"

	"github.com/dateline-news/dateline/services/extractor/article/internal/gbdt"
)

// xorGrid returns a grid of points that are positive if exactly one coordinate is in
// its upper half. No single split separates the classes.
func xorGrid() (rows [][]float32, labels []bool, weights []float64) {
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

func TestTrainLearnsXOR(t *testing.T) {
	t.Parallel()
	rows, labels, weights := xorGrid()
	m := gbdt.Train(rows, labels, weights, params)
	for i, row := range rows {
		if got := m.Margin(row) > 0; got != labels[i] {
			t.Errorf("class of %v = %v, want %v", row, got, labels[i])
		}
	}
}

func TestReadRestoresWrittenModel(t *testing.T) {
	t.Parallel()
	rows, labels, weights := xorGrid()
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
		t.Error("model differs after Write, Read and Write")
	}
	for _, row := range rows {
		if (m.Margin(row) > 0) != (read.Margin(row) > 0) {
			t.Errorf("class of %v differs after Write and Read", row)
		}
	}
}

func TestContributionsSumToMargin(t *testing.T) {
	t.Parallel()
	rows, labels, weights := xorGrid()
	m := gbdt.Train(rows, labels, weights, params)
	var byFeature [3]float32
	for i, row := range rows {
		sum, contributions := m.Contributions(row)
		for f, c := range contributions {
			sum += c
			if c < 0 {
				c = -c
			}
			byFeature[f] += c
		}
		if margin := m.Margin(row); sum-margin > 1e-3 || margin-sum > 1e-3 {
			t.Errorf("row %d: the contributions sum to %v, the margin is %v", i, sum, margin)
		}
	}
	if byFeature[2] > byFeature[0]/4 || byFeature[2] > byFeature[1]/4 {
		t.Errorf("the feature without influence contributes as much as the others: %v", byFeature)
	}
}

func TestReadRefusesInvalidModels(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":                "",
		"another format":       "hello",
		"missing tree":         "gbdt 2 2 2 0.5\n=1",
		"feature out of range": "gbdt 2 2 1 0.5\n2:1:0.5:0 =1 =2",
		"child out of range":   "gbdt 2 2 1 0.5\n0:2:0.5:0 =1 =2",
		"child before parent":  "gbdt 2 2 1 0.5\n0:0:0.5:0 =1 =2",
		"leaf is not a number": "gbdt 2 2 1 0.5\n=x",
	} {
		if _, err := gbdt.Read(text); err == nil {
			t.Errorf("%s: Read succeeded, want an error", name)
		}
	}
}
