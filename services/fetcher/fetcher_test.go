package fetcher_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

const (
	intake = datelinev1.Stage_STAGE_INTAKE
	fetch  = datelinev1.Stage_STAGE_FETCH

	produced  = datelinev1.Verdict_VERDICT_PRODUCED
	duplicate = datelinev1.Verdict_VERDICT_DUPLICATE
	rejected  = datelinev1.Verdict_VERDICT_REJECTED
	dead      = datelinev1.Verdict_VERDICT_DEAD
)

type end struct {
	verdict datelinev1.Verdict
	reason  string
}

// trouble is a site on which every path ends differently.
func trouble(t *testing.T, elsewhere string) *web {
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	return newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/robots.txt":
			io.WriteString(w, "User-agent: testnews\nDisallow: /private\n")
		case strings.HasPrefix(path, "/good"):
			html(w, path)
		case path == "/gone":
			w.WriteHeader(http.StatusGone)
		case path == "/login":
			w.WriteHeader(http.StatusForbidden)
		case path == "/teapot":
			w.WriteHeader(http.StatusTeapot)
		case path == "/silent":
			select {
			case <-over:
			case <-r.Context().Done():
			}
		case path == "/stalls":
			html(w, "a beginning")
			w.(http.Flusher).Flush()
			select {
			case <-over:
			case <-r.Context().Done():
			}
		case path == "/busy":
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		case path == "/broken":
			w.WriteHeader(http.StatusInternalServerError)
		case path == "/picture":
			w.Header().Set("Content-Type", "image/png")
			w.Write([]byte("\x89PNG\r\n\x1a\n"))
		case path == "/large":
			html(w, big(300_000))
		case path == "/moved":
			http.Redirect(w, r, "/good/moved", http.StatusMovedPermanently)
		case path == "/away":
			http.Redirect(w, r, elsewhere+"/good/away", http.StatusFound)
		case path == "/loop":
			http.Redirect(w, r, "/loop2", http.StatusFound)
		case path == "/loop2":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case path == "/mail":
			w.Header().Set("Location", "mailto:editor@example.com")
			w.WriteHeader(http.StatusFound)
		case path == "/hangup":
			connection, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				connection.Close()
			}
		default:
			http.NotFound(w, r)
		}
	})
}

