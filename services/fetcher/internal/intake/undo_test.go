package intake

import (
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// TestForcedRequestForAFullHost requests a URL again that was fetched, while the queue of its host is full. The URL
// still counts as fetched, with the version of its page.
func TestForcedRequestForAFullHost(t *testing.T) {
	in := newIntake(t, topology.Limits{PerHost: 1})
	const fetched = "https://example.com/fetched"
	in.handle(message(1, `{"url": "`+fetched+`", "requestId": "first"}`))
	url, err := weburl.Parse(fetched)
	if err != nil {
		t.Fatal(err)
	}
	version := seen.Version{URL: url.ID(), ETag: `"1"`}
	if err := in.seen.Finish(t.Context(), url.ID(), seen.Mark{}, "first", version, time.Now()); err != nil {
		t.Fatal(err)
	}
	for n, request := range map[uint64]string{
		2: `{"url": "` + fetched + `", "force": true}`, 3: `{"url": "` + fetched + `", "revisit": true}`,
	} {
		if result := in.handle(message(n, request)); result.Err == nil {
			t.Errorf("%s was admitted", request)
		}
		mark, exists, err := in.seen.Get(t.Context(), url.ID())
		if err != nil || !exists || !mark.Done || mark.Request != "first" || mark.Version != version {
			t.Errorf("after %s, the mark is %+v, exists: %t (%v)", request, mark, exists, err)
		}
	}
	if again := in.handle(message(4, fetched)); again.Outcome.GetVerdict() != duplicate {
		t.Errorf("the URL was requested again: %v, %v", again.Outcome, again.Err)
	}
}
