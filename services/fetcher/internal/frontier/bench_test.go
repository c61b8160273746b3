package frontier

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
)

// BenchmarkFrontier starts with a small and a large queue, and visits some URLs. It
// measures the time until all hosts are known, the memory per host and in the server per URL, and
// the CPU time per visit.
func BenchmarkFrontier(b *testing.B) {
	for _, size := range []struct{ urls, hosts int }{{10_000, 500}, {1_000_000, 50_000}} {
		b.Run(fmt.Sprintf("%d URLs on %d hosts", size.urls, size.hosts), func(b *testing.B) {
			before, resident := heapBytes(), contender.Resident("VmRSS")
			nc, js := fill(b, size.urls, size.hosts)
			waiting := float64(heapBytes()-before) / float64(size.urls)
			peakRSS := float64(contender.Resident("VmHWM")-resident) / float64(size.urls)
			for b.Loop() {
				measure(b, nc, js, size.hosts)
			}
			b.ReportMetric(waiting, "B-of-NATS/URL")
			b.ReportMetric(peakRSS, "peak-resident-B-of-NATS/URL")
		})
	}
}

// fill starts a server with a frontier of URLs.
func fill(b *testing.B, urls, hosts int) (*nats.Conn, jetstream.JetStream) {
	b.Helper()
	server, err := natsembed.Start(natsembed.Config{Dir: b.TempDir(), Addr: "127.0.0.1:0", Relaxed: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	nc, err := nats.Connect(server.ClientURL())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(10_000))
	if err != nil {
		b.Fatal(err)
	}
	if err := topology.Reconcile(b.Context(), js, topology.Limits{}); err != nil {
		b.Fatal(err)
	}
	for i := range urls {
		url := fmt.Sprintf("https://site%d.example/news/2026/11/25/a-headline-of-the-usual-length-%d", i%hosts, i)
		entry := &datelinev1.FrontierEntry{Url: url, Request: &datelinev1.FetchRequest{Url: url, RequestId: fmt.Sprint(i)}}
		name, err := subjectOf(entry)
		if err != nil {
			b.Fatal(err)
		}
		msg, err := message(name, entry)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := js.PublishMsgAsync(msg); err != nil {
			b.Fatal(err)
		}
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(5 * time.Minute):
		b.Fatal("filling the queue takes too long")
	}
	return nc, js
}

func heapBytes() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// counter is a visitor whose visits wait until open is closed.
type counter struct {
	open   chan struct{}
	began  chan struct{} // receives a value when a visit begins, unless it is nil or full
	visits atomic.Int64
}

func (c *counter) Visit(ctx context.Context, _ *Entry) (Decision, error) {
	signal(c.began)
	select {
	case <-c.open:
		c.visits.Add(1)
		return Decision{Pause: 100 * time.Millisecond}, nil
	case <-ctx.Done():
		return Decision{}, ctx.Err()
	}
}

func (c *counter) Refuse(context.Context, *Entry, error) error { return nil }

// measure runs one replica until it has visited enough URLs.
func measure(b *testing.B, nc *nats.Conn, js jetstream.JetStream, hosts int) {
	b.Helper()
	cpu := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	before, began := heapBytes(), time.Now()
	visitor := &counter{open: make(chan struct{})}
	f, err := New(b.Context(), nc, js, Config{
		Replica: "bench", MaxInFlight: 64, Quiet: time.Millisecond, MaxRetryWait: time.Hour,
		DrainTimeout: time.Second, Visitor: visitor,
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	known := func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.hosts)
	}
	for known() < hosts {
		time.Sleep(10 * time.Millisecond)
		if time.Since(began) > time.Minute {
			b.Fatalf("%d of %d hosts are known after a minute", known(), hosts)
		}
	}
	b.ReportMetric(time.Since(began).Seconds(), "s-to-know-all-hosts")
	b.ReportMetric(float64(heapBytes()-before)/float64(hosts), "B/host")
	const visits = 4000
	from := cpu()
	close(visitor.open)
	for visitor.visits.Load() < visits {
		time.Sleep(time.Millisecond)
	}
	b.ReportMetric(float64((cpu()-from).Microseconds())/float64(visitor.visits.Load()), "cpu-us/visit")
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}
