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
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// almanac is a site with two feeds of four articles each, which have ETags and never change.
type almanac struct {
	mu       sync.Mutex
	articles int // requests for articles
}

func (s *almanac) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	feed := map[string]string{"/a.xml": "tide", "/b.xml": "moon"}[r.URL.Path]
	switch {
	case r.URL.Path == "/":
		fmt.Fprint(w, `<html><head><link rel="alternate" type="application/rss+xml" href="/a.xml">
			<link rel="alternate" type="application/rss+xml" href="/b.xml"></head><body></body></html>`)
	case feed != "":
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/rss+xml")
		fmt.Fprint(w, `<rss version="2.0"><channel><title>Almanac</title>`)
		for i := range 4 {
			fmt.Fprintf(w, `<item><title>%[1]s table %[2]d</title>
				<link>http://%[3]s/2026/%[1]s-table-number-%[2]d</link></item>`, feed, i, r.Host)
		}
		fmt.Fprint(w, `</channel></rss>`)
	case len(r.URL.Path) > 6 && r.URL.Path[:6] == "/2026/":
		s.mu.Lock()
		s.articles++
		s.mu.Unlock()
		http.NotFound(w, r)
	default:
		http.NotFound(w, r)
	}
}

// TestDailyMaximum adds a source that may have three articles a day. Its two feeds are read at
// the same time and list eight. The others come on the next days, although the feeds do not
// change.
func TestDailyMaximum(t *testing.T) {
	site, room := &almanac{}, startNewsroom(t)
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	source := room.addWith(t, server.URL, sources.Policy{ArticlesPerDay: 3})
	for day, want := range []int64{3, 6, 8, 8} {
		natstest.Eventually(t, fmt.Sprintf("%d articles are found on day %d", want, day), func() bool {
			room.ahead.Add(int64(time.Second)) // polls are at most a second apart
			found, waiting, read := int64(0), int64(0), 0
			for _, e := range room.endpoints(t, source) {
				if e.Purpose == datelinev1.Purpose_PURPOSE_FEED && e.Settled > 0 && e.State == sources.Active {
					found, waiting, read = found+e.Articles, waiting+e.Waiting, read+1
				}
			}
			if found > want {
				t.Fatalf("%d articles are found by day %d, want %d", found, day, want)
			}
			return read == 2 && found == want && found+waiting == 8
		})
		room.ahead.Add(int64(25 * time.Hour))
	}
	natstest.Eventually(t, "each article is requested", func() bool {
		site.mu.Lock()
		defer site.mu.Unlock()
		return site.articles == 8
	})
}