func refusing(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

// TestLedgerBalances feeds a mixed load and finds for each input of intake and
// fetch exactly one outcome, the right one, and nothing left over.
func TestLedgerBalances(t *testing.T) {
	nc, js := natstest.Start(t)
	elsewhere := newWeb(t, page)
	site := trouble(t, elsewhere.URL)
	want := map[string]end{
		site.URL + "/private/a": {rejected, "robots_denied"}, site.URL + "/missing": {rejected, "not_found"},
		site.URL + "/gone": {rejected, "not_found"}, site.URL + "/login": {rejected, "forbidden"},
		site.URL + "/teapot": {rejected, "bad_status"}, site.URL + "/picture": {rejected, "not_html"},
		site.URL + "/loop": {rejected, "too_many_redirects"}, site.URL + "/mail": {rejected, "bad_redirect"},
		site.URL + "/silent": {dead, "timeout"}, site.URL + "/stalls": {dead, "timeout"},
		site.URL + "/busy": {dead, "too_many_requests"}, site.URL + "/broken": {dead, "server_error"},
		site.URL + "/hangup": {dead, "reset"}, refusing(t) + "/": {dead, "connect"},
		"http://no-such-host.invalid/": {dead, "dns"},
		site.URL + "/large":            {produced, "truncated"},
		site.URL + "/moved":            {produced, ""}, site.URL + "/away": {produced, ""},
	}
	for i := range 30 {
		want[fmt.Sprintf("%s/good/%d", site.URL, i)] = end{produced, ""}
	}
	var payloads []string
	for url := range want {
		payloads = append(payloads, url)
	}
	rand.Shuffle(len(payloads), func(i, j int) { payloads[i], payloads[j] = payloads[j], payloads[i] })
	malformed := []string{"", "   ", "no url at all", "ftp://example.com/", "{\"url\":", "\xff\xfe\xfd", "{}"}
	payloads = append(payloads, malformed...)
	again := []string{site.URL + "/good/1", site.URL + "/good/2#part", site.URL + "/good/3?utm_source=x"}
	payloads = append(payloads, again...)
	for _, payload := range payloads {
		publish(t, js, payload)
	}
	lines := []string{site.URL + "/good/line/1", site.URL + "/good/line/2"}
	publish(t, js, "# two of them\n"+strings.Join(lines, "\n")+"\n")
	for _, line := range lines {
		want[line] = end{produced, ""}
	}
	run(t, nc, js, hasty())

	got := ended(t, js, intake, len(want)+len(malformed)+len(again)+1)
	tally := map[end]int{}
	for _, o := range got {
		tally[end{o.Verdict, o.Reason}]++
	}
	if tally[end{produced, ""}] != len(want) || tally[end{produced, "split"}] != 1 || tally[end{duplicate, "seen"}] != len(again) ||
		tally[end{dead, "malformed"}]+tally[end{dead, "bad_url"}] != len(malformed) {
		t.Errorf("intake: %v", tally)
	}
	for _, o := range ended(t, js, fetch, len(want)) {
		expected, known := want[o.Url]
		if got := (end{o.Verdict, o.Reason}); !known || got != expected {
			t.Errorf("%s ended as %v (%s), want %v", o.Url, got, o.Detail, expected)
		}
		delete(want, o.Url)
	}
	if len(want) > 0 {
		t.Errorf("without an outcome: %v", want)
	}
	if got := natstest.Count(t, js, topology.StreamDead); got != len(malformed)+7 {
		t.Errorf("%d dead letters, want %d", got, len(malformed)+7)
	}
	if n := len(pages(t, js)); n != 35 {
		t.Errorf("%d pages, want 35", n)
	}
}

func TestPageTellsItsWay(t *testing.T) {
	nc, js := natstest.Start(t)
	elsewhere := newWeb(t, page)
	site := trouble(t, elsewhere.URL)
	send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/away?utm_source=mail", RequestId: "r1", Labels: map[string]string{"desk": "culture"}})
	run(t, nc, js, hasty())
	ended(t, js, fetch, 1)
	p := pages(t, js)[0]
	if p.RequestedUrl != site.URL+"/away" || p.FinalUrl != elsewhere.URL+"/good/away" || len(p.Redirects) != 1 || p.Redirects[0].Status != 302 ||
		p.Request.RequestId != "r1" || p.Request.Labels["desk"] != "culture" || p.Status != 200 || p.FetchTime == nil || p.RemoteAddress == "" {
		t.Errorf("page: %v", p)
	}
	if elsewhere.count("/robots.txt") != 1 {
		t.Error("the other host's robots.txt was not asked for")
	}
}

func TestBodyLargerThanAMessage(t *testing.T) {
	nc, js := natstest.Start(t)
	noise := make([]byte, 9<<20)
	for i := range noise {
		noise[i] = 'a' + byte(rand.N(64)) // does not compress below a message
	}
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Encoding", "br") // taken as it is
		w.Header().Set("Content-Type", "text/html")
		w.Write(noise)
	})
	publish(t, js, site.URL+"/long")
	config := hasty()
	config.MaxBodyBytes = 20 << 20
	run(t, nc, js, config)
	ended(t, js, fetch, 1)
	p := pages(t, js)[0]
	if p.BodyObject == nil || len(p.Body) > 0 {
		t.Fatalf("the body of %d bytes is in the message", len(p.Body))
	}
	store, err := js.ObjectStore(t.Context(), p.BodyObject.Bucket)
	if err != nil {
		t.Fatal(err)
	}
	body, err := store.GetBytes(t.Context(), p.BodyObject.Name)
	if err != nil || len(body) != len(noise) {
		t.Fatalf("%d bytes, %v; want %d", len(body), err, len(noise))
	}
}

func TestOneRequestIdForSeveralURLs(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, page)
	for i := range 3 {
		send(t, js, &datelinev1.FetchRequest{Url: fmt.Sprintf("%s/%d", site.URL, i), RequestId: "job-7"})
	}
	run(t, nc, js, hasty())
	ended(t, js, fetch, 3)
	if got := len(pages(t, js)); got != 3 {
		t.Fatalf("%d pages, want 3", got)
	}
}

func TestForce(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, page)
	run(t, nc, js, hasty())
	send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/a", RequestId: "1"})
	ended(t, js, fetch, 1)
	send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/a", RequestId: "2"})
	ended(t, js, intake, 2)
	send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/a", RequestId: "3", Force: true})
	ended(t, js, fetch, 2)
	send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/a", RequestId: "3", Force: true})
	got := ended(t, js, intake, 4)
	for i, want := range []datelinev1.Verdict{produced, duplicate, produced, duplicate} {
		if got[i].Verdict != want {
			t.Errorf("request %d: %v, want %v", i+1, got[i].Verdict, want)
		}
	}
	if got := site.count("/a"); got != 2 {
		t.Errorf("%d requests, want 2", got)
	}
}

