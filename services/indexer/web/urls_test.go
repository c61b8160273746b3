package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/hosts"
	"github.com/dateline-news/dateline/internal/subject"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/web"
)

// queue puts a URL into the frontier, as intake does, with the times of attempts that
// timed out.
func (server *testServer) queue(t *testing.T, address string, next time.Time, attempts ...time.Time) {
	t.Helper()
	parsed, err := weburl.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	entry := &datelinev1.FrontierEntry{
		Request: &datelinev1.FetchRequest{Url: address, RequestId: "request-" + address}, Url: address,
		AdmitTime: timestamppb.New(next.Add(-time.Hour)), Attempts: int32(len(attempts)),
	}
	if len(attempts) > 0 {
		entry.NotBeforeTime = timestamppb.New(next)
	}
	for _, at := range attempts {
		entry.Failures = append(entry.Failures, &datelinev1.FailedAttempt{
			Time: timestamppb.New(at), Reason: "timeout",
			Detail: "waiting for the response header of " + parsed.Host() + " took more than 20 s",
		})
	}
	data, err := proto.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	partition := weburl.Partition(parsed.Host(), subject.Partitions)
	name := subject.Frontier(partition, subject.LaneFresh, parsed.SubjectHost())
	if _, err := server.js.Publish(t.Context(), name, data); err != nil {
		t.Fatal(err)
	}
}

// setHost stores the state of a host's https site, as the fetcher does.
func (server *testServer) setHost(t *testing.T, subjectHost string, site hosts.Site, pause hosts.Pause) {
	t.Helper()
	bucket, err := server.js.KeyValue(t.Context(), subject.BucketHosts)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]any{
		hosts.SiteKey("https", subjectHost): site, hosts.PauseKey(subjectHost): pause,
	} {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bucket.Put(t.Context(), key, data); err != nil {
			t.Fatal(err)
		}
	}
}

// text returns a page as text, with each run of white space as one space.
func text(page string) string {
	_, page, _ = strings.Cut(page, "<main")
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(page, "<")
		b.WriteString(before)
		if !found {
			return strings.Join(strings.Fields(b.String()), " ")
		}
		_, page, _ = strings.Cut(rest, ">")
		b.WriteByte(' ')
	}
}

func pathOfURL(address string) string { return "/urls?" + url.Values{"url": {address}}.Encode() }

// TestURLPage reads the pages of URLs in every state.
func TestURLPage(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	now := time.Now()
	outcome := func(
		address string, stage datelinev1.Stage, verdict datelinev1.Verdict, reason string,
	) *datelinev1.Outcome {
		return &datelinev1.Outcome{
			Stage: stage, Verdict: verdict, Reason: reason, Url: address, Host: "example.com", InputId: address,
			Detail: reason + " in detail", RequestId: address, Attempt: 3, Time: timestamppb.New(now),
		}
	}
	const (
		stored, dead, passed = "https://example.com/ferry", "https://example.com/dead", "https://example.com/passed"
		retried, queued      = "https://slow.example/retried", "https://slow.example/queued"
	)
	server.put(t, article("ferry", "Ferry returns", "x", noon))
	server.record(t, []*datelinev1.Outcome{
		outcome(stored, datelinev1.Stage_STAGE_INDEX, datelinev1.Verdict_VERDICT_PRODUCED, "new"),
		outcome(dead, datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_DEAD, "tls"),
		outcome(passed, datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_PRODUCED, ""),
	})
	server.queue(t, retried, now.Add(10*time.Minute), now.Add(-2*time.Minute), now.Add(-time.Minute))
	server.queue(t, queued, now)
	for _, test := range []struct {
		address string
		status  int
		want    []string
	}{
		{stored, 200, []string{"Stored.", "Ferry returns", "index produced : new, attempt 3"}},
		{dead, 200, []string{"Failed in stage fetch: tls.", "fetch dead : tls, attempt 3 tls in detail"}},
		{passed, 200, []string{"On its way: stage fetch has finished"}},
		{retried, 200, []string{
			"Waits to be fetched: the last attempt failed (timeout)", "Next attempt in 9 min ", "2 of 2 in the queue",
			"2 failed", "took more than 20 s",
		}},
		{queued, 200, []string{"Waits to be fetched: it is next in the queue", "1 of 2 in the queue", "none yet"}},
		{"https://example.com/absent", 404, []string{"Nothing is known about this URL"}},
		{"mailto:x", 400, []string{"This is not a URL: give a URL that starts with https://"}},
		{"", 200, []string{"Paste a URL"}},
	} {
		status, _, body := server.request(t, http.MethodGet, pathOfURL(test.address))
		if status != test.status {
			t.Errorf("%s: status %d, want %d", test.address, status, test.status)
		}
		for _, want := range test.want {
			if !strings.Contains(text(body), want) {
				t.Errorf("%s: the page does not say %q: %s", test.address, want, text(body))
			}
		}
	}
}

