package discoverer_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/postgrestest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

func TestMain(m *testing.M) {
	if os.Getenv(replicaNATS) != "" {
		if err := runReplica(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "running a replica:", err)
		}
		os.Exit(1)
	}
	os.Exit(postgrestest.Main(m, func() error { return goleak.Find() }))
}

// town is a made-up newspaper with a feed that has moved, a sitemap that robots.txt
// names, and a broken feed.
type town struct {
	*httptest.Server
	mu       sync.Mutex
	articles int
	requests map[string]int
}

func newTown(t *testing.T, articles int) *town {
	t.Helper()
	site := &town{articles: articles, requests: map[string]int{}}
	site.Server = httptest.NewServer(http.HandlerFunc(site.serve))
	t.Cleanup(site.Close)
	return site
}

func (s *town) publish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.articles++
}

func (s *town) requested(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[path]
}

func (s *town) path(i int) string { return fmt.Sprintf("/2026/harbour/ferry-line-%d-opens-again", i) }

func (s *town) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[r.URL.Path]++
	date := func(i int) time.Time { return time.Now().Add(-time.Duration(s.articles-i) * time.Hour) }
	switch r.URL.Path {
	case "/":
		fmt.Fprint(w, `<html><head><link rel="alternate" type="application/rss+xml" href="/old.xml">
			<link rel="alternate" type="application/rss+xml" href="/broken.xml">
			<link rel="alternate" type="application/rss+xml" href="/private/feed.xml"></head><body>
			<nav><a href="/harbour/">Harbour</a></nav></body></html>`)
	case "/robots.txt":
		fmt.Fprintf(w, "User-agent: *\nDisallow: /private/\nSitemap: %s/news.xml\n", s.URL)
	case "/old.xml":
		http.Redirect(w, r, "/feed.xml", http.StatusMovedPermanently)
	case "/feed.xml":
		w.Header().Set("Content-Type", "application/rss+xml")
		fmt.Fprint(w, `<rss version="2.0"><channel><title>Town</title>`)
		fmt.Fprintf(w, `<item><title>Very old</title><link>%s/2020/old-story</link><pubDate>%s</pubDate></item>`,
			s.URL, time.Now().AddDate(-1, 0, 0).Format(time.RFC1123Z))
		for i := range s.articles {
			fmt.Fprintf(w, `<item><title>Ferry line %d opens</title><link>%s%s</link><pubDate>%s</pubDate></item>`,
				i, s.URL, s.path(i), date(i).Format(time.RFC1123Z))
		}
		fmt.Fprint(w, `</channel></rss>`)
	case "/news.xml":
		fmt.Fprint(w, `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
		for i := range s.articles {
			fmt.Fprintf(w, `<url><loc>%s%s</loc><lastmod>%s</lastmod></url>`, s.URL, s.path(i), date(i).Format(time.RFC3339))
		}
		fmt.Fprint(w, `</urlset>`)
	case "/broken.xml":
		fmt.Fprint(w, "<html><body>Our feeds are gone.</body></html>")
	default:
		if !strings.HasPrefix(r.URL.Path, "/2026/") {
			http.NotFound(w, r)
			return
		}
		text := strings.Repeat("The ferry crosses the bay every morning, and its passengers wait at the old pier. ", 12)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<html lang="en"><head><title>%[1]s</title><meta property="og:type" content="article"></head>
			<body><article><h1>%[1]s</h1><p>%[2]s</p><p>%[2]s</p></article></body></html>`,
			"Ferry opens "+r.URL.Path[len(r.URL.Path)-20:], text)
	}
}

// newsroom is a running pipeline with a store.
type newsroom struct {
	js      jetstream.JetStream
	store   store.Store
	sources *sources.Sources
	stage   *discoverer.Discoverer
	ahead   atomic.Int64 // how far its clock is ahead
	frozen  atomic.Int64 // time at which its clock stands still, in Unix nanoseconds, or 0
	change  func(*discoverer.Config)
	stop    func()
}

func startNewsroom(t *testing.T) *newsroom {
	t.Helper()
	return startNewsroomWith(t, func(*discoverer.Config) {})
}

