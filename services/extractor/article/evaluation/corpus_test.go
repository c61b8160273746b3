package evaluation

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"
)

// TestCorpus holds the quality that has been reached, on real pages that are
// not part of the project: DATELINE_CORPUS names the folder of sets.
func TestCorpus(t *testing.T) {
	corpus := cmp.Or(os.Getenv("DATELINE_CORPUS"), filepath.Join("..", "..", "..", "..", "..", "shared", "corpus"))
	if _, err := os.Stat(corpus); err != nil {
		t.Skipf("no corpus at %s: set DATELINE_CORPUS to a folder of sets to run this test", corpus)
	}
	floors := map[string]struct {
		pageType                             string
		f1, exact, title, authors, published float64
	}{
		"aeb-dev":          {f1: 0.966, exact: 0.40},
		"fundus-dev":       {f1: 0.954, title: 0.72, authors: 0.82, published: 0.985},
		"wcxb-dev":         {pageType: "article", f1: 0.938, title: 0.85, authors: 0.70, published: 0.78},
		"mediacloud-dates": {published: 0.87},
	}
	for name, floor := range floors {
		t.Run(name, func(t *testing.T) {
			res, err := Run(t.Context(), filepath.Join(corpus, name), func(tr *Truth) bool { return floor.pageType == "" || tr.PageType == floor.pageType })
			if err != nil {
				t.Fatal(err)
			}
			for measure, pair := range map[string][2]float64{
				"F1": {res.F1, floor.f1}, "exact": {res.Exact.Value(), floor.exact}, "title": {res.Title.Value(), floor.title},
				"authors": {res.Authors.Value(), floor.authors}, "date": {res.Date.Value(), floor.published},
			} {
				if pair[0] < pair[1] {
					t.Errorf("%s is %.4f, was at least %.4f", measure, pair[0], pair[1])
				}
			}
		})
	}
}
