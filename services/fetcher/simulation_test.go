package fetcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server/ats"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/proto"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

// simulatedVariable says how long the simulation lasts by its own clock.
const simulatedVariable = "DATELINE_SIMULATED"

// simDelay is the pause of the simulated fetcher.
const simDelay = 30 * time.Second

// TestSimulatedTime runs the whole fetcher, with a NATS server, on a web of sites
// with hostile habits, by a clock that jumps from event to event: two hours in
// CI, as long as DATELINE_SIMULATED says otherwise.
// ownProcess says that a process is there for the simulation alone.
const ownProcess = "DATELINE_SIMULATION_PROCESS"

func TestSimulatedTime(t *testing.T) {
	// The NATS client keeps timers in a pool of the process, and one that was made
	// in simulated time must not be met by what an earlier test left to end.
	if os.Getenv(ownProcess) == "" {
		simulation := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSimulatedTime$", "-test.v")
		simulation.Env = append(os.Environ(), ownProcess+"=1")
		report, err := simulation.CombinedOutput()
		t.Logf("%s", report)
		if err != nil {
			t.Fatalf("the simulation: %v", err)
		}
		return
	}
	length := 2 * time.Hour
	if text := os.Getenv(simulatedVariable); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	// The server's clock for caches is global: it stays outside.
	ats.Register()
	defer ats.Unregister()
	synctest.Test(t, func(t *testing.T) { simulate(t, length) })
}

