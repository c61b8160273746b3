package fetcher_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/topology"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

// TestLedgerBalances publishes a mixed load and expects exactly one outcome, the
// right one, for each input of intake and fetch.
func TestLedgerBalances(t *testing.T) {
	nc, js := natstest.Start(t)
	elsewhere := newWeb(t, page)
	site := troubleSite(t, elsewhere.URL)
	want := map[string]ending{
		site.URL + "/private/a": {rejected, "robots_denied"}, site.URL + "/missing": {rejected, "not_found"},
		site.URL + "/gone": {rejected, "not_found"}, site.URL + "/login": {rejected, "forbidden"},
		site.URL + "/teapot": {rejected, "bad_status"}, site.URL + "/picture": {rejected, "not_html"},
		site.URL + "/loop": {rejected, "too_many_redirects"}, site.URL + "/mail": {rejected, "bad_redirect"},
		site.URL + "/silent": {dead, "timeout"}, site.URL + "/stalls": {dead, "timeout"},
		site.URL + "/busy": {dead, "too_many_requests"}, site.URL + "/broken": {dead, "server_error"},
		site.URL + "/hangup": {dead, "reset"}, closedPort(t) + "/": {dead, "connect"},
		"http://no-such-host.invalid/": {dead, "dns"},
		site.URL + "/large":            {produced, "truncated"},
		site.URL + "/moved":            {produced, ""}, site.URL + "/away": {produced, ""},
	}
	for i := range 30 {
		want[fmt.Sprintf("%s/good/%d", site.URL, i)] = ending{produced, ""}
	}
	var payloads []string
	for url := range want {
		payloads = append(payloads, url)
	}
	rand.Shuffle(len(payloads), func(i, j int) { payloads[i], payloads[j] = payloads[j], payloads[i] })
	malformed := []string{"", "   ", "not a url", "ftp://example.com/", "{\"url\":", "\xff\xfe\xfd", "{}"}
	payloads = append(payloads, malformed...)
	again := []string{site.URL + "/good/1", site.URL + "/good/2#part", site.URL + "/good/3?utm_source=x"}
	payloads = append(payloads, again...)
	for _, payload := range payloads {
		publish(t, js, payload)
	}
	lines := []string{site.URL + "/good/line/1", site.URL + "/good/line/2"}
	publish(t, js, "# two lines\n"+strings.Join(lines, "\n")+"\n")
	for _, line := range lines {
		want[line] = ending{produced, ""}
	}
	config := quickConfig()
	config.HeaderTimeout, config.IdleBodyTimeout = time.Second, time.Second // for the silent pages
	run(t, nc, js, config)

	got := waitForOutcomes(t, js, intake, len(want)+len(malformed)+len(again)+1)
	tally := map[ending]int{}
	for _, o := range got {
		tally[endingOf(o)]++
	}
	if tally[ending{produced, ""}] != len(want) || tally[ending{produced, "split"}] != 1 ||
		tally[ending{duplicate, "seen"}] != len(again) ||
		tally[ending{dead, "malformed"}]+tally[ending{dead, "bad_url"}] != len(malformed) {
		t.Errorf("intake: %v", tally)
	}
	for _, o := range waitForOutcomes(t, js, fetch, len(want)) {
		expected, known := want[o.Url]
		if got := endingOf(o); !known || got != expected {
			t.Errorf("%s ended as %v (%s), want %v", o.Url, got, o.Detail, expected)
		}
		delete(want, o.Url)
	}
	if len(want) > 0 {
		t.Errorf("URLs without an outcome: %v", want)
	}
	if got := natstest.Count(t, js, subject.StreamDead); got != len(malformed)+7 {
		t.Errorf("%d dead letters, want %d", got, len(malformed)+7)
	}
	if n := len(pages(t, js)); n != 35 {
		t.Errorf("%d pages, want 35", n)
	}
}

func TestOneRequestIDForSeveralURLs(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, page)
	for i := range 3 {
		send(t, js, &datelinev1.FetchRequest{Url: fmt.Sprintf("%s/%d", site.URL, i), RequestId: "job-7"})
	}
	run(t, nc, js, quickConfig())
	waitForOutcomes(t, js, fetch, 3)
	if got := len(pages(t, js)); got != 3 {
		t.Fatalf("%d pages, want 3", got)
	}
}

func TestForce(t *testing.T) {
	nc, js := natstest.Start(t)
	site := newWeb(t, page)
	run(t, nc, js, quickConfig())
	send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/a", RequestId: "1"})
	waitForOutcomes(t, js, fetch, 1)
	send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/a", RequestId: "2"})
	waitForOutcomes(t, js, intake, 2)
	send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/a", RequestId: "3", Force: true})
	waitForOutcomes(t, js, fetch, 2)
	send(t, js, &datelinev1.FetchRequest{Url: site.URL + "/a", RequestId: "3", Force: true})
	got := waitForOutcomes(t, js, intake, 4)
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
		stop := run(t, nc, js, quickConfig())
		natstest.Eventually(t, "some pages are fetched", func() bool { return len(pages(t, js)) >= n })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	run(t, nc, js, quickConfig())
	waitForOutcomes(t, js, fetch, 40)
	if got := site.count("/robots.txt"); got != 1 {
		t.Errorf("robots.txt was requested %d times, want 1: a restart forgot it", got)
	}
}

// TestFullHostQueue publishes more URLs of a failing host than its queue may hold,
// so that no retry finds room.
func TestFullHostQueue(t *testing.T) {
	nc, js := natstest.Connect(t, natstest.Server(t, t.TempDir()))
	natstest.Reconcile(t, js, topology.Limits{PerHost: 5})
	site := newWeb(t, respond(http.StatusInternalServerError))
	for i := range 8 {
		publish(t, js, fmt.Sprintf("%s/%d", site.URL, i))
	}
	config := quickConfig()
	config.Delay = 20 * time.Millisecond
	run(t, nc, js, config)
	natstest.Eventually(t, "the queue proceeds", func() bool { return len(outcomes(t, js, fetch)) >= 5 })
	waitForOutcomes(t, js, intake, 8)
	for _, o := range waitForOutcomes(t, js, fetch, 8) {
		if o.Verdict != dead || o.Reason != "server_error" || o.Attempt != 2 {
			t.Errorf("outcome: %v", o)
		}
	}
}

// TestAckedMessagesAreRemoved checks that messages which were acked before a crash of
// the server, and which it has kept nevertheless, do not wait for ever.
func TestAckedMessagesAreRemoved(t *testing.T) {
	nc, js := natstest.Connect(t, natstest.Server(t, natstest.KeepAcked(t, 3, 2)))
	run(t, nc, js, quickConfig())
	if o := waitForOutcomes(t, js, intake, 1)[0]; o.GetVerdict() != produced {
		t.Errorf("the message that was not acked: %v", o)
	}
}
