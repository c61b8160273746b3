package fetcher_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/failtest"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
)

// TestRequestsFailWhileFetching has single requests to NATS fail, or only their responses, while URLs are fetched one
// after another. Each URL is published twice, and its page is stored once.
func TestRequestsFailWhileFetching(t *testing.T) {
	t.Parallel()
	site := newWeb(t, page)
	whileFetching(t, func(piece int) (messages []string, ended map[string]int) {
		url := fmt.Sprintf("%s/%d", site.URL, piece)
		return []string{url, url}, map[string]int{"intake produced": 1, "intake duplicate seen": 1, "fetch produced": 1}
	})
}

// TestRequestsFailWhileFollowing is like TestRequestsFailWhileFetching. Each message has two URLs: one is redirected to
// another host, which works at the second attempt, and the other is not found.
func TestRequestsFailWhileFollowing(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	tried := map[string]bool{}
	other := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		isFirst := !tried[r.URL.Path]
		tried[r.URL.Path] = true
		mu.Unlock()
		if isFirst && r.URL.Path != "/robots.txt" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		page(w, r)
	})
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/moved/") {
			http.NotFound(w, r)
			return
		}
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusFound)
	})
	var pieces atomic.Int64
	whileFetching(t, func(int) (messages []string, ended map[string]int) {
		n := pieces.Add(1)
		return []string{fmt.Sprintf("%[1]s/moved/%[2]d\n%[1]s/gone/%[2]d", site.URL, n)}, map[string]int{
			"intake produced split": 1, "intake produced": 2, "fetch produced": 1, "fetch rejected not_found": 1,
		}
	})
}

// whileFetching has single requests of fetchers fail. The messages that next returns end as it says, with one page.
func whileFetching(t *testing.T, next func(piece int) (messages []string, ended map[string]int)) {
	t.Helper()
	start := func(name string, losesResponses bool) func() failtest.Program {
		return func() failtest.Program {
			requests, failing, js := natstest.StartFailing(t, topology.Limits{}, losesResponses)
			config := quickConfig()
			config.BreakerFailures = 0
			run(t, failing.Conn(), failing, config)
			want := map[string]int{}
			return failtest.Program{
				Name: name, Steps: &requests.Steps,
				Start: func(piece int) {
					messages, ended := next(piece)
					for _, message := range messages {
						publish(t, js, message)
					}
					for ending, n := range ended {
						want[ending] += n
					}
				},
				Await: func(piece int) {
					awaitEndings(t, js, want)
					expectPages(t, js, piece+1)
				},
			}
		}
	}
	failtest.Pieces(t, start("requests", false), start("responses", true))
}

// awaitEndings waits until the inputs have ended as wanted and nothing waits.
func awaitEndings(t *testing.T, js jetstream.JetStream, want map[string]int) {
	t.Helper()
	natstest.AwaitEndings(t, js, want)
	natstest.Eventually(t, "no URL waits", func() bool {
		return natstest.Count(t, js, subject.StreamURLs) == 0 && natstest.Count(t, js, subject.StreamFrontier) == 0
	})
}

// expectPages expects a number of pages on their stream, each of another request.
func expectPages(t *testing.T, js jetstream.JetStream, want int) {
	t.Helper()
	ids := map[string]bool{}
	all := pages(t, js)
	for _, p := range all {
		ids[p.GetRequest().GetRequestId()] = true
	}
	if len(all) != want || len(ids) != want {
		t.Errorf("%d pages of %d requests are stored, want %d", len(all), len(ids), want)
	}
}
