package discoverer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/trial"
)

// TestFirstArticle adds a site that names many endpoints, while the clock of the discoverer stands
// still: nothing that happens before the first article is scheduled for later. At most 30 requests
// for endpoints come before the article, which take less than a minute with the usual pauses.
func TestFirstArticle(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head><body><nav>`)
		for i := range 60 {
			fmt.Fprintf(w, `<a href="/section-%d/">Section %d</a> <a href="/feeds/%d.xml">RSS %d</a>`, i, i, i, i)
		}
		fmt.Fprint(w, `</nav></body></html>`)
	})
	mux.HandleFunc("/robots.txt", func(w http.ResponseWriter, r *http.Request) {
		for i := range 60 {
			fmt.Fprintf(w, "Sitemap: http://%s/map-%d.xml\n", r.Host, i)
		}
	})
	mux.HandleFunc("/feed.xml", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<rss version="2.0"><channel><title>T</title><item><title>Pier opens</title>
			<link>/2026/pier-opens</link><pubDate>%s</pubDate></item></channel></rss>`, time.Now().Format(time.RFC1123Z))
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	room := startNewsroom(t)
	room.frozen.Store(time.Now().UnixNano())
	room.add(t, site.URL)
	var before int
	natstest.Eventually(t, "the first article is requested", func() bool {
		before = 0
		for _, o := range room.outcomes(t, datelinev1.Stage_STAGE_INTAKE) {
			if strings.HasSuffix(o.GetUrl(), "/2026/pier-opens") {
				return true
			}
			if o.GetReason() == string(outcome.Listing) {
				before++
			}
		}
		return false
	})
	if before > trial.MaxRequests {
		t.Errorf("%d endpoints were requested before the first article, want at most %d", before, trial.MaxRequests)
	}
	t.Logf("%d endpoints were requested before the first article", before)
}
