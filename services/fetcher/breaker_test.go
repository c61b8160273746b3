package fetcher_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
)

// TestBreaker has a failing host. The host rests and gets single probes, also from
// the next process. All of its pages are fetched once it works.
func TestBreaker(t *testing.T) {
	nc, js := natstest.Start(t)
	var works atomic.Bool
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/robots.txt":
			http.NotFound(w, r)
		case works.Load():
			page(w, r)
		default:
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	other := newWeb(t, page)
	for i := range 20 {
		publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
		publish(t, js, fmt.Sprintf("%s/%d", other.URL, i))
	}
	config := quickConfig()
	config.MaxAttempts, config.BreakerFailures, config.BreakerRest = 10, 3, 700*time.Millisecond
	stop := run(t, nc, js, config)
	natstest.Eventually(t, "the other host is done", func() bool { return len(pages(t, js)) == 20 })
	natstest.Eventually(t, "robots.txt and three pages are requested", func() bool { return len(site.requests()) >= 4 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	run(t, nc, js, config)
	natstest.Eventually(t, "there are two probes", func() bool { return len(site.requests()) >= 6 })
	if gap := site.gaps()[3]; gap < config.BreakerRest {
		t.Errorf("the first probe came after %s, want at least %s", gap, config.BreakerRest)
	}
	if gap := site.gaps()[4]; gap < 2*config.BreakerRest {
		t.Errorf("the second probe came after %s, want at least twice %s", gap, config.BreakerRest)
	}
	works.Store(true)
	for _, o := range waitForOutcomes(t, js, fetch, 40) {
		if o.Verdict != produced {
			t.Errorf("outcome: %v", o)
		}
	}
}

// TestHostThatStaysDown has a host that fails for longer than its URLs may wait:
// they are given up without a request for each.
func TestHostThatStaysDown(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, respond(http.StatusBadGateway))
	for i := range 20 {
		publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
	}
	config := quickConfig()
	config.MaxAttempts, config.BreakerFailures = 10, 3
	config.BreakerRest, config.MaxWait = 300*time.Millisecond, 800*time.Millisecond
	run(t, nc, js, config)
	down := 0
	for _, o := range waitForOutcomes(t, js, fetch, 20) {
		if o.Verdict == dead && o.Reason == "host_down" {
			down++
		}
	}
	if down < 15 || len(site.requests()) > 10 {
		t.Errorf("%d URLs were given up with the host after %d requests, want at least 15 after at most 10",
			down, len(site.requests()))
	}
}

// TestRetryAfterPausesTheHost has a site that sends Retry-After for one page, in
// either form of the header. Another host is not affected.
func TestRetryAfterPausesTheHost(t *testing.T) {
	for name, value := range map[string]func() string{
		"seconds":  func() string { return "5" },
		"date":     func() string { return time.Now().Add(5500 * time.Millisecond).UTC().Format(http.TimeFormat) },
		"too long": func() string { return "1000000" }, // limited by fetcher.max-retry-after
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nc, js := natstest.Start(t)
			var pageRequests atomic.Int32
			site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/robots.txt" && pageRequests.Add(1) == 1 {
					w.Header().Set("Retry-After", value())
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				page(w, r)
			})
			other := newWeb(t, page)
			for i := range 5 {
				publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
				publish(t, js, fmt.Sprintf("%s/%d", other.URL, i))
			}
			config := quickConfig()
			config.MaxRetryAfter = 6 * time.Second
			run(t, nc, js, config)
			for _, o := range waitForOutcomes(t, js, fetch, 10) {
				if o.Verdict != produced {
					t.Errorf("outcome: %v", o)
				}
			}
			requests := site.requests()
			if gap := requests[2].time.Sub(requests[1].time); gap < 4*time.Second {
				t.Errorf("the host was requested again after %s", gap)
			}
			last := other.requests()
			if !last[len(last)-1].time.Before(requests[2].time) {
				t.Error("the other host was paused, too")
			}
		})
	}
}
