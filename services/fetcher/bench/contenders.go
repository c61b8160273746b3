package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gocolly/colly/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/fetcher/internal/frontier"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

const userAgent = "Bench/1.0 (+https://example.com/bot)"

// pool has a number of workers fetch all pages.
func pool(s settings, fetch func(url string) error) (figures, error) {
	w := begin()
	var next, failed atomic.Int64
	var last atomic.Value
	var workers sync.WaitGroup
	for range s.InFlight {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(s.Pages); i = next.Add(1) - 1 {
				if err := fetch(s.url(int(i))); err != nil {
					failed.Add(1)
					last.Store(err)
				}
			}
		})
	}
	workers.Wait()
	f := w.end(s.Pages)
	if n := failed.Load(); n > 0 {
		return f, fmt.Errorf("%d pages failed, the last: %w", n, last.Load().(error))
	}
	return f, nil
}

func transport(s settings) (*http.Transport, error) {
	trusted, err := authorities(s)
	return &http.Transport{
		DisableCompression: true, MaxIdleConns: 10_000, MaxIdleConnsPerHost: 2,
		TLSClientConfig: &tls.Config{RootCAs: trusted, ClientSessionCache: tls.NewLRUClientSessionCache(10_000)},
	}, err
}

// bare is net/http with nothing around it. It does not decode.
func bare(s settings) (figures, error) {
	t, err := transport(s)
	if err != nil {
		return figures{}, err
	}
	client := &http.Client{Transport: t}
	return pool(s, func(url string) error {
		r, err := client.Get(url)
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if n, err := io.Copy(io.Discard, r.Body); err != nil || n < 10_000 || r.StatusCode != 200 {
			return fmt.Errorf("%s: %d bytes, status %d, %v", url, n, r.StatusCode, err)
		}
		return nil
	})
}

// get is the fetcher's HTTP path alone.
func get(s settings) (figures, error) {
	trusted, err := authorities(s)
	if err != nil {
		return figures{}, err
	}
	client, err := httpget.New(httpget.Config{UserAgent: userAgent, AllowPrivate: true, MaxIdleConns: 10_000, RootCAs: trusted})
	if err != nil {
		return figures{}, err
	}
	defer client.Close()
	return pool(s, func(url string) error {
		r, err := client.Get(context.Background(), httpget.Request{URL: url})
		if err != nil {
			return err
		}
		defer r.Release()
		if len(r.Body) < 10_000 || r.Status != 200 {
			return fmt.Errorf("%s: %d bytes, status %d", url, len(r.Body), r.Status)
		}
		return nil
	})
}

// crawl is colly as its documentation shows it, asynchronous, decoding as it does
// by default.
func crawl(s settings) (figures, error) {
	c := colly.NewCollector(colly.Async(true), colly.UserAgent(userAgent))
	t, err := transport(s)
	if err != nil {
		return figures{}, err
	}
	t.DisableCompression = false
	c.WithTransport(t)
	if err := c.Limit(&colly.LimitRule{DomainGlob: "*", Parallelism: s.InFlight}); err != nil {
		return figures{}, err
	}
	var done, failed atomic.Int64
	c.OnResponse(func(r *colly.Response) {
		if len(r.Body) > 10_000 {
			done.Add(1)
		}
	})
	c.OnError(func(*colly.Response, error) { failed.Add(1) })
	w := begin()
	for i := range s.Pages {
		if err := c.Visit(s.url(i)); err != nil {
			return figures{}, err
		}
	}
	c.Wait()
	if int(done.Load()) != s.Pages {
		return figures{}, fmt.Errorf("%d of %d pages, %d failed", done.Load(), s.Pages, failed.Load())
	}
	return w.end(s.Pages), nil
}

// whole is the fetcher from the frontier to the acknowledged page: robots.txt of
// each host, pace, turns, publishing, outcomes.
func whole(s settings) (figures, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	address, pid, _ := strings.Cut(s.NATS, "#")
	nc, err := nats.Connect(address)
	if err != nil {
		return figures{}, err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return figures{}, err
	}
	if err := topology.Reconcile(ctx, js, topology.Limits{}); err != nil {
		return figures{}, err
	}
	config := fetcher.DefaultConfig()
	config.UserAgent, config.AllowPrivate = userAgent, true
	config.Delay, config.DelayFactor, config.MaxInFlight = time.Millisecond, 0, s.InFlight
	warnings := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	f, err := fetcher.New(ctx, fetcher.Env{NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: warnings}, config)
	if err != nil {
		return figures{}, err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- f.Run(running) }()
	// The frontier's partitions are taken, and the queue is new to nobody else.
	time.Sleep(7 * time.Second)
	w, natsBefore := begin(), processCPU(pid)
	filling := command("fill", s)
	if err := filling.Start(); err != nil {
		stop()
		return figures{}, err
	}
	defer filling.Wait()
	pages := 0
	for pages < s.Pages {
		select {
		case err := <-ended:
			stop()
			return figures{}, fmt.Errorf("the fetcher ended: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
		info, err := js.Stream(ctx, subject.StreamPages)
		if err != nil {
			stop()
			return figures{}, err
		}
		pages = int(info.CachedInfo().State.Msgs)
	}
	result := w.end(pages)
	result.Servers = processCPU(pid) - natsBefore
	stop()
	return result, <-ended
}

// fill admits all URLs as intake would, in a process of its own.
func fill(s settings) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	address, _, _ := strings.Cut(s.NATS, "#")
	nc, err := nats.Connect(address)
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	marks, err := seen.Open(ctx, js)
	if err != nil {
		return err
	}
	urls := make([]string, s.Pages)
	for i := range urls {
		urls[i] = s.url(i)
	}
	return admit(ctx, js, marks, urls)
}

// admit puts URLs into the frontier, as intake would.
func admit(ctx context.Context, js jetstream.JetStream, marks *seen.Marks, urls []string) error {
	workers, ctx := errgroup.WithContext(ctx)
	for part := range 64 {
		workers.Go(func() error {
			for i := part; i < len(urls); i += 64 {
				url, err := weburl.Parse(urls[i])
				if err != nil {
					return err
				}
				id := url.ID()
				mark, _, err := marks.Claim(ctx, id, seen.Mark{Request: id, Input: id, Time: time.Now()}, false)
				if err != nil {
					return err
				}
				entry := &datelinev1.FrontierEntry{
					Url: url.String(), Request: &datelinev1.FetchRequest{Url: url.String(), RequestId: id},
					AdmitTime: timestamppb.New(mark.Time), Mark: mark.Proto(),
				}
				if err := frontier.Publish(ctx, js, id, entry); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return workers.Wait()
}

// processCPU is the CPU time of another process (proc(5), stat, fields 14 and 15,
// in hundredths of a second); 0 where it cannot be had.
func processCPU(pid string) time.Duration {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var user, system int64
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond
}
