package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
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

// sourcesRun runs a command of "sources", and checks its exit code and a part of its output.
type sourcesRun func(wantCode int, want string, args ...string)

// TestSourcesCommands manages sources with the command line, in the store.
func TestSourcesCommands(t *testing.T) {
	t.Parallel()
	handler, _ := newsSite(3)
	site := httptest.NewServer(handler)
	t.Cleanup(site.Close)
	dir := storeFolder(t)
	run := func(wantCode int, want string, args ...string) {
		t.Helper()
		code, out, errs := dateline(t, append(append([]string{"sources"}, args...), "--data", dir)...)
		if code != wantCode || !strings.Contains(out+errs, want) {
			t.Errorf("sources %s: exit code %d, want %d with %q:\n%s%s",
				strings.Join(args, " "), code, wantCode, want, out, errs)
		}
	}
	run(0, "feed "+site.URL+"/atom.xml: 3 articles listed, 3 new", append([]string{"try", site.URL}, loopback...)...)
	run(0, "3 articles listed, 2 new, 1 left out",
		append([]string{"try", site.URL, "--exclude", "*part-1-*"}, loopback...)...)
	manageSources(t, run, site.URL)
	run(0, "0 sources", "--json=false")
}

// TestSourcesCommandsOverHTTP manages sources with a context that has only the address and
// token of the web page.
func TestSourcesCommandsOverHTTP(t *testing.T) {
	t.Parallel()
	handler, _ := newsSite(3)
	site := httptest.NewServer(handler)
	t.Cleanup(site.Close)
	cfg := testConfig(t.TempDir())
	allowLoopback(&cfg)
	cfg.Data.NATSAddr, cfg.HTTP.Addr = "127.0.0.1:0", natstest.FreeAddr(t)
	cfg.HTTP.ReadToken, cfg.HTTP.OperateToken = "ReadTokenOfTheTest", "OperateTokenOfTheTest"
	runPipeline(t, cfg, slog.New(slog.DiscardHandler))
	u := user{t.TempDir(), t.TempDir()}
	settings := "nats: {url: nats://" + closedAddr + "}\nclient: {web: http://" + cfg.HTTP.Addr + "}\n"
	u.writeContext(t, "operator", settings+"http: {operate-token: OperateTokenOfTheTest}\n")
	u.writeContext(t, "reader", settings+"http: {read-token: ReadTokenOfTheTest}\n")
	ctx := natstest.Context(t)
	as := func(name string) sourcesRun {
		return func(wantCode int, want string, args ...string) {
			t.Helper()
			code, out := u.run(ctx, t, append(append([]string{"sources"}, args...), "--context", name)...)
			if code != wantCode || !strings.Contains(out, want) {
				t.Errorf("sources %s as %s: exit code %d, want %d with %q:\n%s",
					strings.Join(args, " "), name, code, wantCode, want, out)
			}
		}
	}
	as("operator")(0, "feed "+site.URL+"/atom.xml: 3 articles listed, 3 new", "try", site.URL)
	as("operator")(0, `"articles":[{"url":"`+site.URL, "try", site.URL, "--json", "--exclude", "*part-1-*")
	as("reader")(1, "give the operate token with --http-operate-token", "try", site.URL)
	manageSources(t, as("operator"), site.URL)
	as("reader")(0, "1 source", "list")
	as("reader")(1, "give the operate token with --http-operate-token", "add", site.URL)
}

// manageSources runs the commands that manage sources. One source is left at the end.
func manageSources(t *testing.T, run sourcesRun, site string) {
	t.Helper()
	dir := t.TempDir()
	run(0, "0 sources", "list")
	run(0, "added "+site, "add", site, "--label", "project=harbour")
	run(0, "project=harbour", "list")
	run(0, `"labels":{"project":"harbour"}`, "list", "--json")
	run(0, " robots ", "show", site) // a running pipeline may have read it
	run(0, `"kind":"robots"`, "show", site, "--json")
	run(0, "is paused", "pause", site)
	run(0, "paused", "list")
	run(0, "is active", "resume", site)
	run(0, `policy --exclude "*part-1-*" --revisits=false`, "set", site, "--exclude", "*part-1-*", "--revisits=false")
	run(0, `policy --exclude "*part-1-*" --polls-per-day 50`, "set", site, "--polls-per-day", "50", "--revisits")
	run(0, "--polls-per-day 50", "show", site)
	table := filepath.Join(dir, "sites.csv")
	rows := "url,label.region,include,articles_per_day\nhttp://" + closedAddr + "/,north,/news/* /sport/*,9\n"
	if err := os.WriteFile(table, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	run(0, "added 1 source", "import", table)
	run(0, `--include "/news/*" --include "/sport/*" --articles-per-day 9`, "show", "http://"+closedAddr+"/")
	run(0, "removed", "remove", "http://"+closedAddr+"/")
	manageBackfills(run, site)
	file := filepath.Join(dir, "feeds.opml")
	opml := `<opml version="2.0"><body><outline text="News"><outline type="rss" xmlUrl="http://` + closedAddr +
		`/feed.xml"/></outline></body></opml>`
	if err := os.WriteFile(file, []byte(opml), 0o600); err != nil {
		t.Fatal(err)
	}
	run(0, "added 1 source", "import", file)
	run(0, "http://"+closedAddr+"/feed.xml\n", "export")
	run(0, "removed", "remove", site)
	run(0, "1 source", "list")
	for _, command := range []string{"show", "pause", "set", "remove", "backfill"} {
		run(1, site+"/: ", command, site)
	}
}

// manageBackfills starts and cancels a backfill of a source, and makes calls that are wrong.
func manageBackfills(run sourcesRun, url string) {
	run(2, "takes the URL of one source", "backfill")
	run(2, "--since", "backfill", url, "--since", "long ago")
	run(2, "ends before it begins", "backfill", url, "--since", "2024-02-01", "--until", "2024-01-31")
	run(2, "--cancel ends a backfill", "backfill", url, "--cancel", "--undated")
	run(2, "--cancel ends a backfill", "backfill", url, "--cancel", "--dry-run")
	run(1, "no backfill of this source is running", "backfill", url, "--cancel")
	try := append([]string{"backfill", url, "--dry-run"}, loopback...)
	run(0, "sitemap.xml: 2 URLs, 0 sitemaps, left out 1 by date or policy", try...)
	run(0, "0 URLs would be requested, which takes 1 day; left out 1 by date or policy, 2 without a date",
		append(try, "--until", "2020-01-01")...)
	run(0, "", "pause", url) // so that a running pipeline does not end the backfill
	run(0, "backfill of "+url+"/ started", "backfill", url, "--since", "2024-01-01", "--until", "2024-01-01")
	run(0, "backfill running, started", "show", url)
	run(1, "wait until it is done, or cancel it", "backfill", url)
	run(0, "backfill of "+url+"/ cancelled", "backfill", url, "--cancel")
	run(0, "backfill cancelled, started", "show", url)
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
	// The discoverer publishes its requests before the outcome of the poll.
	natstest.Eventually(t, "an explanation that names the poll", func() bool {
		code, out, errs := dateline(t, "explain", server.URL+paths[0], "--data", dir)
		if code != 0 {
			t.Fatalf("explain: exit code %d\n%s%s", code, out, errs)
		}
		return !slices.ContainsFunc([]string{"discover", "articles are new", "found by source " + server.URL},
			func(want string) bool { return !strings.Contains(out, want) })
	})
	t.Logf("%d articles, %d kills", len(paths), killed)
}
