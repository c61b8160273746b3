package fetcher_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// hasty is a configuration that does not make a test wait.
func hasty() fetcher.Config {
	config := fetcher.DefaultConfig()
	config.UserAgent, config.AllowPrivate = "TestNews/1.0 (+https://example.com/bot)", true
	config.Delay, config.DelayFactor = time.Millisecond, 0
	config.MaxAttempts, config.RetryDelay, config.BreakerRest = 2, 10*time.Millisecond, time.Millisecond
	config.HeaderTimeout, config.IdleBodyTimeout, config.ConnectTimeout = 300*time.Millisecond, 300*time.Millisecond, 2*time.Second
	config.MaxBodyBytes, config.MaxRedirects = 100_000, 3
	return config
}

// run starts a fetcher. stop ends it, and returns what Run returned.
func run(t *testing.T, nc *nats.Conn, js jetstream.JetStream, config fetcher.Config) (stop func() error) {
	t.Helper()
	env := fetcher.Env{NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: quiet}
	f, err := fetcher.New(t.Context(), env, config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return stop
}

// web is a site that notes when it was asked for what.
type web struct {
	*httptest.Server
	mu    sync.Mutex
	asked []request
}

type request struct {
	path string
	time time.Time
}

// newWeb serves a handler on a port of its own, and so a host of its own, until
// the test ends. Without a handler for robots.txt everything is allowed.
func newWeb(t *testing.T, handle http.HandlerFunc) *web {
	w := &web{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		w.mu.Lock()
		w.asked = append(w.asked, request{in.URL.Path, time.Now()})
		w.mu.Unlock()
		handle(out, in)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *web) requests() []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]request(nil), w.asked...)
}

func (w *web) count(path string) int {
	n := 0
	for _, r := range w.requests() {
		if r.path == path {
			n++
		}
	}
	return n
}

func html(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte("<!doctype html><html><body>" + body + "</body></html>"))
}

func page(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/robots.txt" {
		http.NotFound(w, r)
		return
	}
	html(w, "<p>"+r.URL.Path)
}

// answer is a site that allows everything, and answers every page with a status.
func answer(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(status)
	}
}

// gaps are the times between the requests of a site.
func (w *web) gaps() []time.Duration {
	requests := w.requests()
	var out []time.Duration
	for i := range requests[1:] {
		out = append(out, requests[i+1].time.Sub(requests[i].time))
	}
	return out
}

func publish(t *testing.T, js jetstream.JetStream, payload string) {
	t.Helper()
	if _, err := js.Publish(t.Context(), subject.URLs, []byte(payload)); err != nil {
		t.Fatal(err)
	}
}

// request publishes a request as protobuf.
func send(t *testing.T, js jetstream.JetStream, r *datelinev1.FetchRequest) {
	t.Helper()
	data, err := proto.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	msg := nats.NewMsg(subject.URLs)
	msg.Header.Set("Content-Type", "application/protobuf")
	msg.Data = data
	if _, err := js.PublishMsg(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
}

// ended waits until a stage has n outcomes and nothing waits, and returns them.
func ended(t *testing.T, js jetstream.JetStream, stage datelinev1.Stage, n int) []*datelinev1.Outcome {
	t.Helper()
	var last []*datelinev1.Outcome
	natstest.Eventually(t, subject.StageName(stage)+": every input has ended", func() bool {
		if natstest.Count(t, js, subject.StreamURLs) > 0 || natstest.Count(t, js, subject.StreamFrontier) > 0 {
			return false
		}
		last = outcomes(t, js, stage)
		return len(last) >= n
	})
	if len(last) != n {
		t.Fatalf("%s: %d outcomes, want %d", subject.StageName(stage), len(last), n)
	}
	return last
}

func outcomes(t *testing.T, js jetstream.JetStream, stage datelinev1.Stage) []*datelinev1.Outcome {
	t.Helper()
	var all []*datelinev1.Outcome
	for _, msg := range natstest.Messages(t, js, subject.StreamOutcomes) {
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data, o); err != nil {
			t.Fatal(err)
		}
		if o.Stage == stage {
			all = append(all, o)
		}
	}
	return all
}

func pages(t *testing.T, js jetstream.JetStream) []*datelinev1.Page {
	t.Helper()
	var all []*datelinev1.Page
	for _, msg := range natstest.Messages(t, js, subject.StreamPages) {
		p := &datelinev1.Page{}
		if err := proto.Unmarshal(msg.Data, p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func big(n int) string { return string(bytes.Repeat([]byte("a b c d "), n/8)) }
