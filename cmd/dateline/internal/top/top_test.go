package top

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"go.uber.org/goleak"

	"github.com/dateline-news/dateline/internal/natstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// process serves metrics that the test can change.
func process(t *testing.T) (addr string, set func(string)) {
	t.Helper()
	text := make(chan string, 1)
	text <- ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := <-text
		text <- now
		if r.URL.Path != "/metrics" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, now)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), func(now string) {
		<-text
		text <- now
	}
}

func at(second int) func() time.Time {
	return func() time.Time { return time.Date(2026, 11, 20, 12, 0, second, 0, time.UTC) }
}

const fetcherBefore = `dateline_stage_outcomes_total{stage="intake",verdict="produced"} 500
dateline_stage_outcomes_total{stage="fetch",verdict="produced"} 100
dateline_stage_outcomes_total{stage="fetch",verdict="dead"} 4
dateline_stage_retries_total{stage="fetch",reason="timeout"} 10
dateline_stage_outcome_reasons_total{stage="fetch",verdict="dead",reason="timeout"} 4
`

const fetcherAfter = `dateline_stage_outcomes_total{stage="intake",verdict="produced"} 500
dateline_stage_outcomes_total{stage="fetch",verdict="produced"} 1300
dateline_stage_outcomes_total{stage="fetch",verdict="dead"} 9
dateline_stage_retries_total{stage="fetch",reason="timeout"} 12
dateline_stage_retries_total{stage="fetch",reason="dns"} 1
dateline_stage_outcome_reasons_total{stage="fetch",verdict="dead",reason="timeout"} 8
dateline_stage_outcome_reasons_total{stage="fetch",verdict="dead",reason="dns"} 1
dateline_stage_outcome_reasons_total{stage="fetch",verdict="rejected",reason="not_found"} 70
dateline_stage_in_flight{stage="fetch"} 40
dateline_stream_messages{stream="FRONTIER"} 2540
dateline_stream_oldest_age_seconds{stream="FRONTIER"} 200
dateline_consumer_pending{stream="URLS",consumer="intake"} 7
dateline_frontier_hosts 320
dateline_frontier_hosts_active 40
dateline_fetch_breakers_open 2
dateline_fetch_refusing_hosts 3
dateline_fetch_sharing_hosts 8
dateline_fetch_shared_addresses 1
`

const indexerAfter = `# TYPE dateline_index_freshness_seconds histogram
dateline_index_freshness_seconds_bucket{le="0.5"} 50
dateline_index_freshness_seconds_bucket{le="1"} 90
dateline_index_freshness_seconds_bucket{le="2.5"} 100
dateline_index_freshness_seconds_bucket{le="+Inf"} 100
dateline_index_freshness_seconds_sum 60
dateline_index_freshness_seconds_count 100
# TYPE dateline_stage_duration_seconds histogram
dateline_stage_duration_seconds_bucket{stage="index",le="0.01"} 0
dateline_stage_duration_seconds_bucket{stage="index",le="0.03"} 10
dateline_stage_duration_seconds_bucket{stage="index",le="+Inf"} 10
dateline_stage_duration_seconds_sum{stage="index"} 0.2
dateline_stage_duration_seconds_count{stage="index"} 10
dateline_stage_outcomes_total{stage="index",verdict="produced"} 30
dateline_consumer_pending{stream="ARTICLES",consumer="index"} 12
dateline_consumer_ack_pending{stream="ARTICLES",consumer="index"} 200
dateline_consumer_oldest_waiting_seconds{stream="ARTICLES",consumer="index"} 0.25
dateline_stream_messages{stream="PAGES"} 81234
dateline_stream_bytes{stream="PAGES"} 4294967296
dateline_stream_limit_bytes{stream="PAGES"} 8589934592
dateline_stream_messages{stream="FRONTIER"} 2500
dateline_source_hosts{state="publishing"} 120
dateline_source_hosts{state="silent"} 3
dateline_source_hosts{state="learning"} 9
dateline_source_silent_hosts{cause="blocked"} 2
dateline_source_silent_hosts{cause="gone"} 1
dateline_source_silent_hosts{cause="robots"} 0
dateline_store_articles 1234567
dateline_store_bytes 5.1e+09
`

func twoSamples(t *testing.T) (before, after Sample) {
	t.Helper()
	fetcher, setFetcher := process(t)
	second, setSecond := process(t)
	indexer, setIndexer := process(t)
	addresses := []string{fetcher, "http://" + second + "/", indexer, "127.0.0.1:1"}
	setFetcher(fetcherBefore)
	// The second fetcher is restarted between the samples, so its counter decreases.
	setSecond(`dateline_stage_outcomes_total{stage="fetch",verdict="produced"} 9000` + "\n")
	before = Read(t.Context(), addresses, at(0))
	setFetcher(fetcherAfter)
	setSecond(`dateline_stage_outcomes_total{stage="fetch",verdict="produced"} 300` + "\ndateline_frontier_hosts 80\n")
	setIndexer(indexerAfter)
	return before, Read(t.Context(), addresses, at(10))
}

