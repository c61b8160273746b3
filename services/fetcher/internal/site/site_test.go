package site

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/weburl"
	"github.com/dateline-news/dateline/services/fetcher/internal/httpget"
	"github.com/dateline-news/dateline/services/fetcher/internal/robots"
)

func unseen(context.Context, string, *httpget.Response, error) error { return nil }

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, now func() time.Time) *Sites {
	t.Helper()
	_, js := natstest.Start(t)
	client, err := httpget.New(httpget.Config{UserAgent: "TestNews/1.0 (+https://example.com/bot)", AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	sites, err := Open(t.Context(), js, client, time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	return sites
}

func serve(t *testing.T, handle http.HandlerFunc) weburl.URL {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	url, err := weburl.Parse(server.URL + "/page")
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// fetchRobots fetches a site's robots.txt and reports whether it allows /private.
func fetchRobots(t *testing.T, sites *Sites, url weburl.URL) (allowed bool, verdict robots.Verdict) {
	t.Helper()
	if err := sites.FetchRobots(t.Context(), url, func() bool { return true }, unseen); err != nil {
		t.Fatal(err)
	}
	site, err := sites.Get(t.Context(), url, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	allowed, _ = site.Rules.Allowed("testnews", "/private")
	return allowed, site.Verdict
}

const denies = "User-agent: *\nDisallow: /private\n"

func TestRobotsRedirects(t *testing.T) {
	sites := open(t, time.Now)
	other := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, denies) })
	hops := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			at, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/hop")) // 0 for robots.txt
			if at < n {
				http.Redirect(w, r, fmt.Sprintf("/hop%d", at+1), http.StatusFound)
				return
			}
			fmt.Fprint(w, denies)
		}
	}
	for name, c := range map[string]struct {
		handle  http.HandlerFunc
		allowed bool
	}{
		"five redirects": {hops(5), false},
		"six redirects":  {hops(6), true}, // RFC 9309, section 2.3.1.2: treated as unavailable
		"to another authority": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.Origin()+"/robots.txt", http.StatusMovedPermanently)
		}, false},
		"in a circle": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}, true},
		"to no URL": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://[")
			w.WriteHeader(http.StatusFound)
		}, true},
	} {
		url := serve(t, c.handle)
		if allowed, verdict := fetchRobots(t, sites, url); allowed != c.allowed {
			t.Errorf("%s: allowed is %v (%+v)", name, allowed, verdict.Access)
		}
	}
}

// TestFailureOfARedirectTarget has a robots.txt that leads to a server that does not answer. The site itself
// answers, so that its URLs do not fail as if it was down: nothing may be fetched from it for now.
func TestFailureOfARedirectTarget(t *testing.T) {
	sites := open(t, time.Now)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+natstest.FreeAddr(t)+"/robots.txt", http.StatusFound)
	})
	if allowed, verdict := fetchRobots(t, sites, url); allowed || verdict.Access != robots.DisallowAll {
		t.Errorf("allowed %v, %+v", allowed, verdict.Access)
	}
}

// TestHugeRobots serves 100 MB, and a compressed file that would expand to as much.
func TestHugeRobots(t *testing.T) {
	sites := open(t, time.Now)
	var sent atomic.Int64
	line := strings.Repeat("# nothing to see here, move along please, thank you\n", 1000)
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, denies)
		for sent.Load() < 100<<20 {
			n, err := io.WriteString(w, line)
			if err != nil {
				return
			}
			sent.Add(int64(n))
		}
	})
	if allowed, _ := fetchRobots(t, sites, url); allowed {
		t.Error("the rules at the beginning are not obeyed")
	}
	if got := sent.Load(); got > 20<<20 {
		t.Errorf("%d bytes were read", got)
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	fmt.Fprint(z, denies)
	for range 100 << 20 / len(line) {
		fmt.Fprint(z, line)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	packed := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		fmt.Fprint(w, bomb.String())
	})
	if allowed, _ := fetchRobots(t, sites, packed); allowed {
		t.Error("the rules at the beginning of the compressed file are not obeyed")
	}
}

