package discoverer_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/discoverer/sources"
)

// hostile is a site whose endpoints are all bad in another way.
type hostile struct {
	*httptest.Server
	links atomic.Int64 // links that its home page has had
	sent  atomic.Int64 // bytes of the endless feed
	bomb  []byte       // a small compressed feed that becomes large
}

const (
	hostileLinks = 300      // on each home page
	hostileSize  = 2 << 30  // of the endless feed, in bytes
	hostileBomb  = 64 << 20 // of the feed that is compressed, in bytes
	hostileItem  = `<item><title>Tide</title><link>/2026/tide-tables-for-the-week</link></item>`
)

func newHostile(t *testing.T) *hostile {
	t.Helper()
	var bomb bytes.Buffer
	packed, err := gzip.NewWriterLevel(&bomb, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(packed, "<rss><channel>"+hostileItem)
	for range hostileBomb >> 20 {
		_, _ = io.WriteString(packed, strings.Repeat(" ", 1<<20))
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	site := &hostile{bomb: bomb.Bytes()}
	site.Server = httptest.NewServer(http.HandlerFunc(site.serve))
	t.Cleanup(site.Close)
	return site
}

func (s *hostile) serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		fmt.Fprint(w, `<html><head>`)
		for _, feed := range []string{"html", "pdf", "endless", "bomb", "entities"} {
			fmt.Fprintf(w, `<link rel="alternate" type="application/rss+xml" href="/%s.xml">`, feed)
		}
		fmt.Fprint(w, `</head><body>`)
		for range hostileLinks { // other ones each time
			fmt.Fprintf(w, `<h2><a href="/2026/11/20/harbour-pier-number-%d-is-closed-again?PHPSESSID=%[1]d">Harbour pier %[1]d
				is closed again</a></h2>`, s.links.Add(1))
		}
		fmt.Fprint(w, `</body></html>`)
	case "/robots.txt":
		fmt.Fprintf(w, "Sitemap: %s/loop.xml\n", s.URL)
	case "/loop.xml":
		fmt.Fprintf(w, `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>%[1]s/loop.xml</loc>
			</sitemap><sitemap><loc>https://other.example/map.xml</loc></sitemap></sitemapindex>`, s.URL)
	case "/html.xml":
		fmt.Fprint(w, "<html><body>Our feeds are gone.</body></html>")
	case "/pdf.xml":
		fmt.Fprint(w, "%PDF-1.7\n%\xe2\xe3\xcf\xd3")
	case "/endless.xml":
		w.Header().Set("Content-Length", fmt.Sprint(hostileSize))
		n, _ := io.WriteString(w, "<rss><channel>"+hostileItem)
		for block := strings.Repeat("<!-- tide -->", 5000); s.sent.Add(int64(n)) < hostileSize; {
			var err error
			if n, err = io.WriteString(w, block); err != nil {
				return
			}
		}
	case "/bomb.xml":
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(s.bomb) // an error means that the fetcher has gone
	case "/entities.xml":
		fmt.Fprint(w, `<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
			<!ENTITY c SYSTEM "http://127.0.0.1/secret">]><rss version="2.0"><channel><title>T</title><item><title>&b;&c;</title>
			<link>/2026/11/20/entities-of-the-harbour-are-counted</link></item></channel></rss>`)
	default:
		http.NotFound(w, r)
	}
}

// TestHostileSite adds a site with bad endpoints, whose home page has other links each time. The
// daily maximum bounds what is taken, every bad endpoint has a reason, and the articles of another
// site arrive meanwhile.
func TestHostileSite(t *testing.T) {
	const most = 400
	site, good := newHostile(t), newTown(t, 5)
	room := startNewsroomWith(t, func(c *discoverer.Config) { c.ArticlesPerDay = most })
	source := room.add(t, site.URL)
	want := map[string]string{
		"/html.xml": "HTML", "/pdf.xml": "application/pdf", "/bomb.xml": "too large",
		"/": "", "/entities.xml": "", "/endless.xml": "",
	}
	var all map[string]sources.Endpoint
	natstest.Eventually(t, "the endpoints are read, and the home page is over the maximum", func() bool {
		all = room.endpoints(t, source)
		for path := range want {
			if all[path].PollTime.IsZero() {
				return false
			}
		}
		return all["/"].Waiting > 0
	})
	for path, reason := range want {
		if got := all[path].Reason; (reason == "") != (got == "") || !strings.Contains(got, reason) {
			t.Errorf("%s: %s, reason %q, want %q", path, all[path].State, got, reason)
		}
	}
	taken := int64(0)
	for _, e := range all {
		taken += e.Articles
		if strings.HasPrefix(e.URL, "https://other.example") {
			t.Errorf("the sitemap of another site is an endpoint: %+v", e)
		}
	}
	if taken > most || len(all) > sources.MaxEndpoints {
		t.Errorf("%d articles were taken by %d endpoints, want at most %d", taken, len(all), most)
	}
	if sent := site.sent.Load(); sent > hostileSize/8 {
		t.Errorf("%d bytes of the endless feed were read", sent)
	}
	town := room.add(t, good.URL)
	natstest.Eventually(t, "the other site is read", func() bool {
		return room.endpoints(t, town)["/feed.xml"].Articles == 5
	})
}
