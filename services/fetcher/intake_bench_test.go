package fetcher

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/natsembed"
	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// BenchmarkIntake measures how many URLs per second are admitted, with every write
// synced to disk, and how many messages per second are published one after another in
// the same way.
func BenchmarkIntake(b *testing.B) {
	const urls, published, hosts = 10_000, 1_000, 5
	server, err := natsembed.Start(natsembed.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	nc, js := natstest.Connect(b, server)
	natstest.Reconcile(b, js, topology.Limits{})
	marks, err := seen.Open(b.Context(), js)
	if err != nil {
		b.Fatal(err)
	}
	config := DefaultConfig()
	var publishing, admitting time.Duration
	for round := 0; b.Loop(); round++ {
		url := func(i int) []byte { return fmt.Appendf(nil, "https://host-%d.example/%d/%d", i%hosts, round, i) }
		start := time.Now()
		for i := range published {
			if _, err := js.Publish(b.Context(), subject.URLs, url(i)); err != nil {
				b.Fatal(err)
			}
		}
		publishing += time.Since(start)
		for i := published; i < urls; i++ {
			if err := nc.Publish(subject.URLs, url(i)); err != nil {
				b.Fatal(err)
			}
		}
		natstest.Eventually(b, "all URLs are stored", func() bool {
			return natstest.Count(b, js, subject.StreamURLs) == urls
		})

		env := Env{NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)}
		admission, err := newIntake(b.Context(), env, config, marks)
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error, 1)
		start = time.Now()
		go func() { ended <- admission.Run(ctx) }()
		natstest.Eventually(b, "all URLs are admitted", func() bool {
			return natstest.Count(b, js, subject.StreamURLs) == 0
		})
		admitting += time.Since(start)
		cancel()
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
		if n := natstest.Count(b, js, subject.StreamFrontier); n != (round+1)*urls {
			b.Fatalf("%d URLs are in the frontier, want %d", n, (round+1)*urls)
		}
	}
	rounds := float64(b.N)
	b.ReportMetric(rounds*urls/admitting.Seconds(), "URLs/s")
	b.ReportMetric(rounds*published/publishing.Seconds(), "publishes/s")
	b.ReportMetric(0, "ns/op")
}