const want = `dateline top   12:00:10   3 of 4 processes answer   rates over 10 s   q quits
no answer: 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused
stage    ended/s produced  dead/s  retry/s in flight  waiting  oldest  median
intake         0        0       0        0         0        7       -       -
fetch        151      150     0.5      0.3        40    2,500      3m       -
extract        0        0       0        0         0        0       -       -
index        3.0      3.0       0        0         0       12   250ms    20ms
ledger         0        0       0        0         0        0       -       -

fresh     500ms until stored (median), 1.8s (95 %), for 100 articles
hosts     40 active, 400 queued (8 share one address), 2 paused, 3 refusing
sources   120 publishing, 3 silent, 9 new (blocked 2, gone 1)
dead      9 since start: fetch timeout 8, fetch dns 1
store     1.2M articles, 4.75 GB

stream      messages     size   full   oldest
URLS               0      0 B               -
FRONTIER       2,540      0 B              3m
LISTINGS           0      0 B               -
PAGES         81,234     4 GB   50 %        -
ARTICLES           0      0 B               -
OUTCOMES           0      0 B               -
DEAD               0      0 B               -
REVISIONS          0      0 B               -`

func TestRender(t *testing.T) {
	before, after := twoSamples(t)
	snapshot := NewSnapshot(before, after)
	if got := Render(snapshot, "   q quits", 80, 24); got != want {
		t.Errorf("80 by 24:\n%s\nwant\n%s", got, want)
	}
	for _, screen := range [][2]int{{80, 24}, {40, 10}, {20, 3}, {1, 1}} {
		lines := strings.Split(Render(snapshot, "", screen[0], screen[1]), "\n")
		if len(lines) > screen[1] {
			t.Errorf("%v: %d lines", screen, len(lines))
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > screen[0] {
				t.Errorf("%v: too wide: %q", screen, line)
			}
		}
	}
	const fetch = `"name":"fetch","ended":150.5,"produced":150,"dead":0.5,"retries":0.3`
	if data, err := json.Marshal(snapshot); err != nil || !strings.Contains(string(data), fetch) {
		t.Errorf("the snapshot as JSON is %s, %v", data, err)
	}
}

