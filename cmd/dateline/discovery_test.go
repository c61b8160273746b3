package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// newsSite returns a handler for a site with a feed and a sitemap of the same articles,
// and the paths of the articles.
func newsSite(articles int) (http.HandlerFunc, []string) {
	var paths []string
	for i := range articles {
		paths = append(paths, fmt.Sprintf("/news/harbour-wall-part-%d-is-repaired", i))
	}
	return func(w http.ResponseWriter, r *http.Request) {
		base := "http://" + r.Host
		switch {
		case r.URL.Path == "/":
			fmt.Fprint(w, `<html><head><link rel="alternate" type="application/atom+xml" href="/atom.xml"></head></html>`)
		case r.URL.Path == "/robots.txt":
			fmt.Fprintf(w, "Sitemap: %s/sitemap.xml\n", base)
		case r.URL.Path == "/atom.xml":
			fmt.Fprint(w, `<feed xmlns="http://www.w3.org/2005/Atom"><title>Harbour</title>`)
			for i, path := range paths {
				fmt.Fprintf(w, `<entry><title>Wall %d</title><id>%s</id><link href="%s%s"/><updated>%s</updated></entry>`,
					i, path, base, path, time.Now().Add(-time.Duration(i+1)*time.Hour).Format(time.RFC3339))
			}
			fmt.Fprint(w, `</feed>`)
		case r.URL.Path == "/sitemap.xml":
			fmt.Fprint(w, `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
			for i, path := range paths {
				fmt.Fprintf(w, `<url><loc>%s%s</loc><lastmod>%s</lastmod></url>`, base, path,
					time.Now().Add(-time.Duration(i+1)*time.Hour).Format(time.RFC3339))
			}
			fmt.Fprint(w, `</urlset>`)
		case strings.HasPrefix(r.URL.Path, "/news/"):
			fmt.Fprint(w, harbourPage(r.URL.Path))
		default:
			http.NotFound(w, r)
		}
	}, paths
}

// storeFolder returns a data folder with an empty store, as after a first run.
func storeFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), testConfig(dir).StoreURL())
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestSourcesCommands manages sources with the command line.
func TestSourcesCommands(t *testing.T) {
	t.Parallel()
	handler, _ := newsSite(3)
	site := httptest.NewServer(handler)
	t.Cleanup(site.Close)
	dir := storeFolder(t)
	run := func(want string, args ...string) {
		t.Helper()
		code, out, errs := dateline(t, append(append([]string{"sources"}, args...), "--data", dir)...)
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("sources %s: exit code %d, and the output lacks %q:\n%s%s", strings.Join(args, " "), code, want, out, errs)
		}
	}
	run("feed "+site.URL+"/atom.xml: 3 articles listed, 3 new", append([]string{"try", site.URL}, loopback...)...)
	run("0 sources", "list")
	run("added "+site.URL, "add", site.URL, "--label", "project=harbour")
	run("project=harbour", "list")
	run("candidate", "show", site.URL)
	run("is paused", "pause", site.URL)
	run("paused", "list")
	run("is active", "resume", site.URL)
	run("3 articles listed, 2 new, 1 left out",
		append([]string{"try", site.URL, "--exclude", "*part-1-*"}, loopback...)...)
	run(`{"exclude":["*part-1-*"],"no_revisits":true}`, "set", site.URL, "--exclude", "*part-1-*", "--revisits=false")
	run(`{"exclude":["*part-1-*"],"polls_per_day":50}`, "set", site.URL, "--polls-per-day", "50", "--revisits")
	run(`"polls_per_day":50`, "show", site.URL)
	table := filepath.Join(dir, "sites.csv")
	rows := "url,label.region,include,articles_per_day\nhttps://csv.example.com/,north,/news/* /sport/*,9\n"
	if err := os.WriteFile(table, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	run("added 1 source", "import", table)
	run(`{"include":["/news/*","/sport/*"],"articles_per_day":9}`, "show", "https://csv.example.com/")
	run("removed", "remove", "https://csv.example.com/")
	runBackfillCommands(t, run, site.URL, dir)
	file := filepath.Join(dir, "feeds.opml")
	opml := `<opml version="2.0"><body><outline text="News"><outline type="rss" xmlUrl="https://example.com/feed.xml"/>` +
		`</outline></body></opml>`
	if err := os.WriteFile(file, []byte(opml), 0o600); err != nil {
		t.Fatal(err)
	}
	run("added 1 source", "import", file)
	run("https://example.com/feed.xml\n", "export")
	run("removed", "remove", site.URL)
	run("1 source", "list")
	run("0 sources", "--json=false")
	if code, _, errs := dateline(t, "sources", "show", site.URL, "--data", dir); code == 0 {
		t.Errorf("a removed source is shown: %s", errs)
	}
}

// runBackfillCommands starts and cancels a backfill of a source, and makes calls that are wrong.
func runBackfillCommands(t *testing.T, run func(want string, args ...string), url, dir string) {
	t.Helper()
	fails := func(wantCode int, want string, args ...string) {
		t.Helper()
		code, _, errs := dateline(t, append([]string{"sources", "backfill", "--data", dir}, args...)...)
		if code != wantCode || !strings.Contains(errs, want) {
			t.Errorf("backfill %s: exit code %d, want %d, and %q in:\n%s", strings.Join(args, " "), code, wantCode, want, errs)
		}
	}
	fails(2, "takes the URL of one source")
	fails(2, "--since", url, "--since", "long ago")
	fails(2, "ends before it begins", url, "--since", "2024-02-01", "--until", "2024-01-31")
	fails(2, "--cancel ends a backfill", url, "--cancel", "--undated")
	fails(1, "no backfill of this source is running", url, "--cancel")
	run("backfill of "+url+"/ started", "backfill", url, "--since", "2024-01-01", "--until", "2024-01-01")
	run("backfill running, started", "show", url)
	fails(1, "wait until it is done, or cancel it", url)
	run("backfill of "+url+"/ cancelled", "backfill", url, "--cancel")
	run("backfill cancelled, started", "show", url)
}

// TestKilledWhileDiscovering kills the process again and again while it discovers the
// articles of a site. None may be lost, and none admitted or stored twice.
func TestKilledWhileDiscovering(t *testing.T) {
	if testing.Short() {
		t.Skip("this test starts and kills a process again and again: run without -short")
	}
	t.Parallel()
	handler, paths := newsSite(40)
	site := &countedSite{handler: handler, requests: map[string]int{}, requested: make(chan struct{}, 1)}
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	dir := storeFolder(t)
	if code, out, errs := dateline(t, "sources", "add", server.URL, "--data", dir); code != 0 {
		t.Fatal(out, errs)
	}
	args := append([]string{
		"up", "--data", dir, "--data-nats-addr=", "--admin-addr=", "--http-addr=",
		"--discoverer-poll-timeout=2s", "--discoverer-min-interval=100ms", "--discoverer-max-interval=1s",
		"--discoverer-polls-per-day=10000",
	}, loopback...)
	killed := 0
	for i := range killsWanted(t) {
		if killOnce(t, args, site.requested, i%3 == 0) {
			killed++
		}
	}
	config := testConfig(dir)
	allowLoopback(&config)
	config.Discoverer.PollTimeout, config.Discoverer.PollsPerDay = time.Second, 10_000
	config.Discoverer.MinInterval, config.Discoverer.MaxInterval = 100*time.Millisecond, time.Second
	p := runPipeline(t, config, slog.New(slog.DiscardHandler))
	defer p.stop()
	ends := func(path string) (admitted, stored int) {
		outcomes, err := p.Store.Outcomes(t.Context(), server.URL+path)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outcomes {
			switch {
			case o.GetOriginRequestId() != "" && o.GetVerdict() == datelinev1.Verdict_VERDICT_PRODUCED:
				admitted++
			case o.GetStage() == datelinev1.Stage_STAGE_INDEX:
				stored++ // or unchanged, if a kill came between the commit and the outcome
			}
		}
		return admitted, stored
	}
	for _, path := range paths {
		// A request that intake handled when it was killed gets its outcome after a redelivery,
		// which may be later than the article.
		natstest.Eventually(t, path+" is admitted and stored", func() bool {
			admitted, stored := ends(path)
			return admitted > 0 && stored > 0
		})
	}
	for _, path := range paths {
		if admitted, stored := ends(path); admitted != 1 || stored != 1 {
			t.Errorf("%s was admitted %d times and stored %d times, want once", path, admitted, stored)
		}
	}
	code, out, errs := dateline(t, "explain", server.URL+paths[0], "--data", dir)
	for _, want := range []string{"discover", "articles are new", "found by source " + server.URL} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("explain: exit code %d, and the output lacks %q:\n%s%s", code, want, out, errs)
		}
	}
	t.Logf("%d articles, %d kills", len(paths), killed)
}
