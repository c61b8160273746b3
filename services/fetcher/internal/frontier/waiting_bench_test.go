package frontier

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/topology"
)

const (
	// settling is longer than the server remembers message ids and states of subjects.
	settling = 150 * time.Second
	// restMax is the longest rest of a host after a visit.
	restMax = 2 * time.Second
)

// BenchmarkWaiting measures the memory of a server in which URLs wait: after they have arrived,
// after a time without work, and while hosts are visited in random order and get new URLs. Then it
// kills the server, and later stops it, and measures how long it takes until the first visit.
//
// DATELINE_WAITING is the number of URLs, and DATELINE_STEADY the time of the visits.
func BenchmarkWaiting(b *testing.B) {
	urls, steady := 100_000, 10*time.Second
	if text := os.Getenv("DATELINE_WAITING"); text != "" {
		var err error
		if urls, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	if text := os.Getenv("DATELINE_STEADY"); text != "" {
		var err error
		if steady, err = time.ParseDuration(text); err != nil {
			b.Fatal(err)
		}
	}
	for _, order := range []string{"mixed", "by host"} {
		b.Run(order, func(b *testing.B) {
			for b.Loop() {
				measureWaiting(b, &backlog{b: b, dir: b.TempDir(), urls: urls, byHost: order == "by host"}, steady)
			}
		})
	}
}

func measureWaiting(b *testing.B, w *backlog, steady time.Duration) {
	b.Helper()
	w.start()
	w.declare()
	w.empty, w.emptyRSS = w.server.heap(""), w.server.status("VmRSS")
	w.nc.Close()
	w.server.end(syscall.SIGTERM)
	w.dir = w.folder()
	began := time.Now()
	w.start()
	w.report("s-to-ready", time.Since(began).Seconds())
	w.declare()
	w.memory("ready")
	info, err := w.stream().Info(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	w.report("B-message", float64(info.State.Bytes)/float64(info.State.Msgs))
	if steady > settling {
		time.Sleep(settling)
	}
	w.memory("idle")
	w.visit(steady)
	w.memory("after")
	w.restart("killed", syscall.SIGKILL)
	w.restart("stopped", syscall.SIGTERM)
}

// backlog is a server with URLs that wait.
type backlog struct {
	b               *testing.B
	dir             string
	urls            int
	byHost          bool
	server          *serverProcess
	nc              *nats.Conn
	js              jetstream.JetStream
	empty, emptyRSS int64
}

// folder returns a folder with the URLs. It is kept in the folder that DATELINE_STORE names, if any.
func (w *backlog) folder() string {
	dir := filepath.Join(w.b.TempDir(), "filled")
	if kept := os.Getenv("DATELINE_STORE"); kept != "" {
		dir = filepath.Join(kept, fmt.Sprintf("%d-%t", w.urls, w.byHost))
	}
	if _, err := os.Stat(dir); err != nil {
		began := time.Now()
		fillStore(w.b, dir, w.urls, w.byHost)
		w.report("s-to-fill", time.Since(began).Seconds())
	}
	return dir
}

func (w *backlog) declare() {
	if err := topology.Reconcile(w.b.Context(), w.js, topology.Limits{FrontierBytes: 64 << 30}); err != nil {
		w.b.Fatal(err)
	}
}

func (w *backlog) report(unit string, value float64) {
	w.b.Logf("%s: %.4g", unit, value)
	fmt.Fprintf(os.Stderr, "%s %s: %.4g\n", time.Now().Format(time.TimeOnly), unit, value)
	w.b.ReportMetric(value, unit)
}

func (w *backlog) perURL(bytes int64) float64 { return float64(bytes) / float64(w.urls) }

// memory reports the memory per URL.
func (w *backlog) memory(when string) {
	w.report("B-resident-"+when, w.perURL(w.server.status("VmRSS")-w.emptyRSS))
	var profile string
	if dir := os.Getenv("DATELINE_PROFILES"); dir != "" {
		profile = fmt.Sprintf("%s/%s-%t.pprof", dir, when, w.byHost)
	}
	w.report("B-heap-"+when, w.perURL(w.server.heap(profile)-w.empty))
}

// start starts a server and connects to it.
func (w *backlog) start() {
	w.server = startServer(w.b, w.dir)
	var err error
	if w.nc, err = nats.Connect(w.server.url, nats.MaxReconnects(-1)); err != nil {
		w.b.Fatal(err)
	}
	w.b.Cleanup(w.nc.Close)
	if w.js, err = jetstream.New(w.nc, jetstream.WithPublishAsyncMaxPending(5000)); err != nil {
		w.b.Fatal(err)
	}
}

func (w *backlog) stream() jetstream.Stream {
	stream, err := w.js.Stream(w.b.Context(), "FRONTIER")
	if err != nil {
		w.b.Fatal(err)
	}
	return stream
}

// replicaOf runs a replica until stop.
func (w *backlog) replicaOf(visitor Visitor) (f *Frontier, stop func()) {
	f, err := New(w.b.Context(), w.nc, w.js, Config{
		Replica: "bench", MaxInFlight: 64, Quiet: time.Millisecond, MaxRetryWait: time.Hour,
		DrainTimeout: time.Second, Visitor: visitor,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Now: time.Now, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		w.b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.b.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	return f, func() {
		cancel()
		if err := <-ended; err != nil {
			w.b.Error(err)
		}
	}
}

// refiller is a visitor that finishes each entry, lets its host rest for a random time, and has a
// URL of a random host added.
type refiller struct {
	refill chan struct{}
	visits atomic.Int64
}

func (r *refiller) Visit(ctx context.Context, _ *Entry) (Decision, error) {
	select {
	case r.refill <- struct{}{}:
	case <-ctx.Done():
		return Decision{}, ctx.Err()
	}
	r.visits.Add(1)
	return Decision{Pause: rand.N(restMax)}, nil
}

func (r *refiller) Refuse(context.Context, *Entry, error) error { return nil }

// visit visits hosts in random order for a time, and refills their queues.
func (w *backlog) visit(steady time.Duration) {
	visitor := &refiller{refill: make(chan struct{})}
	var publishing sync.WaitGroup
	defer publishing.Wait()
	defer close(visitor.refill)
	var added atomic.Int64
	for range 16 {
		publishing.Go(func() {
			for range visitor.refill {
				i := w.urls + int(added.Add(1))
				entry := waitingEntry(rand.IntN(w.urls/perHost), i)
				if err := Publish(context.Background(), w.js, fmt.Sprint(i), entry); err != nil {
					w.b.Error(err)
				}
			}
		})
	}
	cpu, began := w.cpu(), time.Now()
	w.server.resetPeak()
	_, stop := w.replicaOf(visitor)
	for time.Since(began) < steady {
		time.Sleep(min(steady, 20*time.Second))
		fmt.Fprintf(os.Stderr, "%s visits %d resident %d MB\n", time.Now().Format(time.TimeOnly), visitor.visits.Load(),
			w.server.status("VmRSS")>>20)
	}
	visits := float64(visitor.visits.Load())
	stop()
	w.report("visits/s", visits/time.Since(began).Seconds())
	w.report("cpu-us/visit", float64((w.cpu()-cpu).Microseconds())/visits)
	w.report("B-peak-visiting", w.perURL(w.server.status("VmHWM")-w.emptyRSS))
}

// cpu returns the processor time of the server.
func (w *backlog) cpu() time.Duration { return w.server.cpu() }

// restart ends the server and reports how long it takes until it is ready, until the first visit, and until all
// hosts are known.
func (w *backlog) restart(how string, sig syscall.Signal) {
	w.nc.Close()
	began := time.Now()
	w.server.end(sig)
	w.report("s-to-end-"+how, time.Since(began).Seconds())
	began = time.Now()
	w.start()
	w.report("s-to-ready-"+how, time.Since(began).Seconds())
	w.report("cpu-s-to-ready-"+how, w.cpu().Seconds())
	visitor := &counter{open: make(chan struct{}), began: make(chan struct{}, 1)}
	f, stop := w.replicaOf(visitor)
	<-visitor.began
	w.report("s-to-first-visit-"+how, time.Since(began).Seconds())
	info, err := w.stream().Info(w.b.Context())
	if err != nil {
		w.b.Fatal(err)
	}
	last := 0
	for settled := time.Now(); time.Since(settled) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
		f.mu.Lock()
		known := len(f.hosts)
		f.mu.Unlock()
		if known == int(info.State.NumSubjects) {
			break
		}
		if known != last {
			last, settled = known, time.Now()
		}
	}
	w.report("s-to-know-all-hosts-"+how, time.Since(began).Seconds())
	stop()
	w.report("B-peak-"+how, w.perURL(w.server.status("VmHWM")-w.emptyRSS))
	w.memory(how)
}
