package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

const (
	// soakReports is the number of reports during a soak test.
	soakReports = 8
	// queuedPerHost is the number of URLs per host that are kept in the frontier.
	queuedPerHost = 10
)

// soak runs a fetcher on misbehaving hosts for a while and reports its resources. A
// resource that keeps growing is a leak.
func soak(s contender.Settings) error {
	web, err := start(roleWeb, s)
	if err != nil {
		return err
	}
	defer web.stop()
	server, err := start(roleNATS, s)
	if err != nil {
		return err
	}
	defer server.stop()
	s.Web, s.NATS = web.address, server.address
	nc, js, err := connect(s)
	if err != nil {
		return err
	}
	defer nc.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := topology.Reconcile(ctx, js, topology.Limits{}); err != nil {
		return err
	}
	marks, err := seen.Open(ctx, js)
	if err != nil {
		return err
	}
	f, err := fetcher.New(ctx, newEnv(nc, js, slog.New(slog.DiscardHandler)), soakConfig(s))
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- f.Run(running) }()

	out := tabwriter.NewWriter(os.Stdout, 8, 0, 2, ' ', 0)
	fmt.Fprintln(out, "after\tURLs ended\tgoroutines\tdescriptors\theap MB\tresident MB")
	began := time.Now()
	admitted, err := keepBusy(ctx, js, marks, s, func(done int) { reportResources(out, began, done) })
	if err != nil {
		return err
	}
	stop()
	if err := <-ended; err != nil {
		return err
	}
	waiting, err := messages(ctx, js, subject.StreamFrontier)
	reportResources(out, began, admitted-waiting)
	out.Flush()
	return err
}

// soakConfig has short timeouts and few retries, so that bad hosts end quickly.
func soakConfig(s contender.Settings) fetcher.Config {
	config := benchConfig()
	config.Delay, config.MaxInFlight = 20*time.Millisecond, s.InFlight
	config.HeaderTimeout, config.IdleBodyTimeout = 500*time.Millisecond, 500*time.Millisecond
	config.TotalTimeout = time.Second
	config.RetryDelay, config.BreakerRest, config.MaxAttempts = 200*time.Millisecond, 300*time.Millisecond, 3
	config.MaxBodyBytes = 1 << 20
	return config
}

// keepBusy keeps the frontier filled for the duration of the soak test. It regularly
// calls report with the number of URLs that have ended, and returns the number of
// admitted URLs.
func keepBusy(
	ctx context.Context, js jetstream.JetStream, marks *seen.Marks, s contender.Settings, report func(done int),
) (admitted int, err error) {
	began, next := time.Now(), time.Now()
	for time.Since(began) < s.Soak {
		waiting, err := messages(ctx, js, subject.StreamFrontier)
		if err != nil {
			return admitted, err
		}
		if batch := queuedPerHost * s.Hosts; waiting < batch {
			urls := make([]string, batch)
			for i := range urls {
				urls[i] = s.URL(admitted + i)
			}
			admitted += batch
			if err := admit(ctx, js, marks, urls); err != nil {
				return admitted, err
			}
		}
		if time.Now().After(next) {
			next = next.Add(s.Soak / soakReports)
			report(admitted - waiting)
			// Nobody consumes the pages, which would fill the disk.
			if stream, err := js.Stream(ctx, subject.StreamPages); err == nil {
				_ = stream.Purge(ctx)
			}
		}
		time.Sleep(pollInterval)
	}
	return admitted, nil
}

// reportResources prints a line with the resources of this process.
func reportResources(out *tabwriter.Writer, began time.Time, done int) {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	descriptors, _ := os.ReadDir("/proc/self/fd")
	fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%.1f\t%.0f\n", time.Since(began).Round(time.Second), done,
		runtime.NumGoroutine(), len(descriptors),
		float64(stats.HeapAlloc)/1e6, float64(contender.Resident("VmRSS"))/1e6)
}
