package indexer

import (
	"bytes"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/natstest"
	"github.com/dateline-news/dateline/internal/outcome"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestSourcesFallSilent lets a clock go on over sources that end in each way:
// the metrics and the log say which is silent, and why, the same day.
func TestSourcesFallSilent(t *testing.T) {
	_, js := natstest.Start(t)
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "articles.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	const (
		intake, fetch, extract, index = datelinev1.Stage_STAGE_INTAKE, datelinev1.Stage_STAGE_FETCH,
			datelinev1.Stage_STAGE_EXTRACT, datelinev1.Stage_STAGE_INDEX
		produced, rejected, dead = datelinev1.Verdict_VERDICT_PRODUCED, datelinev1.Verdict_VERDICT_REJECTED,
			datelinev1.Verdict_VERDICT_DEAD
	)
	type end struct {
		stage   datelinev1.Stage
		verdict datelinev1.Verdict
		reason  string
	}
	usual := []end{{intake, produced, ""}, {fetch, produced, ""}, {extract, produced, ""}, {index, produced, "new"}}
	endings := map[string][]end{
		"fine.test":     usual,
		"blocked.test":  {{intake, produced, ""}, {fetch, rejected, "forbidden"}},
		"robots.test":   {{intake, produced, ""}, {fetch, rejected, "robots_denied"}},
		"down.test":     {{intake, produced, ""}, {fetch, dead, "connect"}},
		"gone.test":     {{intake, produced, ""}, {fetch, rejected, "not_found"}},
		"redesign.test": {{intake, produced, ""}, {fetch, produced, ""}, {extract, rejected, "no_article"}},
		"repeats.test":  {{intake, datelinev1.Verdict_VERDICT_DUPLICATE, "seen"}},
		"quiet.test":    nil,
	}
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	now := begin
	hour := func(batch []*datelinev1.Outcome, host string, ends []end) []*datelinev1.Outcome {
		for i, e := range ends {
			batch = append(batch, &datelinev1.Outcome{Stage: e.stage, Verdict: e.verdict, Reason: e.reason, Host: host,
				InputId: fmt.Sprint(host, now.Unix(), i), Time: timestamppb.New(now)})
		}
		return batch
	}
	var log bytes.Buffer
	reg := prometheus.NewRegistry()
	w := newSourceWatch(sourceWatch{
		store: s, library: library.New(s, js), log: slog.New(slog.NewTextHandler(&log, nil)),
		now: func() time.Time { return now },
	}, reg)
	if n := testutil.CollectAndCount(w.hosts); n != 3 {
		t.Errorf("%d series of states before anything happened, want 3", n)
	}
	look := func(state map[string]float64, cause map[string]float64) {
		t.Helper()
		if err := w.examine(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, want := range state {
			if got := testutil.ToFloat64(w.hosts.WithLabelValues(name)); got != want {
				t.Errorf("at %v %v hosts are %s, want %v", now, got, name, want)
			}
		}
		for _, name := range outcome.Causes() {
			if got, want := testutil.ToFloat64(w.silent.WithLabelValues(string(name))), cause[string(name)]; got != want {
				t.Errorf("at %v %v hosts are silent because of %s, want %v", now, got, name, want)
			}
		}
	}
	for ; now.Before(begin.Add(3 * 7 * 24 * time.Hour)); now = now.Add(time.Hour) {
		var batch []*datelinev1.Outcome
		for host := range endings {
			batch = hour(batch, host, usual)
		}
		if err := s.Record(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(10 * time.Minute)
	look(map[string]float64{"publishing": 8, "silent": 0, "learning": 0}, nil)
	for range 30 {
		var batch []*datelinev1.Outcome
		for host, ends := range endings {
			batch = hour(batch, host, ends)
		}
		if err := s.Record(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
		if err := w.examine(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look(map[string]float64{"publishing": 1, "silent": 7},
		map[string]float64{"blocked": 1, "robots": 1, "unreachable": 1, "gone": 1, "drifted": 1, "duplicates": 1,
			"nothing_published": 1})
	for host, cause := range map[string]string{"blocked.test": "blocked", "redesign.test": "drifted",
		"quiet.test": "nothing_published"} {
		line := fmt.Sprintf("host=%s since=2026-03-23T00:00:00.000Z cause=%s", host, cause)
		if strings.Count(log.String(), line) != 1 {
			t.Errorf("the log does not say %q once:\n%s", line, log.String())
		}
	}
	if strings.Contains(log.String(), "fine.test") {
		t.Errorf("the log speaks of a source that publishes:\n%s", log.String())
	}
}
