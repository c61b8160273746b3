package fetcher_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/fetcher"
)

// promised is the pause that the sites of these tests promise or are promised. It
// is far longer than the fetcher's own delay.
const promised = 300 * time.Millisecond

// start starts a fetcher with a connection of its own. kill cuts the connection, so
// that the fetcher can neither store anything nor release its partitions, and then
// ends it.
func start(t *testing.T, server *natsembed.Server, config fetcher.Config) (kill func()) {
	t.Helper()
	nc, js := natstest.Connect(t, server)
	f, err := fetcher.New(t.Context(), fetcher.Env{NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: quiet}, config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = f.Run(ctx) // fails after the connection is cut
	}()
	kill = sync.OnceFunc(func() {
		nc.Close()
		cancel()
		<-ended
	})
	t.Cleanup(kill)
	return kill
}

// newServer starts a server with all streams.
func newServer(t *testing.T) (*natsembed.Server, jetstream.JetStream) {
	t.Helper()
	server := natstest.Server(t, t.TempDir())
	_, js := natstest.Connect(t, server)
	natstest.Reconcile(t, js, topology.Limits{})
	return server, js
}

// restartConfig returns a configuration for a fetcher that takes its partitions back
// after a restart and does not wait for its visits at the end.
func restartConfig() fetcher.Config {
	config := quickConfig()
	config.Replica, config.DrainTimeout = "fixed", time.Millisecond
	return config
}

// expectPauses expects a pause between any two requests for pages.
func expectPauses(t *testing.T, site *web, pause time.Duration) {
	t.Helper()
	var last time.Time
	for i, r := range site.requests() {
		if r.path == "/robots.txt" {
			continue
		}
		if gap := r.time.Sub(last); gap < pause {
			t.Errorf("request %d (%s) came %s after the one before, want at least %s", i, r.path, gap, pause)
		}
		last = r.time
	}
}

// TestPausesSurviveKills kills the fetcher again and again, in the middle of a
// request and after one. The site sees no pause that is too short.
func TestPausesSurviveKills(t *testing.T) {
	const kills = 20
	allow, slow := "User-agent: *\nAllow: /\n", fmt.Sprintf("User-agent: *\nCrawl-delay: %g\n", promised.Seconds())
	for name, test := range map[string]struct {
		robots, paces string
	}{
		"Crawl-delay": {slow, ""},
		"pace file":   {allow, fmt.Sprintf("- {host: 127.0.0.1, delay: %s}\n", promised)},
		"network":     {allow, fmt.Sprintf("- {network: 127.0.0.0/8, delay: %s}\n", promised)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, js := newServer(t)
			config := restartConfig()
			if test.paces != "" {
				config.PaceFile = filepath.Join(t.TempDir(), "pace.yaml")
				if err := os.WriteFile(config.PaceFile, []byte(test.paces), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var hold atomic.Bool // requests until the fetcher is killed
			requested := make(chan struct{}, 1)
			site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/robots.txt" {
					fmt.Fprint(w, test.robots)
					return
				}
				select {
				case requested <- struct{}{}:
				default:
				}
				if hold.Load() {
					<-r.Context().Done()
				}
				page(w, r)
			})
			for i := range kills {
				publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
			}
			for i := range kills {
				hold.Store(i%2 == 0)
				stored := len(pages(t, js))
				kill := start(t, server, config)
				if hold.Load() {
					<-requested
				} else {
					natstest.Eventually(t, "a page is stored", func() bool { return len(pages(t, js)) > stored })
				}
				kill()
				select {
				case <-requested:
				default:
				}
			}
			expectPauses(t, site, promised)
		})
	}
}

// TestPausesSurviveHandOver passes a site between two replicas that stop properly.
func TestPausesSurviveHandOver(t *testing.T) {
	server, js := newServer(t)
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			fmt.Fprintf(w, "User-agent: *\nCrawl-delay: %g\n", promised.Seconds())
			return
		}
		page(w, r)
	})
	for i := range 20 {
		publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
	}
	config := quickConfig()
	nc, _ := natstest.Connect(t, server)
	for replica := range 6 {
		config.Replica = fmt.Sprintf("replica-%d", replica%2)
		stop := run(t, nc, js, config)
		fetched := len(pages(t, js))
		natstest.Eventually(t, "another page is fetched", func() bool { return len(pages(t, js)) > fetched })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	expectPauses(t, site, promised)
}

// TestRetryAfterSurvivesKills has a site that asks for a short rest after each request.
func TestRetryAfterSurvivesKills(t *testing.T) {
	const kills = 5
	server, js := newServer(t)
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			fmt.Fprint(w, "User-agent: *\nAllow: /\n")
			return
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	for i := range kills {
		publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
	}
	stream, err := js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	config := restartConfig()
	config.BreakerFailures = 0
	for i := range kills {
		kill := start(t, server, config)
		natstest.Eventually(t, "a URL waits for its next attempt", func() bool {
			info, err := stream.Info(t.Context())
			return err == nil && info.State.LastSeq > uint64(kills+i)
		})
		kill()
	}
	expectPauses(t, site, time.Second)
}
