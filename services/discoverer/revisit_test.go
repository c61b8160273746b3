package discoverer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// revised is a site with one article that has an ETag and is corrected on its third request.
type revised struct {
	*httptest.Server
	mu       sync.Mutex
	requests []int // statuses of the responses to requests for the article
}

func (s *revised) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch r.URL.Path {
	case "/":
		fmt.Fprint(w, `<html><body><h2><a href="/2026/harbour/ferry-line-opens-again">Ferry line opens again today</a></h2>`)
	case "/2026/harbour/ferry-line-opens-again":
		version := fmt.Sprintf("%q", fmt.Sprint((len(s.requests)+1)/3))
		if r.Header.Get("If-None-Match") == version {
			s.requests = append(s.requests, http.StatusNotModified)
			w.WriteHeader(http.StatusNotModified)
			return
		}
		s.requests = append(s.requests, http.StatusOK)
		w.Header().Set("ETag", version)
		fmt.Fprintf(w, `<html lang="en"><head><title>Ferry line opens again</title></head><body><article>
			<h1>Ferry line opens again</h1>`)
		for i := range 12 {
			fmt.Fprintf(w, "<p>Version %s: the ferry number %d crosses the bay in the morning, and its passengers wait "+
				"at the old pier until the harbour master lets them on board.</p>", version[1:2], i)
		}
		fmt.Fprint(w, `</article></body></html>`)
	default:
		http.NotFound(w, r)
	}
}

func (s *revised) statuses() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprint(s.requests)
}

// TestArticlesAreVisitedAgain lets days pass for an article. The visits are conditional, a page
// that has not changed goes no further, and the corrected one is stored as a revision.
func TestArticlesAreVisitedAgain(t *testing.T) {
	site, room := &revised{}, startNewsroom(t)
	site.Server = httptest.NewServer(http.HandlerFunc(site.serve))
	t.Cleanup(site.Close)
	room.add(t, site.URL)
	room.awaitArticles(t, 1)
	natstest.Eventually(t, "the article is visited three times", func() bool {
		room.ahead.Add(int64(10 * time.Minute))
		if err := room.stage.LearnOutcomes(t.Context()); err != nil {
			t.Fatal(err)
		}
		site.mu.Lock()
		defer site.mu.Unlock()
		return len(site.requests) >= 3
	})
	if got := site.statuses(); got[:12] != "[200 304 200"[:12] {
		t.Errorf("the site answered %s, want 200, 304 and 200", got)
	}
	natstest.Eventually(t, "the correction is stored", func() bool {
		for _, o := range room.outcomes(t, datelinev1.Stage_STAGE_INDEX) {
			if o.GetReason() == "changed" {
				return true
			}
		}
		return false
	})
	pages := 0
	for _, o := range room.outcomes(t, datelinev1.Stage_STAGE_EXTRACT) {
		if o.GetUrl() == site.URL+"/2026/harbour/ferry-line-opens-again" {
			pages++
		}
	}
	if pages != 2 {
		t.Errorf("the extractor got the article %d times, want twice", pages)
	}
}