// TestURLPageNamesExpiredOutcomes reads the pages of URLs whose outcomes may have expired.
func TestURLPageNamesExpiredOutcomes(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	server.put(t, article("ferry", "Ferry returns", "x", noon))
	since := noon.Add(30 * 24 * time.Hour)
	if _, _, err := server.store.ExpireOutcomes(t.Context(), since, since); err != nil {
		t.Fatal(err)
	}
	note := "Outcomes from before " + since.Format(time.DateOnly) + " have expired (indexer.keep-outcomes): "
	for address, want := range map[string]string{
		"https://example.com/ferry":  note + "the article was first stored",
		"https://example.com/absent": note + "the URL may have been published",
	} {
		if _, _, body := server.request(t, http.MethodGet, pathOfURL(address)); !strings.Contains(text(body), want) {
			t.Errorf("%s: the page does not say %q: %s", address, want, text(body))
		}
	}
}

// TestURLPageRefreshes reads how often the pages of URLs refresh themselves: rarely if
// nothing will happen soon, or if a long queue is read each time.
func TestURLPageRefreshes(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	server.put(t, article("ferry", "Ferry returns", "x", noon))
	server.queue(t, "https://short.example/a", time.Now())
	for i := range 101 {
		server.queue(t, fmt.Sprint("https://long.example/", i), time.Now())
	}
	for address, want := range map[string]int{
		"https://example.com/ferry": 60, "https://short.example/a": 5, "https://long.example/7": 60,
	} {
		if page := server.get(t, pathOfURL(address)); !strings.Contains(page, fmt.Sprintf(`data-refresh="%d"`, want)) {
			t.Errorf("%s: the page does not refresh itself after %d s", address, want)
		}
	}
}

// TestHost reads the state of hosts on the page and over the API.
func TestHost(t *testing.T) {
	server := newTestServer(t, web.Config{Addr: "127.0.0.1:0"})
	now := time.Now().UTC().Truncate(time.Second)
	server.queue(t, "https://slow.example/a", now.Add(time.Hour), now)
	server.queue(t, "https://slow.example/b", now)
	server.setHost(t, "example.slow", hosts.Site{
		Until: now.Add(time.Hour), Failures: 7, FailingSince: now.Add(-time.Hour),
		Verdict: &hosts.Robots{Access: "rules", Status: 503, Fetched: now.Add(-48 * time.Hour), Expires: now, Failures: 2},
	}, hosts.Pause{Length: 90 * time.Second, Until: now.Add(time.Hour)})

	type answer struct {
		Host   string
		Queued int
		Queue  []struct {
			URL   string
			Place int
		}
		Pause  float64   `json:"pause_seconds"`
		Paused time.Time `json:"paused_until"`
		Sites  []struct {
			Scheme   string
			Robots   hosts.Robots
			Failures int
			Until    time.Time `json:"rests_until"`
		}
	}
	got := decode[answer](t, server.get(t, "/api/v1/hosts/slow.example"))
	if got.Queued != 2 || len(got.Queue) != 2 || got.Queue[0].URL != "https://slow.example/b" || got.Pause != 90 ||
		!got.Paused.Equal(now.Add(time.Hour)) || len(got.Sites) != 1 {
		t.Fatalf("host %+v", got)
	}
	if s := got.Sites[0]; s.Scheme != "https" || s.Failures != 7 || !s.Until.Equal(now.Add(time.Hour)) ||
		s.Robots.Access != "rules" || s.Robots.Status != 503 || s.Robots.Failures != 2 {
		t.Errorf("site %+v", s)
	}
	page := text(server.get(t, "/hosts/slow.example"))
	for _, want := range []string{
		"1 min 30 s", "asked for a pause until", "open until", "7 failures in a row", "rules, status 503, 2 failed requests",
		"https://slow.example/b fresh 0 now", "timeout",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q: %s", want, page)
		}
	}
	server.setHost(t, "example.once", hosts.Site{
		Failures: 1, FailingSince: now, Verdict: &hosts.Robots{Access: "rules", Status: 503, Expires: now, Failures: 1},
	}, hosts.Pause{})
	if page := text(server.get(t, "/hosts/once.example")); !strings.Contains(page, "closed, 1 failure since") ||
		!strings.Contains(page, ", 1 failed request ") {
		t.Errorf("the page does not count one failure: %s", page)
	}
	for i := range 60 {
		server.queue(t, fmt.Sprint("https://retried.example/", i), now.Add(time.Hour), now)
	}
	server.queue(t, "https://retried.example/due", now)
	retried := decode[answer](t, server.get(t, "/api/v1/hosts/retried.example"))
	if len(retried.Queue) != 50 || retried.Queue[0].URL != "https://retried.example/due" {
		t.Errorf("%d URLs are listed, the first is %+v; want 50, and the one that is due",
			len(retried.Queue), retried.Queue[0])
	}
	unknown := decode[answer](t, server.get(t, "/api/v1/hosts/unknown.example"))
	if unknown.Queued != 0 || unknown.Sites == nil || unknown.Queue == nil {
		t.Errorf("an unknown host: %+v", unknown)
	}
	for _, path := range []string{"/hosts/a%2Fb", "/api/v1/hosts/a%2Fb", "/hosts/%20"} {
		if status, _, _ := server.request(t, http.MethodGet, path); status != http.StatusBadRequest {
			t.Errorf("GET %s: status %d, want 400", path, status)
		}
	}
}
