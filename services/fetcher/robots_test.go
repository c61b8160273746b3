package fetcher_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

func TestUnavailableRobots(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	publish(t, js, site.URL+"/a")
	config := quickConfig()
	config.MaxAttempts = 1
	run(t, nc, js, config)
	o := waitForOutcomes(t, js, fetch, 1)[0]
	if o.Verdict != dead || o.Reason != "robots_unreachable" || !strings.Contains(o.Detail, "503") {
		t.Errorf("outcome: %v", o)
	}
	if site.count("/a") != 0 {
		t.Error("the page was fetched")
	}
}

func TestUnavailableRobotsAreRetried(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	publish(t, js, site.URL+"/a")
	run(t, nc, js, quickConfig())
	stream, err := js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "the URL is requeued", func() bool {
		info, err := stream.Info(t.Context())
		return err == nil && info.State.LastSeq == 2 && info.State.Msgs == 1
	})
	if got := len(outcomes(t, js, fetch)); got != 0 {
		t.Errorf("%d outcomes, want none for a URL that waits", got)
	}
}
