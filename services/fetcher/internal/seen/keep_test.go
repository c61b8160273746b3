package seen

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/dateline-news/dateline/internal/natstest"
)

// TestCountsOfMarks checks what the metrics tell about marks, and when the next check comes.
func TestCountsOfMarks(t *testing.T) {
	nc, js := natstest.Start(t)
	marks := opened(t, js)
	metrics := NewMetrics(prometheus.NewRegistry())
	mustClaim(t, marks, "r", "a", "b", "c", "d", "e", "f")
	pack := func(ctx context.Context) (Packed, error) { return marks.pack(ctx, atMost(4)) }
	check := func(count func(context.Context) (Packed, error), rest time.Duration, entries, packed, failures float64) {
		t.Helper()
		if got := marks.look(t.Context(), slog.New(slog.DiscardHandler), metrics, count); got != rest {
			t.Errorf("the next check comes after %v, want %v", got, rest)
		}
		for name, value := range map[string]struct {
			metric prometheus.Collector
			want   float64
		}{
			"marks with entries": {metrics.marks.WithLabelValues("entry"), entries},
			"packed marks":       {metrics.marks.WithLabelValues("packed"), packed},
			"failures":           {metrics.failures, failures},
		} {
			if got := testutil.ToFloat64(value.metric); got != value.want {
				t.Errorf("%s: %v, want %v", name, got, value.want)
			}
		}
	}
	check(marks.Count, packInterval, 6, 0, 0)
	check(pack, 0, 2, 4, 0) // packs all but half of those that may have an entry
	check(pack, packInterval, 2, 4, 0)
	check(marks.Count, packInterval, 2, 4, 0)
	nc.Close()
	check(pack, packRest, 2, 4, 1) // the counts stay as they were
}
