package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// bounds records how a handler bounds the writes of its response.
type bounds struct {
	mutex sync.Mutex
	// unbounded is the number of writes without a deadline of their own, and longest the
	// longest time that a client has for one of the others.
	writes, unbounded int
	longest           time.Duration
}

type boundedWriter struct {
	http.ResponseWriter
	bounds *bounds
	fresh  bool // the deadline was set since the last write
}

func (w *boundedWriter) SetWriteDeadline(deadline time.Time) error {
	w.bounds.mutex.Lock()
	defer w.bounds.mutex.Unlock()
	w.fresh = !deadline.IsZero()
	w.bounds.longest = max(w.bounds.longest, time.Until(deadline))
	return http.NewResponseController(w.ResponseWriter).SetWriteDeadline(deadline)
}

func (w *boundedWriter) Write(data []byte) (int, error) {
	w.bounds.mutex.Lock()
	w.bounds.writes++
	if !w.fresh {
		w.bounds.unbounded++
	}
	w.fresh = false
	w.bounds.mutex.Unlock()
	return w.ResponseWriter.Write(data)
}

// Unwrap makes the connection accessible to http.ResponseController.
func (w *boundedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestLongResponsesAreBounded checks that a client of an export or a tail gets a new deadline for each part, so that
// the response may take long, and a client that does not read it loses its place.
func TestLongResponsesAreBounded(t *testing.T) {
	seen := &bounds{}
	server := newTestServerWith(t, web.DefaultConfig(), func(s *http.Server) {
		next := s.Handler
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&boundedWriter{ResponseWriter: w, bounds: seen}, r)
		})
	})
	var all []*datelinev1.Article
	for i := range 50 {
		all = append(all, article(fmt.Sprintf("a%04d", i), "Ferry", strings.Repeat(fmt.Sprintf("word%d ", i), 2000), noon))
	}
	server.put(t, all...)
	check := func(what string, writes int) {
		t.Helper()
		seen.mutex.Lock()
		defer seen.mutex.Unlock()
		if seen.writes < writes || seen.unbounded > 0 || seen.longest > time.Minute {
			t.Errorf("%s: %d writes, %d of them without a deadline of their own, and at most %s for one; "+
				"want at least %d, 0 and a minute", what, seen.writes, seen.unbounded, seen.longest, writes)
		}
		seen.writes, seen.unbounded, seen.longest = 0, 0, 0
	}
	for _, format := range []string{"jsonl", "csv", "parquet"} {
		server.get(t, "/api/v1/export?format="+format)
		check("export as "+format, 1)
	}
	server.announce(t, datelinev1.RevisionChange_REVISION_CHANGE_NEW, "a", 1)
	server.announce(t, datelinev1.RevisionChange_REVISION_CHANGE_CHANGED, "a", 2)
	next := server.follow(t, "1")
	if got := next(); !strings.Contains(got, "event: changed") {
		t.Errorf("the first event is %q", got)
	}
	check("tail", 3)
}
