package discoverer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
)

// dossiers is a made-up site whose home page links to ten more dossiers each time. They have
// URLs and headlines like articles, but are lists.
type dossiers struct {
	mu        sync.Mutex
	home      int
	requested int // dossiers
}

func (s *dossiers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch {
	case r.URL.Path == "/":
		s.home++
		fmt.Fprint(w, `<html><body><main>`)
		for i := range 10 {
			fmt.Fprintf(w, `<h2><a href="/focus/all-about-the-old-harbour-%d-%d">All about the old harbour, part %d</a></h2>`,
				s.home, i, i)
		}
		fmt.Fprint(w, `</main></body></html>`)
	case strings.HasPrefix(r.URL.Path, "/focus/"):
		s.requested++
		http.NotFound(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *dossiers) counts() (home, requested int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.home, s.requested
}

// addUnreadable adds a source that cannot be read, with an article whose outcome is awaited. It
// comes before the other sources.
func (n *newsroom) addUnreadable(t *testing.T) {
	t.Helper()
	for _, statement := range []string{
		`INSERT INTO discovery_sources (id, url, labels, state, add_time, policy)
			VALUES ('0', 'https://example.com/', '{}', 'paused', 0, 'none')`,
		`INSERT INTO discovery_articles (request_id, source_id, url, find_time, request_time, due)
			VALUES ('unreadable', '0', 'https://example.com/a', $1, $1, 0)`,
	} {
		if _, err := n.store.SQL().Writer.ExecContext(t.Context(), statement, time.Now().UnixMicro()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOutcomesTeach adds a site whose dossiers look like articles. Once some have been
// requested and do not exist, later ones are not requested any more. An error of another source
// does not keep it from learning.
func TestOutcomesTeach(t *testing.T) {
	site, room := &dossiers{}, startNewsroom(t)
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	source := room.add(t, server.URL)
	room.addUnreadable(t)
	natstest.Eventually(t, "the outcomes of dossiers are known", func() bool {
		room.ahead.Add(int64(time.Minute)) // so that the outcomes are looked up
		if err := room.stage.LearnOutcomes(t.Context()); err != nil {
			t.Fatal(err)
		}
		shapes, err := room.sources.Shapes(t.Context(), source.ID)
		return err == nil && len(shapes) > 2
	})
	natstest.Eventually(t, "three readings of the home page without a request for a dossier", func() bool {
		room.ahead.Add(int64(time.Hour))
		home, requested := site.counts()
		natstest.Eventually(t, "the home page is read three times", func() bool {
			now, _ := site.counts()
			return now >= home+3
		})
		_, after := site.counts()
		return after == requested
	})
}
