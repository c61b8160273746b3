package indexer

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/weburl"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/discoverer/sources"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

const (
	rejected = datelinev1.Verdict_VERDICT_REJECTED
	produced = datelinev1.Verdict_VERDICT_PRODUCED
	dead     = datelinev1.Verdict_VERDICT_DEAD
)

// result is the outcome of a stage.
type result struct {
	stage   datelinev1.Stage
	verdict datelinev1.Verdict
	reason  string
}

// resultsOfArticle are the outcomes of a URL that leads to a new article.
var resultsOfArticle = []result{
	{intakeStage, produced, ""}, {fetchStage, produced, ""}, {extractStage, produced, ""},
	{indexStage, produced, "new"},
}

// sourcesTest records the outcomes of sources hour by hour, and examines them.
type sourcesTest struct {
	t     *testing.T
	store store.Store
	watch *sourceWatch
	log   bytes.Buffer
	now   time.Time
}

func newSourcesTest(t *testing.T, begin time.Time) *sourcesTest {
	_, js := natstest.Start(t)
	s, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	test := &sourcesTest{t: t, store: s, now: begin}
	articles, registry := library.New(s, js), prometheus.NewRegistry()
	test.watch = newSourceWatch(sourceWatch{
		store: s, library: articles, list: newSourceList(articles, registry),
		log: slog.New(slog.NewTextHandler(&test.log, nil)),
		now: func() time.Time { return test.now },
	}, registry)
	return test
}

// recordHours records one request per host and hour, and advances the clock.
func (s *sourcesTest) recordHours(hours int, results map[string][]result) {
	s.t.Helper()
	var batch []*datelinev1.Outcome
	for range hours {
		for host, stages := range results {
			for i, r := range stages {
				batch = append(batch, &datelinev1.Outcome{
					Stage: r.stage, Verdict: r.verdict, Reason: r.reason, Host: host,
					InputId: fmt.Sprint(host, s.now.Unix(), i), Time: timestamppb.New(s.now),
				})
			}
		}
		s.now = s.now.Add(time.Hour)
	}
	if err := s.store.Record(s.t.Context(), batch); err != nil {
		s.t.Fatal(err)
	}
}

