package evaluation

import (
	"os"
	"path/filepath"
	"testing"
)

// closeness is the largest distance of a floor from what is measured. A floor that is lower
// lets a loss pass.
const closeness = 0.005

// holdsFloor checks that a measured figure is at most closeness above its floor, and not
// below it.
func holdsFloor(t *testing.T, measure string, measured, floor float64) {
	t.Helper()
	switch {
	case measured < floor:
		t.Errorf("%s = %.4f, want at least %.4f", measure, measured, floor)
	case measured > floor+closeness:
		t.Errorf("%s = %.4f: raise its floor of %.4f to at least %.4f", measure, measured, floor, measured-closeness)
	}
}

// TestCorpus checks that extraction is as good as it has been, on real pages that are not
// part of the repository. DATELINE_CORPUS is the directory of the sets.
func TestCorpus(t *testing.T) {
	corpus := os.Getenv("DATELINE_CORPUS")
	if corpus == "" {
		t.Skip("DATELINE_CORPUS is not set: \"make corpus\" runs this test on the folder of its sets")
	}
	for name, test := range map[string]struct {
		pageType string
		every    int // measure every nth page, to save time; 0 means all
		floors   map[string]float64
	}{
		"aeb-dev":         {floors: map[string]float64{"F1": 0.983, "exact": 0.490}},
		"cleanportal-dev": {floors: map[string]float64{"F1": 0.957}},
		"daniel-dev":      {floors: map[string]float64{"F1": 0.917}},
		"fundus-dev": {floors: map[string]float64{
			"F1": 0.980, "exact": 0.549, "title": 0.885, "authors": 0.914, "date": 0.996,
		}},
		"mediacloud-dates": {floors: map[string]float64{"date": 0.925}},
		"newspaper4k-dev":  {floors: map[string]float64{"F1": 0.978, "exact": 0.526, "title": 0.783}},
		"trafilatura-dev": {floors: map[string]float64{
			"snippets": 0.943, "first snippet": 0.900, "title": 0.874, "authors": 0.784, "date": 0.890,
		}},
		"wcxb-dev": {pageType: "article", every: 8, floors: map[string]float64{
			"F1": 0.956, "exact": 0.160, "title": 0.886, "authors": 0.826, "date": 0.784,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			seen := 0
			res, err := Run(t.Context(), filepath.Join(corpus, name), Selection{Want: func(tr *Truth) bool {
				if test.pageType != "" && tr.PageType != test.pageType {
					return false
				}
				seen++
				return test.every == 0 || seen%test.every == 0
			}})
			if err != nil {
				t.Fatal(err)
			}
			measured := map[string]float64{
				"F1": res.F1, "exact": res.Exact.Value(), "title": res.Title.Value(), "authors": res.Authors.Value(),
				"date": res.Date.Value(), "snippets": res.Snippets.F1(), "first snippet": res.First.Value(),
			}
			t.Logf("measured: %v", measured)
			for measure, floor := range test.floors {
				holdsFloor(t, measure, measured[measure], floor)
			}
		})
	}
}
