package web

import (
	"strings"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestSummariesOfURLs sums up what has happened to a URL. What waits comes first, and the archive last.
func TestSummariesOfURLs(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	event := func(stage, verdict, reason string) urlEvent {
		return urlEvent{Stage: stage, Verdict: verdict, Reason: reason}
	}
	past := func(all ...urlEvent) urlPage { return urlPage{Past: all} }
	waiting := func(next time.Time) urlPage {
		page := past(event("index", "produced", "new"))
		page.Waiting = []library.Waiting{{Why: "it is next", Next: next}, {Why: "another"}}
		return page
	}
	for name, c := range map[string]struct {
		page        urlPage
		class, text string
	}{
		"waits":             {waiting(time.Time{}), "waiting", "Waits to be fetched: it is next."},
		"waits for a while": {waiting(now.Add(2 * time.Minute)), "waiting", "it is next. Next attempt in 2 min."},
		"unknown":           {urlPage{}, "unknown", "Nothing is known"},
		"expired":           {urlPage{Article: &store.Hit{}}, "healthy", "An article is stored."},
		"stored":            {past(event("fetch", "produced", ""), event("index", "produced", "new")), "healthy", "Stored."},
		"on its way":        {past(event("fetch", "produced", "")), "waiting", "stage fetch has finished"},
		"dead":              {past(event("fetch", "dead", "dns")), "failing", "Failed in stage fetch: dns."},
		"rejected":          {past(event("extract", "rejected", "no_title")), "failing", "in stage extract: no_title."},
		"seen":              {past(event("intake", "duplicate", "seen")), "healthy", "changed nothing: seen."},
		"not modified":      {past(event("fetch", "unchanged", "not_modified")), "healthy", "nothing: not modified."},
		"archived": {
			past(event("index", "produced", "new"), event("archive", "produced", "")), "healthy", "Stored.",
		},
		"archive has failed": {
			past(event("fetch", "dead", "dns"), event("archive", "dead", "x")), "failing", "stage fetch: dns.",
		},
		"only archived": {past(event("archive", "dead", "full")), "failing", "Failed in stage archive: full."},
	} {
		if got := c.page.summarize(now); got.Class != c.class || !strings.Contains(got.Text, c.text) {
			t.Errorf("%s: %+v, want %s: %s", name, got, c.class, c.text)
		}
	}
	own := newURLEvent(&datelinev1.Outcome{Url: "https://a.test/", Attempt: 3, Detail: "d"}, "https://a.test/")
	other := newURLEvent(&datelinev1.Outcome{Url: "https://b.test/"}, "https://a.test/")
	if own.OtherURL != "" || other.OtherURL != "https://b.test/" || own.Attempt != 3 || own.Detail != "d" {
		t.Errorf("the events are %+v and %+v", own, other)
	}
}
