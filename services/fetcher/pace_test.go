package fetcher_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/dateline-news/dateline/internal/natstest"
)

func TestPace(t *testing.T) {
	nc, js := natstest.Start(t)
	const delay = 60 * time.Millisecond
	slow := newWeb(t, page)
	for i := range 6 {
		publish(t, js, fmt.Sprintf("%s/%d", slow.URL, i))
	}
	config := quickConfig()
	config.Delay = delay
	run(t, nc, js, config)
	waitForOutcomes(t, js, fetch, 6)
	for i, gap := range slow.gaps() {
		if gap < delay {
			t.Errorf("request %d came %s after the previous one, want at least %s", i+1, gap, delay)
		}
	}
	if got := len(slow.requests()); got != 7 {
		t.Errorf("%d requests, want one for robots.txt and 6 for pages", got)
	}
}

// TestPaceGrowsWithResponseTime has a slow host, which rests for twice its response
// time, up to the limit.
func TestPaceGrowsWithResponseTime(t *testing.T) {
	for limit, want := range map[time.Duration]time.Duration{
		time.Minute: 300 * time.Millisecond, 180 * time.Millisecond: 180 * time.Millisecond,
	} {
		nc, js := natstest.Start(t)
		const takes = 150 * time.Millisecond
		site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(takes)
			page(w, r)
		})
		for i := range 3 {
			publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
		}
		config := quickConfig()
		config.DelayFactor, config.MaxDelay = 2, limit
		run(t, nc, js, config)
		waitForOutcomes(t, js, fetch, 3)
		for i, gap := range site.gaps() { // between the starts of requests
			if gap < takes+want {
				t.Errorf("limit %s: request %d came %s after the previous one, want at least %s",
					limit, i+1, gap, takes+want)
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
	config := quickConfig()
	config.MaxInFlight = 2
	run(t, nc, js, config)
	natstest.Eventually(t, "the healthy host is done", func() bool { return len(pages(t, js)) == 20 })
	close(release)
	waitForOutcomes(t, js, fetch, 70)
}

// TestLongPauseSurvivesRestart has a site whose Crawl-delay is longer than the pause
// that the next owner of its partition makes by itself.
func TestLongPauseSurvivesRestart(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			fmt.Fprint(w, "User-agent: *\nCrawl-delay: 3000\n")
			return
		}
		page(w, r)
	})
	publish(t, js, site.URL+"/a")
	publish(t, js, site.URL+"/b")
	config := quickConfig()
	config.MaxDelay = time.Hour
	stop := run(t, nc, js, config)
	natstest.Eventually(t, "one page is fetched", func() bool { return len(outcomes(t, js, fetch)) == 1 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	run(t, nc, js, config)
	other := newWeb(t, page)
	for i := range 10 { // one after another; the site would have its turn meanwhile
		publish(t, js, fmt.Sprintf("%s/%d", other.URL, i))
		natstest.Eventually(t, "the new process fetches a page", func() bool { return len(outcomes(t, js, fetch)) == 2+i })
	}
	if got := site.count("/a") + site.count("/b"); got != 1 {
		t.Errorf("%d pages within the site's crawl delay, want 1", got)
	}
}

// publishNeighbours publishes five URLs on each of two hosts with one address.
func publishNeighbours(t *testing.T, js jetstream.JetStream, site *web) {
	t.Helper()
	other := strings.Replace(site.URL, "127.0.0.1", "localhost", 1)
	for i := range 5 {
		publish(t, js, fmt.Sprintf("%s/a/%d", site.URL, i))
		publish(t, js, fmt.Sprintf("%s/b/%d", other, i))
	}
}

func TestNeighboursShareAPace(t *testing.T) {
	nc, js := natstest.Start(t)
	const delay = 60 * time.Millisecond
	site := newWeb(t, page)
	publishNeighbours(t, js, site)
	config := quickConfig()
	config.Delay = delay
	run(t, nc, js, config)
	waitForOutcomes(t, js, fetch, 10)
	if got := len(site.requests()); got != 12 {
		t.Errorf("%d requests, want two for robots.txt and 10 for pages", got)
	}
	if gap := slices.Min(site.gaps()); gap < delay {
		t.Errorf("two requests to one address came %s apart, want at least %s", gap, delay)
	}
}

// TestNeighboursWithoutPerAddress holds the first page of each host until the other
// host is requested, too.
func TestNeighboursWithoutPerAddress(t *testing.T) {
	nc, js := natstest.Start(t)
	requested := map[string]chan struct{}{"/a/0": make(chan struct{}), "/b/0": make(chan struct{})}
	other := map[string]string{"/a/0": "/b/0", "/b/0": "/a/0"}
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if own := requested[r.URL.Path]; own != nil {
			close(own)
			select {
			case <-requested[other[r.URL.Path]]:
			case <-r.Context().Done():
			}
		}
		page(w, r)
	})
	publishNeighbours(t, js, site)
	config := quickConfig()
	config.PerAddress, config.MaxAttempts = false, 1
	run(t, nc, js, config)
	for _, o := range waitForOutcomes(t, js, fetch, 10) {
		if o.Verdict != produced {
			t.Errorf("the hosts wait for each other: %v", o)
		}
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
	config := quickConfig()
	config.PaceFile = path
	run(t, nc, js, config)
	waitForOutcomes(t, js, fetch, 4)
	for i, gap := range site.gaps() {
		if gap < delay {
			t.Errorf("request %d came %s after the previous one, want at least %s", i+1, gap, delay)
		}
	}
}
