package fetcher_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
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
	if got := natstest.Count(t, js, subject.StreamDead); got != len(malformed)+7 {
		t.Errorf("%d dead letters, want %d", got, len(malformed)+7)
	}
	if n := len(pages(t, js)); n != 35 {
		t.Errorf("%d pages, want 35", n)
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

func TestRestartContinues(t *testing.T) {
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

// TestFullHostQueue has more URLs of a failing host than its queue may hold, so
// that no retry finds room.
func TestFullHostQueue(t *testing.T) {
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{PerHost: 5})
	site := newWeb(t, answer(http.StatusInternalServerError))
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
