package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/fetcher/bench/contender"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
)

const (
	// wholeTimeout bounds the run of the whole fetcher.
	wholeTimeout = 10 * time.Minute
	// acquireTime is enough for a single replica to acquire all partitions.
	acquireTime = 7 * time.Second
	// pollInterval is the time between two looks at a stream.
	pollInterval = 100 * time.Millisecond
)

// pool fetches all pages with a fixed number of workers.
func pool(s contender.Settings, fetch func(url string) error) (contender.Figures, error) {
	meter := contender.StartMeter()
	var next, failed atomic.Int64
	var last atomic.Value
	var workers sync.WaitGroup
	for range s.InFlight {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(s.Pages); i = next.Add(1) - 1 {
				if err := fetch(s.URL(int(i))); err != nil {
					failed.Add(1)
					last.Store(err)
				}
			}
		})
	}
	workers.Wait()
	f := meter.Stop(s.Pages)
	if n := failed.Load(); n > 0 {
		return f, fmt.Errorf("%d pages failed, the last: %w", n, last.Load().(error))
	}
	return f, nil
}

// bare measures net/http without anything around it. It does not decode.
func bare(s contender.Settings) (contender.Figures, error) {
	transport, err := s.Transport()
	if err != nil {
		return contender.Figures{}, err
	}
	client := &http.Client{Transport: transport}
	return pool(s, func(url string) error {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		r, err := client.Do(request)
		if err != nil {
			return err
		}
		defer r.Body.Close()
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return fmt.Errorf("%s: reading body: %w", url, err)
		}
		if n < contender.MinPage || r.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %d bytes, status %d", url, n, r.StatusCode)
		}
		return nil
	})
}

// get measures only the fetcher's HTTP path.
func get(s contender.Settings) (contender.Figures, error) {
	trusted, err := s.Authorities()
	if err != nil {
		return contender.Figures{}, err
	}
	client, err := httpget.New(httpget.Config{
		UserAgent: contender.UserAgent, AllowPrivate: true, MaxIdleConns: contender.MaxIdleConns, RootCAs: trusted,
	})
	if err != nil {
		return contender.Figures{}, err
	}
	defer client.Close()
	return pool(s, func(url string) error {
		r, err := client.Get(context.Background(), httpget.Request{URL: url})
		if err != nil {
			return err
		}
		defer r.Release()
		if len(r.Body) < contender.MinPage || r.Status != http.StatusOK {
			return fmt.Errorf("%s: %d bytes, status %d", url, len(r.Body), r.Status)
		}
		return nil
	})
}

// whole measures the fetcher from the frontier to the acknowledged page: robots.txt of
// each host, pace, turns, publishing and outcomes.
func whole(s contender.Settings) (contender.Figures, error) {
	ctx, cancel := context.WithTimeout(context.Background(), wholeTimeout)
	defer cancel()
	nc, js, err := connect(s)
	if err != nil {
		return contender.Figures{}, err
	}
	defer nc.Close()
	if err := topology.Reconcile(ctx, js, topology.Limits{}); err != nil {
		return contender.Figures{}, err
	}
	config := benchConfig()
	config.Delay, config.MaxInFlight = time.Millisecond, s.InFlight
	warnings := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	f, err := fetcher.New(ctx, newEnv(nc, js, warnings), config)
	if err != nil {
		return contender.Figures{}, err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- f.Run(running) }()
	time.Sleep(acquireTime)

	meter := contender.StartMeter()
	_, pid := s.NATSServer()
	natsBefore := processCPU(pid)
	filling := command(os.Args[0], roleFill, s)
	if err := filling.Start(); err != nil {
		return contender.Figures{}, err
	}
	defer func() { _ = filling.Wait() }()
	pages, err := awaitPages(ctx, js, s.Pages, ended)
	if err != nil {
		return contender.Figures{}, err
	}
	result := meter.Stop(pages)
	result.Servers = processCPU(pid) - natsBefore
	stop()
	return result, <-ended
}

// awaitPages waits until the stream of pages has at least the wanted number of pages,
// and returns their number. It returns an error if the fetcher ends earlier.
func awaitPages(ctx context.Context, js jetstream.JetStream, want int, ended <-chan error) (int, error) {
	for {
		select {
		case err := <-ended:
			return 0, fmt.Errorf("the fetcher ended early: %w", err)
		case <-time.After(pollInterval):
		}
		pages, err := messages(ctx, js, subject.StreamPages)
		if err != nil || pages >= want {
			return pages, err
		}
	}
}
