package evaluation

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"
)

// TestCorpus checks that extraction is at least as good as it has been, on real pages
// that are not part of the repository. DATELINE_CORPUS is the directory of the sets.
func TestCorpus(t *testing.T) {
	corpus := cmp.Or(os.Getenv("DATELINE_CORPUS"), filepath.Join("..", "..", "..", "..", "..", "shared", "corpus"))
	if _, err := os.Stat(corpus); err != nil {
		t.Skipf("no corpus at %s: set DATELINE_CORPUS to a directory of sets to run this test", corpus)
	}
	floors := map[string]struct {
		pageType                             string
		every                                int // measure every nth page, to save time; 0 means all
		f1, exact, title, authors, published float64
	}{
		"aeb-dev":          {f1: 0.982, exact: 0.49},
		"fundus-dev":       {f1: 0.977, exact: 0.531, title: 0.883, authors: 0.912, published: 0.995},
		"wcxb-dev":         {pageType: "article", every: 8, f1: 0.956, title: 0.874, authors: 0.81, published: 0.782},
		"newspaper4k-dev":  {f1: 0.977},
		"daniel-dev":       {f1: 0.916},
		"cleanportal-dev":  {f1: 0.957},
		"mediacloud-dates": {published: 0.928},
	}
	for name, floor := range floors {
		t.Run(name, func(t *testing.T) {
			seen := 0
			res, err := Run(t.Context(), filepath.Join(corpus, name), Selection{Want: func(tr *Truth) bool {
				if floor.pageType != "" && tr.PageType != floor.pageType {
					return false
				}
				seen++
				return floor.every == 0 || seen%floor.every == 0
			}})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("F1 %.4f, exact %.3f, title %.3f, authors %.3f, date %.3f",
				res.F1, res.Exact.Value(), res.Title.Value(), res.Authors.Value(), res.Date.Value())
			for measure, pair := range map[string][2]float64{
				"F1": {res.F1, floor.f1}, "exact": {res.Exact.Value(), floor.exact},
				"title": {res.Title.Value(), floor.title}, "authors": {res.Authors.Value(), floor.authors},
				"date": {res.Date.Value(), floor.published},
			} {
				if pair[0] < pair[1] {
					t.Errorf("%s = %.4f, want at least %.4f", measure, pair[0], pair[1])
				}
			}
		})
	}
}