func TestRobotsThatCannotBeHad(t *testing.T) {
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

func TestRobotsAreTriedAgainLater(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	publish(t, js, site.URL+"/a")
	run(t, nc, js, hasty())
	stream, err := js.Stream(t.Context(), topology.StreamFrontier)
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
	requests := slow.requests()
	for i, r := range requests[1:] {
		if gap := r.time.Sub(requests[i].time); gap < delay {
			t.Errorf("request %d (%s) came %s after the one before, want %s", i+1, r.path, gap, delay)
		}
	}
	if len(requests) != 7 {
		t.Errorf("%d requests, want robots.txt and 6 pages", len(requests))
	}
}

func TestSlowHostHoldsNoOther(t *testing.T) {
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

func TestRestartGoesOn(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, page)
	for i := range 40 {
		publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
	}
	for n := 5; n <= 20; n += 5 {
		stop := run(t, nc, js, hasty())
		natstest.Eventually(t, "some are fetched", func() bool { return len(pages(t, js)) >= n })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	run(t, nc, js, hasty())
	ended(t, js, fetch, 40)
	if got := site.count("/robots.txt"); got != 1 {
		t.Errorf("robots.txt was asked for %d times: a restart forgot it", got)
	}
}

// TestLongPauseOutlivesTheProcess has a site that asks for more patience than the
// next owner of its partition would have on his own.
func TestLongPauseOutlivesTheProcess(t *testing.T) {
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

// TestFullHostQueue has more URLs of a failing host than its queue may hold, so
// that no retry finds room.
func TestFullHostQueue(t *testing.T) {
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{PerHost: 5})
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
	})
	for i := range 8 {
		publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
	}
	config := hasty()
	config.Delay = 20 * time.Millisecond
	run(t, nc, js, config)
	natstest.Eventually(t, "the queue moves", func() bool { return len(outcomes(t, js, fetch)) >= 5 })
	ended(t, js, intake, 8)
	for _, o := range ended(t, js, fetch, 8) {
		if o.Verdict != dead || o.Reason != "server_error" || o.Attempt != 2 {
			t.Errorf("outcome: %v", o)
		}
	}
}

func TestConfigReportsEverything(t *testing.T) {
	config := hasty()
	config.UserAgent, config.MaxInFlight, config.AllowNets, config.AllowPorts = "", 0, []string{"here"}, []string{"0"}
	config.HeaderTimeout, config.DrainTimeout = -1, -1
	err := config.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"user-agent", "max-in-flight", "allow-nets", "allow-ports", "header-timeout", "drain-timeout"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("nothing is said of %s: %v", name, err)
		}
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
	natstest.Eventually(t, "the host was tried", func() bool { return len(site.requests()) >= 4 })
	if got := len(site.requests()); got != 4 {
		t.Errorf("%d requests to the host that fails, want robots.txt and 3", got)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	run(t, nc, js, config)
	natstest.Eventually(t, "there are two probes", func() bool { return len(site.requests()) >= 6 })
	requests := site.requests()
	if gap := requests[4].time.Sub(requests[3].time); gap < config.BreakerRest {
		t.Errorf("the first probe came after %s, want %s", gap, config.BreakerRest)
	}
	if gap := requests[5].time.Sub(requests[4].time); gap < 2*config.BreakerRest {
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
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	})
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
		requests := site.requests()
		if len(requests) != 12 {
			t.Errorf("%d requests, want two robots.txt and 10 pages", len(requests))
		}
		smallest := time.Hour
		for i, r := range requests[1:] {
			smallest = min(smallest, r.time.Sub(requests[i].time))
		}
		return smallest
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
	requests := site.requests()
	for i, r := range requests[1:] {
		if gap := r.time.Sub(requests[i].time); gap < delay {
			t.Errorf("request %d came %s after the one before, want %s", i+1, gap, delay)
		}
	}
}

