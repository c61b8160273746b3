package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	"github.com/dateline-news/dateline/services/fetcher"
	"github.com/dateline-news/dateline/services/fetcher/internal/seen"
)

// hostile answers a request in one of the ways in which sites go wrong.
func hostile(w http.ResponseWriter, r *http.Request, body []byte) {
	header := w.Header()
	header.Set("Content-Type", "text/html")
	switch rand.IntN(12) {
	default:
		header.Set("Content-Encoding", "gzip")
		header.Set("ETag", fmt.Sprintf("%q", fmt.Sprint(rand.Int())))
		w.Write(body)
	case 1:
		w.WriteHeader(http.StatusNotFound)
	case 2:
		w.WriteHeader(http.StatusBadGateway)
	case 3:
		header.Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case 4: // broken off
		header.Set("Content-Length", "100000")
		w.Write(body[:1000])
		panic(http.ErrAbortHandler)
	case 5: // one byte again and again
		for range 40 {
			if _, err := w.Write([]byte("<")); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	case 6: // silent
		select {
		case <-r.Context().Done():
		case <-time.After(2 * time.Second):
		}
	case 7:
		header.Set("Set-Cookie", fmt.Sprintf("n=%d", rand.Int()))
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	case 8:
		header.Set("Content-Type", "video/mp4")
		w.Write(body)
	case 9:
		for i := range 2000 {
			header.Set(fmt.Sprintf("X-Flood-%d", i), strings.Repeat("x", 50))
		}
		w.Write(body)
	case 10:
		for range 300 { // 20 MB
			if _, err := io.WriteString(w, strings.Repeat("endless ", 8<<10)); err != nil {
				return
			}
		}
	}
}

// soak has one fetcher work on hosts with hostile habits for a while, and shows
// what it holds: what grows, leaks.
func soak(s settings) error {
	web, err := start("web", s)
	if err != nil {
		return err
	}
	defer web.stop()
	server, err := start("nats", s)
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
	config := fetcher.DefaultConfig()
	config.UserAgent, config.AllowPrivate = userAgent, true
	config.Delay, config.DelayFactor, config.MaxInFlight = 20*time.Millisecond, 0, s.InFlight
	config.HeaderTimeout, config.IdleBodyTimeout, config.TotalTimeout = 500*time.Millisecond, 500*time.Millisecond, time.Second
	config.RetryDelay, config.BreakerRest, config.MaxAttempts, config.MaxBodyBytes = 200*time.Millisecond, 300*time.Millisecond, 3, 1<<20
	env := fetcher.Env{NC: nc, JS: js, Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)}
	f, err := fetcher.New(ctx, env, config)
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- f.Run(running) }()
	marks, err := seen.Open(ctx, js)
	if err != nil {
		stop()
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 8, 0, 2, ' ', 0)
	fmt.Fprintln(out, "after\tURLs ended\tgoroutines\tdescriptors\theap MB\tresident MB")
	began, next, admitted := time.Now(), time.Now(), 0
	for time.Since(began) < s.Soak {
		waiting, err := messages(ctx, js, subject.StreamFrontier)
		if err != nil {
			stop()
			return err
		}
		if waiting < 10*s.Hosts {
			var urls []string
			for range 10 * s.Hosts {
				urls = append(urls, s.url(admitted))
				admitted++
			}
			if err := admit(ctx, js, marks, urls); err != nil {
				stop()
				return err
			}
		}
		if time.Now().After(next) {
			next = next.Add(s.Soak / 8)
			holds(out, began, admitted-waiting)
			// What is read by nobody here would fill the disk.
			if stream, err := js.Stream(ctx, subject.StreamPages); err == nil {
				stream.Purge(ctx)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil {
		return err
	}
	waiting, err := messages(ctx, js, subject.StreamFrontier)
	holds(out, began, admitted-waiting)
	out.Flush()
	return err
}

func messages(ctx context.Context, js jetstream.JetStream, name string) (int, error) {
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return 0, err
	}
	return int(stream.CachedInfo().State.Msgs), nil
}

// holds prints a line of what this process holds.
func holds(out *tabwriter.Writer, began time.Time, done int) {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	descriptors, _ := os.ReadDir("/proc/self/fd")
	fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%.1f\t%.0f\n", time.Since(began).Round(time.Second), done, runtime.NumGoroutine(), len(descriptors),
		float64(stats.HeapAlloc)/1e6, float64(resident("VmRSS"))/1e6)
}
