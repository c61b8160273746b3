package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/backlog"
	"github.com/dateline-news/dateline/internal/bus"
	"github.com/dateline-news/dateline/internal/deadletter"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/process"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/extractor"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/indexer"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// natsUsers are the users of deploy/nats/accounts.conf.
var natsUsers = []string{"setup", "fetcher", "extractor", "indexer", "monitor", "operator", "client"}

// violations collects what a server refuses.
type violations struct {
	mu    sync.Mutex
	lines []string
}

func (v *violations) Errorf(format string, a ...any) {
	if line := fmt.Sprintf(format, a...); strings.Contains(line, "Violation") {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.lines = append(v.lines, line)
	}
}
func (v *violations) Noticef(string, ...any) {}
func (v *violations) Warnf(string, ...any)   {}
func (v *violations) Fatalf(string, ...any)  {}
func (v *violations) Debugf(string, ...any)  {}
func (v *violations) Tracef(string, ...any)  {}

func (v *violations) all() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.lines)
}

func password(user string) string { return "passwordOf" + user }

// setNATSPasswords sets the environment variables that deploy/nats/nats.conf names.
func setNATSPasswords() {
	os.Setenv("NATS_SERVER_NAME", "trial")
	for _, user := range natsUsers {
		os.Setenv("NATS_"+strings.ToUpper(user)+"_PASSWORD", password(user))
	}
}

// deployed runs a server on the configuration that is deployed.
func deployed(t *testing.T) (*server.Server, *violations) {
	t.Helper()
	opts, err := server.ProcessConfigFile(filepath.Join("..", "..", "deploy", "nats", "nats.conf"))
	if err != nil {
		t.Fatal(err)
	}
	opts.Host, opts.Port, opts.HTTPPort = "127.0.0.1", server.RANDOM_PORT, 0
	opts.StoreDir, opts.SyncAlways, opts.NoSigs = t.TempDir(), false, true
	srv, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	refused := &violations{}
	srv.SetLogger(refused, false, false)
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(natstest.Patience(t)) {
		t.Fatal("the server does not answer")
	}
	return srv, refused
}

func urlFor(srv *server.Server, user string) string {
	return strings.Replace(srv.ClientURL(), "nats://", "nats://"+user+":"+password(user)+"@", 1)
}

// connectAs connects as a process of that name does, as a user.
func connectAs(t *testing.T, srv *server.Server, user, name string) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	nc, js, err := bus.Connect(t.Context(), name, bus.Config{URL: urlFor(srv, user), Wait: natstest.Patience(t)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, js
}

// permissionsSite has articles, one whose body exceeds a message, and a page that fails.
func permissionsSite(t *testing.T) *httptest.Server {
	comment := "<!-- " + strings.Repeat("x", 8<<20+300<<10) + " -->"
	text := strings.Repeat("<p>The ferry left the quay a quarter of an hour late, and nobody on board seemed to mind the calm water or the long light.</p>", 5)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /news/{n}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		title := "The ferry of day " + r.PathValue("n")
		var out io.Writer = w
		if r.PathValue("n") == "big" {
			w.Header().Set("Content-Encoding", "gzip")
			// Without compression the body stays larger than a message.
			packed, err := gzip.NewWriterLevel(w, gzip.NoCompression)
			if err != nil {
				t.Error(err)
				return
			}
			defer packed.Close()
			out = packed
		}
		fmt.Fprintf(out, `<!doctype html><html lang="en"><head><title>%s</title><meta property="article:published_time" content="2026-03-01T06:30:00Z"></head><body><article><h1>%[1]s</h1>%s</article>`, title, text)
		if r.PathValue("n") == "big" {
			io.WriteString(out, comment)
		}
	})
	mux.HandleFunc("GET /broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return site
}