// startNewsroomWith starts a pipeline with a changed configuration of the discoverer.
func startNewsroomWith(t *testing.T, change func(*discoverer.Config)) *newsroom {
	t.Helper()
	nc, js := natstest.Start(t)
	s, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	room := &newsroom{js: js, store: s, sources: sources.Of(s), change: change}
	room.stop = room.run(t, nc)
	return room
}

func (n *newsroom) run(t *testing.T, nc *nats.Conn) (stop func()) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	polite := fetcher.DefaultConfig()
	polite.AllowPrivate, polite.Delay, polite.DelayFactor = true, time.Millisecond, 0
	polite.MaxAttempts, polite.RetryDelay = 2, 10*time.Millisecond
	polite.HeaderTimeout, polite.IdleBodyTimeout, polite.TotalTimeout = time.Minute, time.Minute, 3*time.Minute
	fetch, err := fetcher.New(t.Context(), fetcher.Env{
		NC: nc, JS: n.js, Registry: prometheus.NewRegistry(), Log: log,
	}, polite)
	if err != nil {
		t.Fatal(err)
	}
	quick := discoverer.DefaultConfig()
	quick.MinInterval, quick.MaxInterval, quick.PollsPerDay = time.Millisecond, time.Second, 10_000
	n.change(&quick)
	discover, err := discoverer.New(t.Context(), quick, discoverer.Dependencies{
		JS: n.js, Store: n.store, Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	discover.SetClock(func() time.Time {
		if at := n.frozen.Load(); at != 0 {
			return time.Unix(0, at)
		}
		return time.Now().Add(time.Duration(n.ahead.Load()))
	})
	n.stage = discover
	extract, err := extractor.New(t.Context(), extractor.DefaultConfig(), extractor.Dependencies{
		JS: n.js, Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	index, err := indexer.New(t.Context(), indexer.DefaultConfig(), indexer.Dependencies{
		JS: n.js, Store: n.store, Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var stages errgroup.Group
	for _, run := range []func(context.Context) error{fetch.Run, discover.Run, extract.Run, index.Run} {
		stages.Go(func() error { return run(ctx) })
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := stages.Wait(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func (n *newsroom) add(t *testing.T, site string) sources.Source {
	t.Helper()
	return n.addWith(t, site, sources.Policy{})
}

// addWith adds a source with a policy, which holds from the first poll.
func (n *newsroom) addWith(t *testing.T, site string, policy sources.Policy) sources.Source {
	t.Helper()
	home, err := weburl.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	source := sources.New(home, map[string]string{"project": "harbour"}, time.Now())
	first, err := sources.First(source)
	if err == nil {
		err = n.sources.Add(t.Context(), source, nil)
	}
	if err == nil {
		err = n.sources.SetPolicy(t.Context(), source.ID, policy)
	}
	if err == nil {
		err = n.sources.Add(t.Context(), source, first)
	}
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func (n *newsroom) endpoints(t *testing.T, source sources.Source) map[string]sources.Endpoint {
	t.Helper()
	list, err := n.sources.Endpoints(t.Context(), source.ID)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]sources.Endpoint{}
	for _, e := range list {
		all[strings.TrimPrefix(e.URL, strings.TrimSuffix(source.URL, "/"))] = e
	}
	return all
}

// outcomes returns the outcomes of a stage.
func (n *newsroom) outcomes(t *testing.T, stage datelinev1.Stage) []*datelinev1.Outcome {
	t.Helper()
	var all []*datelinev1.Outcome
	for _, msg := range natstest.Messages(t, n.js, subject.StreamOutcomes) {
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data, o); err != nil {
			t.Fatal(err)
		}
		if o.GetStage() == stage {
			all = append(all, o)
		}
	}
	return all
}

func (n *newsroom) awaitArticles(t *testing.T, want int64) {
	t.Helper()
	natstest.Eventually(t, fmt.Sprintf("%d articles", want), func() bool {
		stats, err := n.store.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if stats.Articles > want {
			t.Fatalf("%d articles, want %d", stats.Articles, want)
		}
		return stats.Articles == want
	})
}

// TestSiteToArticles adds a site to a running pipeline. Each article of the last days is
// stored once, with its labels and its origin, and a new article is found later.
func TestSiteToArticles(t *testing.T) {
	site, room := newTown(t, 5), startNewsroom(t)
	source := room.add(t, site.URL)
	room.awaitArticles(t, 5)
	natstest.Eventually(t, "every endpoint is judged", func() bool {
		all := room.endpoints(t, source)
		return len(all) > 8 && !strings.Contains(fmt.Sprint(states(all)), sources.Candidate)
	})
	all := room.endpoints(t, source)
	for path, want := range map[string]string{
		"/feed.xml": sources.Active, "/news.xml": sources.Active, "/robots.txt": sources.Active,
		"/broken.xml": sources.Retired, "/private/feed.xml": sources.Retired,
	} {
		if got := all[path]; got.State != want {
			t.Errorf("%s is %q (%s), want %s", path, got.State, got.Reason, want)
		}
	}
	denied, requests := all["/private/feed.xml"], site.requested("/private/feed.xml")
	if !strings.Contains(denied.Reason, "robots_denied") || requests > 0 {
		t.Errorf("the feed that robots.txt denies: %q, %d requests", denied.Reason, requests)
	}
	site.publish()
	room.awaitArticles(t, 6)
	for i := range 6 {
		if n := site.requested(site.path(i)); n != 1 {
			t.Errorf("article %d was requested %d times", i, n)
		}
	}
	if site.requested("/2020/old-story") > 0 {
		t.Error("an article of last year was fetched")
	}
	room.checkOrigin(t, site, source)
}

func states(endpoints map[string]sources.Endpoint) []string {
	var all []string
	for _, e := range endpoints {
		all = append(all, e.State)
	}
	return all
}

// checkOrigin follows an article back to the poll that found it.
func (n *newsroom) checkOrigin(t *testing.T, site *town, source sources.Source) {
	t.Helper()
	hit, err := n.store.Article(t.Context(), site.URL+site.path(2))
	if err != nil {
		t.Fatal(err)
	}
	origin := hit.Article.GetOrigin()
	if origin.GetSource() != source.URL || origin.GetPosition() < 1 || hit.Article.GetLabels()["project"] != "harbour" {
		t.Errorf("origin %v, labels %v", origin, hit.Article.GetLabels())
	}
	var intake *datelinev1.Outcome
	for _, o := range n.outcomes(t, datelinev1.Stage_STAGE_INTAKE) {
		if o.GetRequestId() == hit.Article.GetRequestId() {
			intake = o
		}
	}
	if intake.GetOriginRequestId() != origin.GetRequestId() ||
		!strings.Contains(intake.GetDetail(), origin.GetEndpointUrl()) {
		t.Errorf("intake: %v", intake)
	}
	for _, o := range n.outcomes(t, datelinev1.Stage_STAGE_DISCOVER) {
		if o.GetRequestId() == origin.GetRequestId() && o.GetVerdict() == datelinev1.Verdict_VERDICT_PRODUCED {
			return
		}
	}
	t.Errorf("no outcome of the poll %s", origin.GetRequestId())
}

// TestUnknownEndpoints sends responses that no endpoint waits for.
func TestUnknownEndpoints(t *testing.T) {
	site, room := newTown(t, 3), startNewsroom(t)
	for _, id := range []string{"mine", "poll.0000000000000000.1", "poll.x"} {
		request := &datelinev1.FetchRequest{
			Url: site.URL + "/feed.xml", RequestId: id, Purpose: datelinev1.Purpose_PURPOSE_FEED,
		}
		data, err := proto.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		msg := nats.NewMsg(subject.URLs)
		msg.Header.Set("Content-Type", "application/protobuf")
		msg.Data = data
		if _, err := room.js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	natstest.Eventually(t, "three outcomes", func() bool {
		return len(room.outcomes(t, datelinev1.Stage_STAGE_DISCOVER)) == 3
	})
	for _, o := range room.outcomes(t, datelinev1.Stage_STAGE_DISCOVER) {
		if o.GetReason() != "unknown_endpoint" {
			t.Errorf("%v", o)
		}
	}
}
