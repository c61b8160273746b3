package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// archiveSite returns a handler for a site with monthly sitemaps of an old year, and the paths of
// their articles.
func archiveSite(months, perMonth int) (http.HandlerFunc, []string) {
	var paths []string
	for i := range months * perMonth {
		paths = append(paths, fmt.Sprintf("/2019/%02d/harbour-wall-part-%d-is-repaired", i/perMonth+1, i))
	}
	return func(w http.ResponseWriter, r *http.Request) {
		base, month := "http://"+r.Host, 0
		if n, _ := fmt.Sscanf(r.URL.Path, "/map-%d.xml", &month); n == 1 {
			fmt.Fprint(w, `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
			for _, path := range paths[(month-1)*perMonth : month*perMonth] {
				fmt.Fprintf(w, `<url><loc>%s%s</loc></url>`, base, path)
			}
			fmt.Fprint(w, `</urlset>`)
			return
		}
		switch {
		case r.URL.Path == "/":
			fmt.Fprint(w, `<html><body><p>Welcome to the harbour.</p></body></html>`)
		case r.URL.Path == "/robots.txt":
			fmt.Fprintf(w, "Sitemap: %s/index.xml\n", base)
		case r.URL.Path == "/index.xml":
			fmt.Fprint(w, `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
			for month := 1; month <= months; month++ {
				fmt.Fprintf(w, `<sitemap><loc>%s/map-%d.xml</loc><lastmod>2019-%02d-28</lastmod></sitemap>`, base, month, month)
			}
			fmt.Fprint(w, `</sitemapindex>`)
		case strings.HasPrefix(r.URL.Path, "/2019/"):
			fmt.Fprint(w, harbourPage(r.URL.Path))
		default:
			http.NotFound(w, r)
		}
	}, paths
}

// TestKilledWhileBackfilling kills the process again and again while it walks the sitemaps of a site
// and takes their articles. No article may be lost or requested twice, and the progress never goes
// back.
func TestKilledWhileBackfilling(t *testing.T) {
	if testing.Short() {
		t.Skip("this test starts and kills a process again and again: run without -short")
	}
	t.Parallel()
	const months = 6
	kills := killsWanted(t)
	handler, paths := archiveSite(months, 12+kills) // more than the runs before the kills take
	taken := make(chan struct{}, 1)                 // receives a value after a request of the backfill
	site := &countedSite{requests: map[string]int{}, handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			handler(w, r)
			if strings.HasPrefix(r.URL.Path, "/map-") || strings.HasPrefix(r.URL.Path, "/2019/") {
				select {
				case taken <- struct{}{}:
				default:
				}
			}
		})}
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	dir := storeFolder(t)
	for _, command := range []string{"add", "backfill"} {
		if code, out, errs := dateline(t, "sources", command, server.URL, "--data", dir); code != 0 {
			t.Fatal(out, errs)
		}
	}
	source, config := siteSource(t, server.URL), testConfig(dir)
	args := append([]string{
		"up", "--data", dir, "--data-nats-addr=", "--admin-addr=", "--http-addr=", "--discoverer-poll-timeout=20s",
	}, loopback...)
	args = append(args, "--fetcher-delay=200ms") // a kill comes at most half a second after a request
	before := sources.BackfillCounts{}
	for i := range kills {
		killOnce(t, args, taken, i%3 == 2)
		now := storedBackfill(t, config.StoreURL(), source.ID).BackfillCounts
		if now.Found < before.Found || now.SitemapsRead < before.SitemapsRead || now.Requested < before.Requested ||
			now.Articles < before.Articles {
			t.Errorf("the progress went back from %+v to %+v", before, now)
		}
		before = now
	}
	allowLoopback(&config)
	config.Discoverer.PollTimeout = 20 * time.Second
	p := runPipeline(t, config, slog.New(slog.DiscardHandler))
	defer p.stop()
	var done sources.Backfill
	natstest.Eventually(t, "the backfill is done", func() bool {
		var err error
		if done, err = sources.Of(p.Store).Backfill(t.Context(), source.ID); err != nil {
			t.Fatal(err)
		}
		return done.State == sources.BackfillDone
	})
	// A request whose article was stored before a kill, but not its own request, is known.
	if done.Found != int64(len(paths)) || done.Known+done.Articles != done.Found || done.Others != 0 ||
		done.SitemapsRead != months+1 || done.SitemapsFailed != 0 {
		t.Errorf("%+v, want %d URLs of %d sitemaps", done.BackfillCounts, len(paths), months+1)
	}
	for _, path := range paths {
		// The outcome of a request that intake handled when it was killed may come later than the article.
		natstest.Eventually(t, path+" is admitted and stored", func() bool {
			admitted, stored := backfilled(t, p.Store, server.URL+path)
			return admitted > 0 && stored > 0
		})
	}
	for _, path := range paths {
		if admitted, stored := backfilled(t, p.Store, server.URL+path); admitted != 1 || stored != 1 {
			t.Errorf("%s was admitted %d times and stored %d times, want once", path, admitted, stored)
		}
	}
	if before.Found == 0 || before.Articles == before.Found {
		t.Errorf("no kill came during the backfill: %+v", before)
	}
	site.mu.Lock()
	defer site.mu.Unlock()
	read := 0
	for month := 1; month <= months; month++ {
		read += site.requests[fmt.Sprintf("/map-%d.xml", month)]
	}
	t.Logf("%d articles, %d kills, %d requests for %d sitemaps; before the last start: %+v",
		len(paths), kills, read, months, before)
}

// siteSource returns the source that "sources add" adds for a URL.
func siteSource(t *testing.T, url string) sources.Source {
	t.Helper()
	home, err := weburl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	return sources.New(home, nil, time.Time{})
}

// storedBackfill reads the backfill of a source in the store of a process that has been killed.
func storedBackfill(t *testing.T, url, source string) sources.Backfill {
	t.Helper()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, err := sources.Of(s).Backfill(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// backfilled returns how often an article was admitted and stored.
func backfilled(t *testing.T, s store.Store, url string) (admitted, stored int) {
	t.Helper()
	outcomes, err := s.Outcomes(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outcomes {
		switch {
		case o.GetStage() == datelinev1.Stage_STAGE_INTAKE && o.GetVerdict() == datelinev1.Verdict_VERDICT_PRODUCED:
			admitted++
		case o.GetStage() == datelinev1.Stage_STAGE_INDEX:
			stored++ // or unchanged, if a kill came between the commit and the outcome
		}
	}
	return admitted, stored
}
