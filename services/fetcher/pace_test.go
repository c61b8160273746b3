package fetcher_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
)

func TestUnavailableRobots(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	publish(t, js, site.URL+"/a")
	config := hasty()
	config.MaxAttempts = 1
	run(t, nc, js, config)
	o := ended(t, js, fetch, 1)[0]
	if o.Verdict != dead || o.Reason != "robots_unreachable" || !strings.Contains(o.Detail, "503") {
		t.Errorf("outcome: %v", o)
	}
	if site.count("/a") != 0 {
		t.Error("the page was fetched")
	}
}

func TestUnavailableRobotsAreRetried(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	publish(t, js, site.URL+"/a")
	run(t, nc, js, hasty())
	stream, err := js.Stream(t.Context(), subject.StreamFrontier)
	if err != nil {
		t.Fatal(err)
	}
	natstest.Eventually(t, "the URL is put back", func() bool {
		info, err := stream.Info(t.Context())
		return err == nil && info.State.LastSeq == 2 && info.State.Msgs == 1
	})
	if got := len(outcomes(t, js, fetch)); got != 0 {
		t.Errorf("%d outcomes of a URL that waits", got)
	}
}

func TestPace(t *testing.T) {
	nc, js := natstest.Start(t)
	const delay = 60 * time.Millisecond
	slow := newWeb(t, page)
	for i := range 6 {
		publish(t, js, fmt.Sprintf("%s/%d", slow.URL, i))
	}
	config := hasty()
	config.Delay = delay
	run(t, nc, js, config)
	ended(t, js, fetch, 6)
	for i, gap := range slow.gaps() {
		if gap < delay {
			t.Errorf("request %d came %s after the one before, want %s", i+1, gap, delay)
		}
	}
	if got := len(slow.requests()); got != 7 {
		t.Errorf("%d requests, want robots.txt and 6 pages", got)
	}
}

// TestPaceGrowsWithResponseTime has a host that takes its time, and leaves it
// twice as long alone, up to the bound.
func TestPaceGrowsWithResponseTime(t *testing.T) {
	for most, want := range map[time.Duration]time.Duration{time.Minute: 300 * time.Millisecond, 180 * time.Millisecond: 180 * time.Millisecond} {
		nc, js := natstest.Start(t)
		const takes = 150 * time.Millisecond
		site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(takes)
			page(w, r)
		})
		for i := range 3 {
			publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
		}
		config := hasty()
		config.DelayFactor, config.MaxDelay = 2, most
		run(t, nc, js, config)
		ended(t, js, fetch, 3)
		for i, gap := range site.gaps() { // from beginning to beginning
			if gap < takes+want {
				t.Errorf("bound %s: request %d came %s after the one before, want %s and %s", most, i+1, gap, takes, want)
			}
		}
	}
}

func TestSlowHostDelaysNoOther(t *testing.T) {
	nc, js := natstest.Start(t)
	release := make(chan struct{})
	stuck := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		page(w, r)
	})
	for i := range 50 {
		publish(t, js, fmt.Sprintf("%s/%d", stuck.URL, i))
	}
	healthy := newWeb(t, page)
	for i := range 20 {
		publish(t, js, fmt.Sprintf("%s/%d", healthy.URL, i))
	}
	config := hasty()
	config.MaxInFlight, config.HeaderTimeout = 2, 30*time.Second
	run(t, nc, js, config)
	natstest.Eventually(t, "the healthy host is done", func() bool { return len(pages(t, js)) == 20 })
	close(release)
	ended(t, js, fetch, 70)
}

// TestLongPauseSurvivesRestart has a site that asks for more patience than the
// next owner of its partition would have on his own.
func TestLongPauseSurvivesRestart(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			io.WriteString(w, "User-agent: *\nCrawl-delay: 50\n")
			return
		}
		page(w, r)
	})
	publish(t, js, site.URL+"/a")
	publish(t, js, site.URL+"/b")
	stop := run(t, nc, js, hasty())
	natstest.Eventually(t, "one page is fetched", func() bool { return len(outcomes(t, js, fetch)) == 1 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	run(t, nc, js, hasty())
	other := newWeb(t, page)
	for i := range 10 { // one after the other, while which the site has its turns
		publish(t, js, fmt.Sprintf("%s/%d", other.URL, i))
		natstest.Eventually(t, "the new process works", func() bool { return len(outcomes(t, js, fetch)) == 2+i })
	}
	if got := site.count("/a") + site.count("/b"); got != 1 {
		t.Errorf("%d pages within the site's crawl delay, want 1", got)
	}
}

// TestBreaker has a host that fails: it is left alone, gets single probes, also
// from the next process, and everything is fetched once it works.
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
	config := hasty()
	config.MaxAttempts, config.BreakerFailures, config.BreakerRest = 10, 3, 700*time.Millisecond
	stop := run(t, nc, js, config)
	natstest.Eventually(t, "the other host is done", func() bool { return len(pages(t, js)) == 20 })
	natstest.Eventually(t, "the host was tried", func() bool { return len(site.requests()) >= 4 }) // robots.txt and three pages
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	run(t, nc, js, config)
	natstest.Eventually(t, "there are two probes", func() bool { return len(site.requests()) >= 6 })
	if gap := site.gaps()[3]; gap < config.BreakerRest {
		t.Errorf("the first probe came after %s, want %s", gap, config.BreakerRest)
	}
	if gap := site.gaps()[4]; gap < 2*config.BreakerRest {
		t.Errorf("the second probe came after %s, want twice %s", gap, config.BreakerRest)
	}
	works.Store(true)
	for _, o := range ended(t, js, fetch, 40) {
		if o.Verdict != produced {
			t.Errorf("outcome: %v", o)
		}
	}
}