// TestMislabelledRobots serves a plain robots.txt that is labelled with a content
// coding.
func TestMislabelledRobots(t *testing.T) {
	sites := open(t, time.Now)
	for _, label := range []string{"gzip", "br", "deflate", "zstd", "utf-8"} {
		for body, want := range map[string]bool{denies: false, "User-agent: *\nDisallow: /other\n": true} {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", label)
				fmt.Fprint(w, body)
			})
			if allowed, verdict := fetchRobots(t, sites, url); allowed != want || verdict.Access == robots.DisallowAll {
				t.Errorf("%q labelled as %s: allowed is %v (%+v)", body, label, allowed, verdict.Access)
			}
		}
	}
}

func TestRobotsApplyWhileTheSiteIsDown(t *testing.T) {
	clock := time.Now()
	sites := open(t, func() time.Time { return clock })
	var down atomic.Bool
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, denies)
	})
	fetchRobots(t, sites, url)
	clock = clock.Add(robots.Lifetime + time.Second)
	site, err := sites.Get(t.Context(), url, time.Time{})
	if err != nil || site.Rules != nil {
		t.Fatalf("expired rules are in use: %v", err)
	}
	down.Store(true)
	if allowed, verdict := fetchRobots(t, sites, url); allowed || verdict.Access != robots.ByRules {
		t.Errorf("the old rules are not kept: allowed %v, %+v", allowed, verdict.Access)
	}
}

func TestSiteSurvivesRestart(t *testing.T) {
	clock := time.Now().Truncate(time.Second)
	first := open(t, func() time.Time { return clock })
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, denies) })
	fetchRobots(t, first, url)
	breaker := Breaker{Failures: 2, Rest: time.Minute, MaxRest: 3 * time.Minute}
	for i, want := range []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute, 3 * time.Minute} {
		if rest, since, err := first.Failed(t.Context(), url, breaker); err != nil || rest != want || !since.Equal(clock) {
			t.Errorf("after failure %d the rest is %s since %s (%v), want %s", i+1, rest, since, err, want)
		}
	}
	second := &Sites{
		kv: first.kv, client: first.client, maxRest: first.maxRest, now: first.now, known: map[string]*Site{},
	}
	site, err := second.Get(t.Context(), url, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if !breaker.Open(site) || site.Failures != 5 || !site.Until.Equal(clock.Add(3*time.Minute)) || site.Rules == nil {
		t.Errorf("the next process has the state %+v", site)
	}
	if closed, err := second.Answered(t.Context(), url, breaker); err != nil || !closed {
		t.Errorf("a response does not close the breaker: %v", err)
	}
	if closed, err := second.Answered(t.Context(), url, breaker); err != nil || closed {
		t.Errorf("a second response closes the breaker again: %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, "-5": 0, "1.5": 0, "soon": 0, "99999999999": maxRetryAfter,
		"99999999999999999999": maxRetryAfter, "-99999999999999999999": 0, "Fri, 01 Mar 2500 12:00:00 GMT": maxRetryAfter,
		"Sun, 01 Mar 2026 12:01:00 GMT": time.Minute, "Sunday, 01-Mar-26 12:01:00 GMT": time.Minute,
		"Sun Mar  1 12:01:00 2026":      time.Minute,
		"Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q is read as %s, want %s", value, got, want)
		}
	}
}

// FuzzRetryAfter reads arbitrary headers.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"120", "Sun, 01 Mar 2026 12:01:00 GMT", "-1", ""} {
		f.Add(value)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		if got := RetryAfter(http.Header{"Retry-After": {value}}, now); got < 0 {
			t.Errorf("%q is read as %s", value, got)
		}
	})
}

// TestNoRequestAfterThePartitionIsLost loses the partition between two redirects.
func TestNoRequestAfterThePartitionIsLost(t *testing.T) {
	sites := open(t, time.Now)
	var requests atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
	})
	err := sites.FetchRobots(t.Context(), url, func() bool { return requests.Load() < 2 }, unseen)
	if !errors.Is(err, ErrNotOurs) || requests.Load() != 2 {
		t.Errorf("%d requests, %v", requests.Load(), err)
	}
}
