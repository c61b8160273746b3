package indexer

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/dateline-news/dateline/services/indexer/store"
	"github.com/dateline-news/dateline/services/indexer/storetest"
)

// TestReplayMetrics reads the progress of a run while it goes on, and after it was abandoned.
func TestReplayMetrics(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	update := start.Add(time.Minute)
	_, err = s.SQL().Writer.ExecContext(t.Context(), `INSERT INTO replay_runs
		(id, version, selection, place, counts, start_time, update_time, end_time, undo_time)
		VALUES ('run', '1.0.0', '{}', '', '{"pages":100,"expected":400}', $1, $2, 0, 0)`,
		start.UnixMicro(), update.UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
	m := newReplayMetrics(prometheus.NewRegistry())
	for _, test := range []struct {
		at              time.Time
		pages, expected float64
		left            time.Duration
	}{
		{update, 100, 400, 3 * time.Minute},
		{update.Add(time.Hour), 0, 0, 0},
	} {
		if err := m.measure(t.Context(), s.SQL(), test.at); err != nil {
			t.Fatal(err)
		}
		pages, expected := testutil.ToFloat64(m.pages), testutil.ToFloat64(m.expected)
		if left := testutil.ToFloat64(m.secondsLeft); pages != test.pages || expected != test.expected ||
			left != test.left.Seconds() {
			t.Errorf("at %s: %v of %v pages, %vs left", test.at, pages, expected, left)
		}
	}
}