func simulate(t *testing.T, length time.Duration) {
	server, err := natsembed.Start(natsembed.Config{Dir: t.TempDir(), Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	nc, err := nats.Connect("", nats.InProcessServer(server))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := topology.Reconcile(t.Context(), js, topology.Limits{Freshness: time.Hour}); err != nil {
		t.Fatal(err)
	}
	// Longer leases: what renewing them costs is not what is simulated.
	if _, err := js.UpdateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: subject.BucketLeases, TTL: 10 * time.Minute, Storage: jetstream.FileStorage}); err != nil {
		t.Fatal(err)
	}
	web := newSimulatedWeb()
	defer web.close()
	config := DefaultConfig()
	config.UserAgent, config.AllowPrivate, config.Delay = "TestNews/1.0 (+https://example.com/bot)", true, simDelay
	config.RetryDelay, config.BreakerRest, config.MaxBodyBytes, config.MaxWait = time.Minute, 10*time.Minute, 100_000, 6*time.Hour
	config.MaxAttempts = 2
	client, err := httpget.New(httpget.Config{
		UserAgent: config.UserAgent, AllowPrivate: true, Dial: web.dial, MaxBodyBytes: config.MaxBodyBytes,
		HeaderTimeout: config.HeaderTimeout, IdleBodyTimeout: config.IdleBodyTimeout, TotalTimeout: config.TotalTimeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	env := Env{NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)}
	f, err := newWith(t.Context(), env, config, client)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()

	published := 0
	var early, late held
	tallies := map[string]int{}
	for at := time.Duration(0); at < length; at += time.Minute {
		for i := range web.sites {
			url := fmt.Sprintf("http://%s/%d", web.sites[i].host, pathOf(int(at/time.Minute)))
			if _, err := js.Publish(t.Context(), subject.URLs, []byte(url)); err != nil {
				t.Fatal(err)
			}
			published++
		}
		time.Sleep(time.Minute)
		if at == length/4 {
			early = holding()
		}
		if at%(10*time.Minute) == 0 {
			drain(t, js, tallies)
		}
	}
	late = holding()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	drain(t, js, tallies)
	t.Logf("%s by the clock: %d URLs published, %d requests, outcomes %v", length, published, web.requests(), tallies)
	t.Logf("after a quarter %+v, at the end %+v", early, late)

	if late.goroutines > early.goroutines*3/2+50 || late.descriptors > early.descriptors+20 || late.heap > 2*early.heap+(16<<20) {
		t.Errorf("something leaks: after a quarter %+v, at the end %+v", early, late)
	}
	for _, reason := range []string{"intake produced", "intake duplicate seen", "fetch produced", "fetch produced truncated", "fetch unchanged not_modified",
		"fetch rejected robots_denied", "fetch rejected too_many_redirects", "fetch dead timeout", "fetch dead reset"} {
		if tallies[reason] == 0 {
			t.Errorf("nothing ended as %q", reason)
		}
	}
	waiting := messagesIn(t, js, subject.StreamFrontier)
	done := 0
	for reason, n := range tallies {
		if strings.HasPrefix(reason, "fetch ") {
			done += n
		}
	}
	if admitted := tallies["intake produced"]; admitted != done+waiting {
		t.Errorf("%d URLs were admitted, %d ended and %d wait", admitted, done, waiting)
	}
	for _, s := range web.sites {
		if s.early > 0 {
			t.Errorf("%s (%s) was asked %d times too early, at the least %s after the request before", s.host, s.habit, s.early, s.least)
		}
		if s.asked == 0 {
			t.Errorf("%s (%s) was never asked", s.host, s.habit)
		}
	}
}

// pathOf is what is asked for in a minute: one in five was asked for the minute
// before, and one in five so long ago that it counts as unseen.
func pathOf(minute int) int {
	switch {
	case minute%5 == 1:
		return pathOf(minute - 1)
	case minute%5 == 2 && minute >= 75:
		return pathOf(minute - 75)
	}
	return minute
}

// held is what a process holds.
type held struct {
	goroutines, descriptors int
	heap                    uint64
}

func holding() held {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	descriptors, _ := os.ReadDir("/proc/self/fd")
	return held{runtime.NumGoroutine(), len(descriptors), stats.HeapAlloc}
}

func messagesIn(t *testing.T, js jetstream.JetStream, name string) int {
	t.Helper()
	stream, err := js.Stream(context.WithoutCancel(t.Context()), name)
	if err != nil {
		t.Fatal(err)
	}
	return int(stream.CachedInfo().State.Msgs)
}

// drain counts the outcomes and empties the streams, as the stages behind would.
func drain(t *testing.T, js jetstream.JetStream, tallies map[string]int) {
	t.Helper()
	stream, err := js.Stream(t.Context(), subject.StreamOutcomes)
	if err != nil {
		t.Fatal(err)
	}
	state := stream.CachedInfo().State
	for seq := state.FirstSeq; seq <= state.LastSeq; seq++ {
		msg, err := stream.GetMsg(t.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		o := &datelinev1.Outcome{}
		if err := proto.Unmarshal(msg.Data, o); err != nil {
			t.Fatal(err)
		}
		tallies[strings.TrimSpace(subject.StageName(o.GetStage())+" "+subject.VerdictName(o.GetVerdict())+" "+o.GetReason())]++
	}
	if err := stream.Purge(t.Context(), jetstream.WithPurgeSequence(state.LastSeq+1)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{subject.StreamPages, subject.StreamDead} {
		stream, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// simulatedWeb is sites without a network.
type simulatedWeb struct {
	sites  []*simulatedSite
	byHost map[string]*simulatedSite
}

type simulatedSite struct {
	host, habit string
	crawlDelay  time.Duration // that its robots.txt asks for
	handle      func(w http.ResponseWriter, r *http.Request)
	server      *http.Server
	connections chan net.Conn
	closed      chan struct{}

	mu    sync.Mutex
	asked int
	busy  int
	ended time.Time
	until time.Time // it has asked for patience
	// afterPage says that the last request was for a page.
	afterPage bool
	early     int
	least     time.Duration
}

func newSimulatedWeb() *simulatedWeb {
	w := &simulatedWeb{byHost: map[string]*simulatedSite{}}
	began := time.Now()
	page := func(out http.ResponseWriter) {
		out.Header().Set("Content-Type", "text/html")
		io.WriteString(out, "<!doctype html><p>"+strings.Repeat("news ", 200))
	}
	sleep := func(r *http.Request, d time.Duration) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
	}
	add := func(habit string, robots string, handle func(s *simulatedSite, out http.ResponseWriter, r *http.Request)) *simulatedSite {
		s := &simulatedSite{host: fmt.Sprintf("10.0.0.%d", len(w.sites)+1), habit: habit, least: time.Hour, connections: make(chan net.Conn), closed: make(chan struct{})}
		s.handle = func(out http.ResponseWriter, r *http.Request) {
			s.begin(r.URL.Path != "/robots.txt")
			defer s.end()
			if r.URL.Path == "/robots.txt" && robots != "own" {
				io.WriteString(out, robots)
				return
			}
			handle(s, out, r)
		}
		s.server = &http.Server{Handler: http.HandlerFunc(s.handle), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
		go s.server.Serve(s)
		w.sites = append(w.sites, s)
		w.byHost[s.host] = s
		return s
	}
	add("healthy", "", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) { sleep(r, time.Second); page(out) })
	add("slow", "", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) { sleep(r, 15*time.Second); page(out) })
	add("silent", "", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) { sleep(r, time.Hour) })
	add("drips", "", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "text/html")
		for range 1000 {
			if _, err := io.WriteString(out, "<p>"); err != nil {
				return
			}
			out.(http.Flusher).Flush()
			sleep(r, 5*time.Second)
		}
	})
	add("breaks off", "", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Length", "5000")
		page(out)
		out.(http.Flusher).Flush() // else the client may take it for a kept connection that died
		panic(http.ErrAbortHandler)
	})
	add("endless", "", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "text/html")
		for {
			if _, err := io.WriteString(out, strings.Repeat("endless ", 1000)); err != nil {
				return
			}
		}
	})
	add("down for hours", "", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) {
		if time.Since(began)%(2*time.Hour) < 70*time.Minute {
			out.WriteHeader(http.StatusBadGateway)
			return
		}
		page(out)
	})
	add("asks for patience", "", func(s *simulatedSite, out http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.asked%10 == 0 {
			out.Header().Set("Retry-After", "600")
			out.WriteHeader(http.StatusTooManyRequests)
			s.until = time.Now().Add(600 * time.Second)
			return
		}
		page(out)
	})
	add("redirects for ever", "", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) {
		http.Redirect(out, r, r.URL.Path+"x", http.StatusFound)
	})
	add("does not change", "", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) {
		out.Header().Set("ETag", `"always"`)
		if r.Header.Get("If-None-Match") == `"always"` {
			out.WriteHeader(http.StatusNotModified)
			return
		}
		page(out)
	})
	add("allows nothing", "User-agent: *\nDisallow: /\n", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) { page(out) })
	add("crawl delay", "User-agent: *\nCrawl-delay: 55\n", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) { page(out) }).crawlDelay = 55 * time.Second
	add("no robots.txt to be had", "own", func(_ *simulatedSite, out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" && time.Since(began)%(3*time.Hour) < time.Hour {
			out.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		page(out)
	})
	return w
}