// TestRenderLargeNumbers checks that large numbers fit into their columns and the rows
// into 80 columns.
func TestRenderLargeNumbers(t *testing.T) {
	s := Snapshot{Time: at(0)(), Processes: 12, Seconds: 10}
	for _, in := range stageInputs() {
		s.Stages = append(s.Stages, Stage{
			Name: in.stage, Ended: 99_999, Produced: 99_999, Dead: 9_999, Retries: 9_999,
			InFlight: 99_999, Waiting: 999_999, Unacked: 1, Oldest: 47 * 3600, Median: 0.999,
		})
	}
	lines := strings.Split(Render(s, "", 1000, 24), "\n")
	for _, line := range lines[2:8] {
		if n := utf8.RuneCountInString(line); n > 80 || n != utf8.RuneCountInString(lines[2]) {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

func TestOneSampleHasNoRates(t *testing.T) {
	_, after := twoSamples(t)
	if got := NewSnapshot(after, after); got.Stages[1].Ended != 0 || got.Stages[1].Waiting != 2500 {
		t.Errorf("one sample: %+v", got.Stages[1])
	}
}

// TestLive drives the model through samples, a new screen size and keys.
func TestLive(t *testing.T) {
	before, after := twoSamples(t)
	samples := []Sample{before, after}
	var m tea.Model = live{columns: 80, rows: 24, interval: time.Hour, read: func() Sample {
		next := samples[0]
		samples = samples[1:]
		return next
	}}
	if got := m.View().Content; !strings.Contains(got, "reading the metrics") {
		t.Errorf("the initial screen is %q", got)
	}
	take := func(msg tea.Msg) tea.Cmd {
		next, cmd := m.Update(msg)
		m = next
		return cmd
	}
	if take(m.Init()()) == nil {
		t.Error("no further sample is scheduled after the first one")
	}
	take(take(due{})())
	if view := m.View(); view.Content != want || !view.AltScreen {
		t.Errorf("the screen after two samples is\n%s", view.Content)
	}
	take(tea.WindowSizeMsg{Width: 30, Height: 5})
	if got := strings.Split(m.View().Content, "\n"); len(got) != 5 || !strings.HasSuffix(got[0], "…") {
		t.Errorf("the small screen is %q", got)
	}
	for _, key := range []tea.KeyPressMsg{{Code: 'q', Text: "q"}, {Code: 'c', Mod: tea.ModCtrl}} {
		cmd := take(key)
		if cmd == nil {
			t.Fatalf("%v does nothing", key)
		}
		if _, quits := cmd().(tea.QuitMsg); !quits {
			t.Errorf("%v does not quit", key)
		}
	}
	if cmd := take(tea.KeyPressMsg{Code: 'x', Text: "x"}); cmd != nil {
		t.Error("x does something")
	}
	// Samples older than the rate period are dropped.
	for i := range 40 {
		take(Sample{Time: at(i)()})
	}
	if n := len(m.(live).samples); n != 11 {
		t.Errorf("%d samples, one per second, are kept, want 11", n)
	}
}

func TestReadRefusesOtherResponses(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	page, set := process(t)
	set("<html>")
	s := Read(t.Context(), []string{other.URL, page}, at(0))
	for i, part := range []string{"give an admin address", "reading its metrics"} {
		if len(s.Silent) != 2 || !strings.Contains(s.Silent[i], part) {
			t.Errorf("the errors are %q", s.Silent)
		}
	}
	if got := fmt.Sprint(NewSnapshot(s, s).Stages[0]); !strings.Contains(got, "intake 0 0") {
		t.Errorf("the snapshot without metrics is %s", got)
	}
}

// screen records what a program draws, and closes seen once that contains wanted.
type screen struct {
	text   strings.Builder
	wanted string
	seen   chan struct{}
}

func (s *screen) Write(data []byte) (int, error) {
	if s.text.Write(data); s.seen != nil && strings.Contains(s.text.String(), s.wanted) {
		close(s.seen)
		s.seen = nil
	}
	return len(data), nil
}

// TestLiveEndsWithQ runs the whole program on pipes in place of a terminal.
func TestLiveEndsWithQ(t *testing.T) {
	addr, set := process(t)
	set(fetcherAfter)
	keys, typed := io.Pipe()
	defer typed.Close()
	seen := make(chan struct{})
	out := &screen{wanted: "active", seen: seen}
	ended := make(chan error, 1)
	go func() { ended <- Live(t.Context(), []string{addr}, 100*time.Millisecond, keys, out) }()
	select {
	case <-seen:
	case err := <-ended:
		t.Fatalf("the program ended with %v after drawing %q", err, out.text.String())
	case <-natstest.Context(t).Done():
		t.Fatalf("the program has not drawn %q", out.wanted)
	}
	if _, err := io.WriteString(typed, "q"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestHostsThatShareAddresses(t *testing.T) {
	for want, hosts := range map[string]Hosts{
		"1 active, 9 queued, 0 paused, 0 refusing": {Active: 1, Queued: 9},
		"1 active, 9 queued (6 share one address), 0 paused, 0 refusing": {
			Active: 1, Queued: 9, Sharing: 6, SharedAddresses: 1,
		},
		"1 active, 9 queued (6 share 2 addresses), 0 paused, 0 refusing": {
			Active: 1, Queued: 9, Sharing: 6, SharedAddresses: 2,
		},
	} {
		if got := renderHosts(hosts); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestRenderSubscriptions shows the notifier as a stage once there are subscriptions.
func TestRenderSubscriptions(t *testing.T) {
	addr, set := process(t)
	set("dateline_notify_deliveries_total{result=\"delivered\"} 100\ndateline_notify_subscriptions{state=\"active\"} 0\n")
	before := Read(t.Context(), []string{addr}, at(0))
	if got := Render(NewSnapshot(before, before), "", 80, 30); strings.Contains(got, "notify") {
		t.Errorf("without subscriptions:\n%s", got)
	}
	set(`dateline_notify_deliveries_total{result="delivered"} 400
dateline_notify_deliveries_total{result="failed"} 20
dateline_notify_deliveries_total{result="retried"} 50
dateline_notify_deliveries_total{result="skipped"} 10
dateline_notify_pending 1234
dateline_notify_overdue_seconds 2
dateline_notify_failing_seconds 7200
dateline_notify_behind_seconds 0.3
dateline_notify_subscriptions{state="active"} 12
dateline_notify_subscriptions{state="failing"} 1
dateline_notify_subscriptions{state="suspended"} 3
`)
	got := Render(NewSnapshot(before, Read(t.Context(), []string{addr}, at(10))), "", 80, 30)
	for _, line := range []string{
		"notify        33       30     2.0      5.0         0    1,234    2.0s       -\n",
		"notify    12 active, 1 failing (for 2h), 3 suspended, matching is 300ms behind\n",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("the screen lacks %q:\n%s", line, got)
		}
	}
}