// discover adds the site of a host as a source of discovery with a feed, and changes its endpoints.
func (s *sourcesTest) discover(host string, change func(*sources.Endpoint)) {
	s.t.Helper()
	all := sources.Of(s.store)
	home, err := weburl.Parse("https://" + host + "/")
	if err != nil {
		s.t.Fatal(err)
	}
	feed, err := weburl.Parse("https://" + host + "/feed.xml")
	if err != nil {
		s.t.Fatal(err)
	}
	source := sources.New(home, nil, s.now)
	err = all.Add(s.t.Context(), source, []sources.Endpoint{
		sources.NewEndpoint(source.ID, home, datelinev1.Purpose_PURPOSE_LINKS, sources.HintHome),
		sources.NewEndpoint(source.ID, feed, datelinev1.Purpose_PURPOSE_FEED, "link"),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	claimed, err := all.Claim(s.t.Context(), s.now, s.now.Add(time.Hour), 10, 100)
	if err != nil || len(claimed) != 2 {
		s.t.Fatalf("%d endpoints, %v", len(claimed), err)
	}
	for _, e := range claimed {
		e.Settled, e.NextPoll = e.Poll, s.now.Add(1000*time.Hour)
		change(&e)
		if stored, err := all.Settle(s.t.Context(), e, sources.Reading{}); err != nil || !stored {
			s.t.Fatal(stored, err)
		}
	}
}

// expect examines the sources and compares the metrics.
func (s *sourcesTest) expect(states, causes map[string]float64) {
	s.t.Helper()
	if err := s.watch.examine(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	for state, want := range states {
		if got := testutil.ToFloat64(s.watch.hosts.WithLabelValues(state)); got != want {
			s.t.Errorf("at %v: %v hosts are %s, want %v", s.now, got, state, want)
		}
	}
	for _, cause := range outcome.Causes() {
		got, want := testutil.ToFloat64(s.watch.silent.WithLabelValues(string(cause))), causes[string(cause)]
		if got != want {
			s.t.Errorf("at %v: %v hosts are silent because of %s, want %v", s.now, got, cause, want)
		}
	}
}

// TestSourcesFallSilent lets sources become silent for every cause. The metrics
// and the log must report which sources are silent, and why, the same day.
func TestSourcesFallSilent(t *testing.T) {
	endings := map[string][]result{
		"fine.test":    resultsOfArticle,
		"blocked.test": {{intakeStage, produced, ""}, {fetchStage, rejected, "forbidden"}},
		"robots.test":  {{intakeStage, produced, ""}, {fetchStage, rejected, "robots_denied"}},
		"down.test":    {{intakeStage, produced, ""}, {fetchStage, dead, "connect"}},
		"gone.test":    {{intakeStage, produced, ""}, {fetchStage, rejected, "not_found"}},
		"redesign.test": {{intakeStage, produced, ""}, {fetchStage, produced, ""},
			{extractStage, rejected, "no_article"}},
		"repeats.test":  {{intakeStage, datelinev1.Verdict_VERDICT_DUPLICATE, "seen"}},
		"quiet.test":    nil,
		"feedless.test": nil,
		"frozen.test": {{intakeStage, produced, ""}, {fetchStage, produced, ""},
			{extractStage, rejected, "no_article"}},
	}
	usual := map[string][]result{}
	for host := range endings {
		usual[host] = resultsOfArticle
	}
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	s := newSourcesTest(t, begin)
	if n := testutil.CollectAndCount(s.watch.hosts); n != 3 {
		t.Errorf("%d series of states before the first examination, want 3", n)
	}
	for range 3 * 7 { // days
		s.recordHours(24, usual)
	}
	s.now = s.now.Add(10 * time.Minute)
	s.expect(map[string]float64{"publishing": 10, "silent": 0, "learning": 0}, nil)
	s.discover("feedless.test", func(e *sources.Endpoint) {
		e.State, e.Reason, e.Articles, e.NewTime = sources.Retired, "gone: 410", 9, s.now
	})
	frozen := s.now
	s.discover("frozen.test", func(e *sources.Endpoint) {
		e.State, e.Articles, e.NewTime = sources.Active, 9, frozen.Add(-time.Hour)
		if e.Hint == sources.HintHome {
			e.NewTime = frozen.Add(20 * time.Hour)
		}
	})
	for range 30 {
		s.recordHours(1, endings)
		if err := s.watch.examine(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.expect(map[string]float64{"publishing": 1, "silent": 9}, map[string]float64{
		"endpoints_gone": 1, "feed_frozen": 1,
		"blocked": 1, "robots": 1, "unreachable": 1, "gone": 1, "drifted": 1, "duplicates": 1, "nothing_published": 1,
	})
	for host, cause := range map[string]string{
		"blocked.test": "blocked", "redesign.test": "drifted", "quiet.test": "nothing_published",
	} {
		line := fmt.Sprintf("host=%s since=2026-03-23T00:00:00.000Z cause=%s", host, cause)
		if n := strings.Count(s.log.String(), line); n != 1 {
			t.Errorf("the log contains %q %d times, want once:\n%s", line, n, s.log.String())
		}
	}
	listed := map[string]string{}
	for host, cause := range map[string]string{
		"blocked.test": "blocked", "robots.test": "robots", "down.test": "unreachable", "gone.test": "gone",
		"redesign.test": "drifted", "repeats.test": "duplicates", "quiet.test": "nothing_published", "fine.test": "",
		"feedless.test": "endpoints_gone", "frozen.test": "feed_frozen",
	} {
		state := library.StateSilent
		if cause == "" {
			state = library.StatePublishing
		}
		if testutil.ToFloat64(s.watch.list.info.WithLabelValues(host, state, cause)) != 1 {
			listed[host] = state + " " + cause
		}
	}
	if n := testutil.CollectAndCount(s.watch.list.info); len(listed) > 0 || n != 10 {
		t.Errorf("%d sources are listed by host, want 10; missing are %v", n, listed)
	}
	if strings.Contains(s.log.String(), "fine.test") {
		t.Errorf("the log mentions a source that publishes as usual:\n%s", s.log.String())
	}
}