// begin notes a request that came too early: within the fetcher's delay, between
// two pages within the site's crawl delay, or before the site wanted one.
func (s *simulatedSite) begin(page bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	s.busy++
	pause := simDelay
	if page && s.afterPage {
		pause = max(pause, s.crawlDelay)
	}
	s.afterPage = page
	if gap := time.Since(s.ended); s.asked > 1 {
		s.least = min(s.least, gap)
		if s.busy > 1 || gap < pause || time.Now().Before(s.until) {
			s.early++
		}
	}
}

func (s *simulatedSite) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	s.ended = time.Now()
}

// Accept, Close and Addr make it a net.Listener.
func (s *simulatedSite) Accept() (net.Conn, error) {
	select {
	case c := <-s.connections:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *simulatedSite) Close() error { return nil }

func (s *simulatedSite) Addr() net.Addr { return &net.TCPAddr{} }

func (w *simulatedWeb) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, _ := strings.Cut(address, ":")
	s := w.byHost[host]
	if s == nil {
		return nil, errors.New("no such site")
	}
	ours, theirs := net.Pipe()
	select {
	case s.connections <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *simulatedWeb) requests() (n int) {
	for _, s := range w.sites {
		n += s.asked
	}
	return n
}

func (w *simulatedWeb) close() {
	for _, s := range w.sites {
		close(s.closed)
		s.server.Close()
	}
}