func TestEachServiceHasThePermissionsItNeeds(t *testing.T) {
	t.Parallel()
	srv, refused := deployed(t)
	site := permissionsSite(t)
	log := slog.New(slog.DiscardHandler)
	_, js := connectAs(t, srv, "setup", "declare")
	for range 2 { // the second finds everything as it should be
		if err := topology.Reconcile(t.Context(), js, topology.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	articles, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { articles.Close() })

	fetchNC, fetchJS := connectAs(t, srv, "fetcher", "fetcher")
	extractNC, extractJS := connectAs(t, srv, "extractor", "extractor")
	indexNC, indexJS := connectAs(t, srv, "indexer", "indexer")
	config := fetcher.DefaultConfig()
	config.AllowPrivate, config.Delay, config.DelayFactor, config.MaxAttempts, config.RetryDelay = true, time.Millisecond, 0, 2, 10*time.Millisecond
	fetch, err := fetcher.New(t.Context(), fetcher.Env{NC: fetchNC, JS: fetchJS, Registry: prometheus.NewRegistry(), Log: log}, config)
	if err != nil {
		t.Fatal(err)
	}
	extract, err := extractor.New(t.Context(), extractor.DefaultConfig(), extractor.Dependencies{
		JS: extractJS, Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	index, err := indexer.New(t.Context(), indexer.DefaultConfig(), indexer.Dependencies{
		JS: indexJS, Store: articles, Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var stages errgroup.Group
	for _, stage := range []process.Runner{fetch, extract, index} {
		stages.Go(func() error { return stage.Run(ctx) })
	}
	defer func() {
		stop()
		if err := stages.Wait(); err != nil {
			t.Error(err)
		}
		if lines := refused.all(); len(lines) > 0 {
			t.Errorf("the server refused what a service needs:\n%s", strings.Join(lines, "\n"))
		}
	}()
	for _, js := range []jetstream.JetStream{fetchJS, extractJS, indexJS} {
		if err := topology.Await(t.Context(), js, topology.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	for js, inputs := range map[jetstream.JetStream][]backlog.Input{fetchJS: fetcher.Inputs(), extractJS: extractor.Inputs(), indexJS: indexer.Inputs()} {
		backlog.New(js, prometheus.NewRegistry(), log, time.Now, inputs...).Refresh(t.Context())
	}
	for _, check := range slices.Concat(process.Checks(fetchNC, fetchJS), process.Checks(extractNC, extractJS), process.Checks(indexNC, indexJS)) {
		if err := check.Test(t.Context()); err != nil {
			t.Errorf("%s: %v", check.Name, err)
		}
	}

	// A person publishes, several URLs in one message and one by one, and hears of the results.
	client, clientJS := connectAs(t, srv, "client", "client")
	heard, err := client.SubscribeSync("revisions.>")
	if err != nil {
		t.Fatal(err)
	}
	lib := library.New(articles, indexJS)
	for _, text := range []string{
		site.URL + "/news/1\n" + site.URL + "/news/2", site.URL + "/news/big", site.URL + "/broken",
	} {
		if _, err := clientJS.Publish(t.Context(), "urls", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if _, err := heard.NextMsgWithContext(natstest.Context(t)); err != nil {
			t.Fatalf("waiting for a revision: %v", err)
		}
	}

	// Everything that the indexer does besides.
	var letters []deadletter.Brief
	natstest.Eventually(t, "a dead letter", func() bool {
		letters, err = lib.DeadLetters(t.Context(), deadletter.Filter{}, 0, 10)
		return err == nil && len(letters) == 1
	})
	dead, err := lib.OpenDeadLetters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	letter, err := dead.Get(t.Context(), letters[0].Number)
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.Requeue(t.Context(), letter); err != nil {
		t.Errorf("requeueing: %v", err)
	}
	natstest.Eventually(t, "the same dead letter again", func() bool {
		letters, err = lib.DeadLetters(t.Context(), deadletter.Filter{}, letter.Number, 10)
		return err == nil && len(letters) == 1
	})
	hit, err := lib.Article(t.Context(), library.Name(site.URL+"/news/big"))
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := lib.Raw(t.Context(), hit.Article); err != nil || len(raw.Body) < 8<<20 {
		t.Errorf("the page of an article: %d bytes, %v", len(raw.Body), err)
	}
	if _, err := lib.State(t.Context()); err != nil {
		t.Errorf("the state of the pipeline: %v", err)
	}
	for _, stream := range []string{subject.StreamPages, subject.StreamArticles, subject.StreamOutcomes} {
		if err := topology.TrimStream(t.Context(), indexJS, stream); err != nil {
			t.Error(err)
		}
		s, err := indexJS.Stream(t.Context(), stream)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Purge(t.Context(), jetstream.WithPurgeSequence(1)); err != nil {
			t.Errorf("making room in %s: %v", stream, err)
		}
	}
	follow, stopFollowing := context.WithCancel(t.Context())
	for event, err := range lib.Follow(follow, 1, time.Second) {
		if err != nil || event == nil {
			t.Errorf("following revisions: %v, %v", event, err)
		}
		break
	}
	stopFollowing()
	if gone, err := lib.Erase(t.Context(), site.URL+"/news/1"); err != nil || gone.Pages != 1 || gone.Records == 0 {
		t.Errorf("erasing: %+v, %v", gone, err)
	}

	// Alarms of drift need many pages; the bucket they go to is enough.
	drift, err := extractJS.KeyValue(t.Context(), subject.BucketDrift)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drift.Put(t.Context(), "alarms.com.example.dates", []byte("x")); err != nil {
		t.Errorf("an alarm of drift: %v", err)
	}
	sample, err := proto.Marshal(&datelinev1.DriftSample{Url: hit.Article.GetFinalUrl(), HtmlZstd: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	url, err := weburl.Parse(hit.Article.GetFinalUrl())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drift.Put(t.Context(), subject.DriftSample(url.SubjectHost(), datelinev1.DriftSignal_DRIFT_SIGNAL_NO_DATE, 1), sample); err != nil {
		t.Errorf("a sample of drift: %v", err)
	}
	if gone, err := lib.Erase(t.Context(), hit.ID); err != nil || gone.Pages != 2 {
		t.Errorf("erasing an article whose page lies in the object store, and a sample of it: %+v, %v", gone, err)
	}

	// Whoever watches.
	_, watching := connectAs(t, srv, "monitor", "dateline")
	for _, name := range subject.Streams() {
		stream, err := watching.Stream(t.Context(), name)
		if err != nil {
			t.Errorf("monitor: stream %s: %v", name, err)
			continue
		}
		list := stream.ListConsumers(t.Context())
		for range list.Info() {
		}
		if err := list.Err(); err != nil {
			t.Errorf("monitor: consumers of %s: %v", name, err)
		}
	}
	leases, err := watching.KeyValue(t.Context(), subject.BucketLeases)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "monitor sees a lease of each partition and of the replica", func() bool {
		keys, err := leases.Keys(t.Context())
		return err == nil && len(keys) == subject.Partitions+1
	})
	if _, err := watching.AccountInfo(t.Context()); err != nil {
		t.Errorf("monitor: %v", err)
	}
}

func TestNoUserHasPermissionsItDoesNotNeed(t *testing.T) {
	t.Parallel()
	srv, _ := deployed(t)
	for user, test := range map[string]struct{ publish, subscribe []string }{
		"setup": {
			[]string{"urls", "pages.com.example", "$JS.API.STREAM.DELETE.URLS", "$JS.API.STREAM.PURGE.URLS", "$JS.API.STREAM.MSG.GET.PAGES", "$JS.API.DIRECT.GET.PAGES", "$JS.API.CONSUMER.MSG.NEXT.URLS.intake", "$JS.API.CONSUMER.DELETE.URLS.intake"},
			[]string{">", "urls", "_INBOX.fetcher.>"},
		},
		"fetcher": {
			[]string{"articles.en.com.example", "revisions.new.en.com.example", "outcomes.index.produced", "dead.extract.panic", "$JS.API.STREAM.PURGE.FRONTIER", "$JS.API.STREAM.DELETE.URLS", "$JS.API.STREAM.UPDATE.URLS", "$JS.API.STREAM.CREATE.X", "$JS.API.DIRECT.GET.PAGES", "$JS.API.CONSUMER.MSG.NEXT.PAGES.extract", "$JS.API.CONSUMER.CREATE.PAGES.spy", "$JS.API.STREAM.SNAPSHOT.PAGES", "$KV.dateline-drift.x"},
			[]string{">", "urls", "pages.>", "_INBOX.>", "_INBOX.indexer.>", "$JS.API.>"},
		},
		"extractor": {
			[]string{"urls", "urls.x", "pages.com.example", "frontier.0.fresh.com.example", "revisions.new.en.com.example", "outcomes.fetch.produced", "dead.fetch.dns", "$JS.API.STREAM.PURGE.PAGES", "$JS.API.STREAM.DELETE.PAGES", "$JS.API.STREAM.MSG.DELETE.PAGES", "$JS.API.STREAM.UPDATE.PAGES", "$JS.API.CONSUMER.DELETE.PAGES.extract", "$JS.API.CONSUMER.CREATE.ARTICLES.spy", "$JS.API.CONSUMER.MSG.NEXT.ARTICLES.index", "$KV.dateline-seen.x", "$KV.dateline-hosts.x", "$O.dateline-bodies.C.x"},
			[]string{">", "articles.>", "urls", "_INBOX.indexer.>"},
		},
		"indexer": {
			[]string{"$JS.API.STREAM.PURGE.URLS", "$JS.API.STREAM.PURGE.FRONTIER", "$JS.API.STREAM.PURGE.DEAD", "$JS.API.STREAM.DELETE.PAGES", "$JS.API.STREAM.UPDATE.PAGES", "$JS.API.STREAM.CREATE.X", "$JS.API.CONSUMER.DELETE.PAGES.extract", "$JS.API.CONSUMER.MSG.NEXT.URLS.intake", "$KV.dateline-seen.x", "$KV.dateline-leases.x", "$O.dateline-bodies.C.x"},
			[]string{">", "urls", "frontier.>", "_INBOX.fetcher.>"},
		},
		"monitor": {
			[]string{"urls", "dead.fetch.dns", "$JS.API.CONSUMER.CREATE.DEAD.spy", "$JS.API.STREAM.MSG.GET.DEAD", "$JS.API.DIRECT.GET.DEAD", "$JS.API.STREAM.PURGE.DEAD", "$JS.API.STREAM.CREATE.X", "$JS.ACK.URLS.intake.1.1.1.1.1", "$KV.dateline-seen.x"},
			[]string{">", "articles.>", "_INBOX.>", "_INBOX.fetcher.>"},
		},
		"client": {
			[]string{"frontier.0.fresh.com.example", "pages.com.example", "articles.en.com.example", "outcomes.fetch.produced", "$JS.API.INFO", "$JS.API.STREAM.LIST", "$KV.dateline-seen.x"},
			[]string{">", "urls", "pages.>", "frontier.>", "$KV.>"},
		},
	} {
		t.Run(user, func(t *testing.T) {
			denied := make(chan error, 1)
			nc, err := nats.Connect(urlFor(srv, user), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { denied <- err }))
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			refuses := func(what string, err error) {
				t.Helper()
				if err == nil {
					err = nc.Flush()
				}
				if err != nil {
					t.Fatal(err)
				}
				// The refusal comes before the answer to the flush.
				select {
				case err := <-denied:
					if !errors.Is(err, nats.ErrPermissionViolation) {
						t.Errorf("%s: %v", what, err)
					}
				case <-time.After(natstest.Patience(t)):
					t.Errorf("%s may %s", user, what)
				}
			}
			for _, subject := range test.publish {
				refuses("publish on "+subject, nc.Publish(subject, nil))
			}
			for _, subject := range test.subscribe {
				_, err := nc.SubscribeSync(subject)
				refuses("subscribe to "+subject, err)
			}
		})
	}
}
