package doctor

import (
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

func TestCopies(t *testing.T) {
	limits := store.CopyLimits{Window: 72 * time.Hour, Articles: 1000}
	for name, c := range map[string]struct {
		window store.CopiesWindow
		limits store.CopyLimits
		status Status
		want   string
	}{
		"unknown": {store.CopiesWindow{}, store.CopyLimits{}, OK, "no articles were stored"},
		"young":   {store.CopiesWindow{Length: time.Hour, Articles: 10}, limits, OK, "the 10 articles of the last 1.0 hours"},
		"full by time": {store.CopiesWindow{Length: 73 * time.Hour, Articles: 1001}, limits, OK,
			"the 1001 articles of the last 72.0 hours"},
		"bounded by memory": {store.CopiesWindow{Length: 5 * time.Hour, Articles: 1001}, limits, Problem,
			"only with the 1000 articles of the last 5.0 hours, instead of 72.0"},
	} {
		var r report
		r.judgeCopies(c.window, c.limits)
		if len(r) != 1 || r[0].Status != c.status || !strings.Contains(r[0].Found, c.want) {
			t.Errorf("%s: %+v, want %s: %s", name, r, c.status, c.want)
		}
	}
}