// TestHostThatStaysDown gives the URLs of a host up that has failed for longer
// than they may wait, without asking it for each.
func TestHostThatStaysDown(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, answer(http.StatusBadGateway))
	for i := range 20 {
		publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
	}
	config := hasty()
	config.MaxAttempts, config.BreakerFailures, config.BreakerRest, config.MaxWait = 10, 3, 300*time.Millisecond, 800*time.Millisecond
	run(t, nc, js, config)
	down := 0
	for _, o := range ended(t, js, fetch, 20) {
		if o.Verdict == dead && o.Reason == "host_down" {
			down++
		}
	}
	if down < 15 || len(site.requests()) > 10 {
		t.Errorf("%d URLs given up with the host, after %d requests", down, len(site.requests()))
	}
}

// TestNeighboursShareAPace has two names for one address.
func TestNeighboursShareAPace(t *testing.T) {
	const delay = 60 * time.Millisecond
	least := func(perAddress bool) time.Duration {
		nc, js := natstest.Start(t)
		site := newWeb(t, page)
		other := strings.Replace(site.URL, "127.0.0.1", "localhost", 1)
		for i := range 5 {
			publish(t, js, fmt.Sprintf("%s/a/%d", site.URL, i))
			publish(t, js, fmt.Sprintf("%s/b/%d", other, i))
		}
		config := hasty()
		config.Delay, config.PerAddress = delay, perAddress
		stop := run(t, nc, js, config)
		ended(t, js, fetch, 10)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if got := len(site.requests()); got != 12 {
			t.Errorf("%d requests, want two robots.txt and 10 pages", got)
		}
		return slices.Min(site.gaps())
	}
	if gap := least(true); gap < delay {
		t.Errorf("two requests to one address came %s apart, want %s", gap, delay)
	}
	if gap := least(false); gap >= delay {
		t.Errorf("with per-address off, the requests of two hosts came %s apart at the least: they still wait for each other", gap)
	}
}

func TestPaceFile(t *testing.T) {
	nc, js := natstest.Start(t)
	const delay = 80 * time.Millisecond
	path := filepath.Join(t.TempDir(), "pace.yaml")
	if err := os.WriteFile(path, []byte("- {host: 127.0.0.1, delay: 80ms}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	site := newWeb(t, page)
	for i := range 4 {
		publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
	}
	config := hasty()
	config.PaceFile = path
	run(t, nc, js, config)
	ended(t, js, fetch, 4)
	for i, gap := range site.gaps() {
		if gap < delay {
			t.Errorf("request %d came %s after the one before, want %s", i+1, gap, delay)
		}
	}
}

// TestRetryAfterPausesTheHost has a site that asks for patience over one page, in
// either form of the header, while another goes on.
func TestRetryAfterPausesTheHost(t *testing.T) {
	for name, value := range map[string]func() string{
		"seconds": func() string { return "2" },
		"date":    func() string { return time.Now().Add(2500 * time.Millisecond).UTC().Format(http.TimeFormat) },
		"an age":  func() string { return "1000000" }, // counts as fetcher.max-retry-after
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nc, js := natstest.Start(t)
			var asked atomic.Int32
			site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/robots.txt" && asked.Add(1) == 1 {
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
			config := hasty()
			config.MaxRetryAfter = 3 * time.Second
			run(t, nc, js, config)
			for _, o := range ended(t, js, fetch, 10) {
				if o.Verdict != produced {
					t.Errorf("outcome: %v", o)
				}
			}
			requests := site.requests()
			if gap := requests[2].time.Sub(requests[1].time); gap < time.Second {
				t.Errorf("the host was asked again after %s", gap)
			}
			last := other.requests()
			if !last[len(last)-1].time.Before(requests[2].time) {
				t.Error("the other host waited as well")
			}
		})
	}
}