// TestUnchangedPage asks for a page again after the freshness window.
func TestUnchangedPage(t *testing.T) {
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{Freshness: time.Second})
	var version atomic.Int32
	var whole atomic.Int32
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		tag := fmt.Sprintf("\"v%d\"", version.Load())
		switch {
		case r.URL.Path == "/robots.txt":
			http.NotFound(w, r)
		case r.Header.Get("If-None-Match") == tag:
			w.WriteHeader(http.StatusNotModified)
		default:
			whole.Add(1)
			w.Header().Set("ETag", tag)
			html(w, tag)
		}
	})
	run(t, nc, js, hasty())
	ask := func(id string, force bool, want end) {
		t.Helper()
		before := len(outcomes(t, js, fetch))
		natstest.Eventually(t, "the URL is admitted", func() bool {
			send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/a", RequestId: id, Force: force})
			time.Sleep(300 * time.Millisecond)
			return len(outcomes(t, js, fetch)) > before
		})
		all := outcomes(t, js, fetch)
		if got := (end{all[len(all)-1].Verdict, all[len(all)-1].Reason}); got != want {
			t.Errorf("request %s ended as %v, want %v", id, got, want)
		}
	}
	ask("1", false, end{produced, ""})
	ask("2", false, end{datelinev1.Verdict_VERDICT_UNCHANGED, "not_modified"})
	ask("3", true, end{produced, ""})
	version.Add(1)
	ask("4", false, end{produced, ""})
	ask("5", false, end{datelinev1.Verdict_VERDICT_UNCHANGED, "not_modified"})
	if got := whole.Load(); got != 3 {
		t.Errorf("the page was sent %d times, want 3", got)
	}
}

// TestCookiesLiveForOneChain has a site that lets nobody in without its cookie,
// which it sets by a redirect.
func TestCookiesLiveForOneChain(t *testing.T) {
	nc, js := natstest.Start(t)
	var leaked atomic.Int32
	elsewhere := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if len(r.Cookies()) > 0 {
			leaked.Add(1)
		}
		page(w, r)
	})
	site := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("seen")
		switch {
		case r.URL.Path == "/robots.txt":
			http.NotFound(w, r)
		case err != nil:
			w.Header().Add("Set-Cookie", "seen=1; Path=/; HttpOnly")
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		case r.URL.Path == "/away":
			http.Redirect(w, r, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)+"/x", http.StatusFound)
		default:
			html(w, cookie.Value)
		}
	})
	loop := newWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Set-Cookie", fmt.Sprintf("n=%d", rand.Int()))
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	})
	for _, url := range []string{site.URL + "/a", site.URL + "/b", site.URL + "/away", loop.URL + "/"} {
		publish(t, js, url)
	}
	run(t, nc, js, hasty())
	for _, o := range ended(t, js, fetch, 4) {
		want := end{produced, ""}
		if strings.HasPrefix(o.Url, loop.URL) {
			want = end{rejected, "too_many_redirects"}
		}
		if got := (end{o.Verdict, o.Reason}); got != want {
			t.Errorf("%s ended as %v (%s), want %v", o.Url, got, o.Detail, want)
		}
	}
	if got := site.count("/a"); got != 2 {
		t.Errorf("/a was asked for %d times, want 2", got)
	}
	if got := site.count("/b"); got != 2 {
		t.Errorf("/b was asked for %d times: the cookie of another chain was sent", got)
	}
	if leaked.Load() > 0 {
		t.Error("another host got the cookie")
	}
	for _, p := range pages(t, js) {
		for _, h := range p.GetHeaders() {
			if h.GetName() == "set-cookie" {
				t.Error("a cookie is kept with the page")
			}
		}
	}
}

// TestRetryAfterHoldsTheHost has a site that asks for patience over one page, in
// either form of the header, while another goes on.
func TestRetryAfterHoldsTheHost(t *testing.T) {
	for name, value := range map[string]func() string{
		"seconds": func() string { return "2" },
		"date":    func() string { return time.Now().Add(2500 * time.Millisecond).UTC().Format(http.TimeFormat) },
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
			run(t, nc, js, hasty())
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

// TestReadmeNamesTests holds the table of behaviours to the tests that there are.
func TestReadmeNamesTests(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	roots := []string{".", "../../internal/weburl"}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`).FindAllStringSubmatch(string(source), -1) {
				declared[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rows := 0
	_, table, _ := strings.Cut(string(readme), "## How it behaves")
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| what") || strings.HasPrefix(line, "|--") {
			continue
		}
		names := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(line, -1)
		if len(names) == 0 {
			t.Errorf("no test is named in %q", line)
		}
		for _, m := range names {
			if !declared[m[1]] {
				t.Errorf("there is no %s", m[1])
			}
		}
		rows++
	}
	if rows < 30 {
		t.Errorf("%d rows", rows)
	}
}
