package doctor

import (
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/library"
)

func TestGrowth(t *testing.T) {
	grows := library.Storage{
		Bytes: 900 << 20, ArticleBytes: 500 << 20, OutcomeBytes: 300 << 20, FreeBytes: 100 << 20, GrowthPerDay: 50 << 20,
		OldestOutcome: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), IsMeasured: true,
	}
	stays, young := grows, grows
	stays.GrowthPerDay = 0
	young.GrowthPerDay, young.IsMeasured = 0, false
	const parts = "the store has 900 MB: articles 500 MB, outcomes 300 MB, free for new rows 100 MB; " +
		"the oldest outcome is of 2026-03-04; "
	for name, c := range map[string]struct {
		found  library.Storage
		folder string
		free   int64
		status Status
		want   string
	}{
		"enough": {grows, "/data", 700 << 20, OK,
			"it grows by 50 MB a day; at this rate, the disk of /data is full in 14"},
		"soon full":    {grows, "/data", 650 << 20, Problem, "at this rate, the disk of /data is full in 13 days"},
		"full":         {grows, "/data", -1, Problem, "is full in 0 days"},
		"a server":     {grows, "", 0, OK, "it grows by 50 MB a day; watch the disk of the database"},
		"nothing new":  {stays, "/data", 1, OK, "it grows by 0 MB a day"},
		"not measured": {young, "/data", 1, OK, "its growth is known after six hours of work"},
	} {
		var r report
		r.judgeGrowth(c.found, c.folder, c.free)
		if len(r) != 1 || r[0].Status != c.status || !strings.HasPrefix(r[0].Found, parts) ||
			!strings.Contains(r[0].Found, c.want) {
			t.Errorf("%s: %+v, want %s: %s", name, r, c.status, c.want)
		}
	}
}
