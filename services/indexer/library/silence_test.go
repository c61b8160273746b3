package library

import (
	"testing"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestSilencesAtTheirLimits has numbers of requests that are just enough for another cause, and one more or less. 100
// requests are usual in the time of the silence.
func TestSilencesAtTheirLimits(t *testing.T) {
	refused := func(n int64) store.Count { return count(fetch, rejected, "forbidden", n) }
	for name, c := range map[string]struct {
		now    []store.Count
		queued int64
		want   outcome.Cause
	}{
		"a tenth of the usual requests": {[]store.Count{refused(10)}, 0, outcome.CauseBlocked},
		"one less":                      {[]store.Count{refused(9)}, 0, outcome.CauseNothingPublished},
		"a tenth, with what is queued":  {[]store.Count{refused(9)}, 1, outcome.CauseBlocked},
		"a tenth of admitted requests":  {admitted(10, refused(9)), 0, outcome.CauseBlocked},
		"as many wait as have ended":    {[]store.Count{refused(20)}, 20, outcome.CauseBlocked},
		"one more waits":                {[]store.Count{refused(20)}, 21, outcome.CauseWaiting},
		"as many ended elsewhere":       {admitted(40, refused(20)), 0, outcome.CauseBlocked},
		"one more ended elsewhere":      {admitted(41, refused(20)), 0, outcome.CauseGone},
		"only fetched":                  {fetched(40), 0, outcome.CauseWaiting},
		"one has ended":                 {fetched(40, count(extract, rejected, "no_article", 1)), 0, outcome.CauseDrifted},
	} {
		cause, evidence := silence{
			now: newTally(c.now), before: newTally([]store.Count{count(index, produced, "new", 1000)}), hours: 10,
			hoursBefore: 100, queued: c.queued,
		}.diagnose()
		if cause != c.want {
			t.Errorf("%s: %s, because %s; want %s", name, cause, evidence, c.want)
		}
	}
	if got := plural(1, "URL") + plural(2, "URL") + plural(0, "URL"); got != "1 URL2 URLs0 URLs" {
		t.Errorf("in words: %s", got)
	}
	reasons := newTally([]store.Count{
		count(fetch, dead, "dns", 1), count(fetch, dead, "connect", 3), count(fetch, dead, "timeout", 3),
		count(fetch, dead, "server_error", 2),
	}).topReasons(outcome.CauseUnreachable)
	if reasons != "connect 3, timeout 3, server_error 2" {
		t.Errorf("the most common reasons are %q", reasons)
	}
}
