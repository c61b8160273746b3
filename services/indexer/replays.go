package indexer

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// replayMetrics report the progress of the run of dateline replay that replaces records.
type replayMetrics struct{ pages, expected, secondsLeft prometheus.Gauge }

func newReplayMetrics(reg prometheus.Registerer) replayMetrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := replayMetrics{
		gauge("dateline_replay_pages", "Pages that the replay in progress has extracted, updated every one to two minutes. "+
			"0 if none is in progress."),
		gauge("dateline_replay_expected_pages", "Maximum number of pages that the replay in progress extracts. "+
			"0 if none is in progress, or if the number is unknown, as for web archives."),
		gauge("dateline_replay_left_seconds", "Estimated maximum of seconds until the replay in progress ends. "+
			"0 if none is in progress, or if its number of pages is unknown."),
	}
	reg.MustRegister(m.pages, m.expected, m.secondsLeft)
	return m
}

// abandoned is the time without progress after which a run is no longer in progress.
const abandoned = 10 * time.Minute

// replayRun is the part of a run that the metrics need. The command that extracts the pages
// stores it.
type replayRun struct {
	start, update int64  // in microseconds since 1970
	counts        string // JSON
}

// measure reads the progress of the last run that has not ended.
func (m replayMetrics) measure(ctx context.Context, db store.Database, now time.Time) error {
	runs, err := store.ReadRows(ctx, db, "reading the replay in progress", func(rows *sql.Rows) (r replayRun, err error) {
		return r, rows.Scan(&r.start, &r.update, &r.counts)
	}, `SELECT start_time, update_time, counts FROM replay_runs WHERE end_time = 0 AND update_time > $1
		ORDER BY start_time DESC LIMIT 1`, now.Add(-abandoned).UnixMicro())
	if err != nil {
		return err
	}
	var counts struct {
		Pages    int64 `json:"pages"`
		Expected int64 `json:"expected"`
	}
	left := time.Duration(0)
	if len(runs) > 0 {
		if err := json.Unmarshal([]byte(runs[0].counts), &counts); err != nil {
			return fmt.Errorf("decoding the progress of a replay: %w", err)
		}
		took := time.Duration(runs[0].update-runs[0].start) * time.Microsecond
		if counts.Pages > 0 {
			left = time.Duration(float64(took) / float64(counts.Pages) * float64(max(0, counts.Expected-counts.Pages)))
		}
	}
	m.pages.Set(float64(counts.Pages))
	m.expected.Set(float64(counts.Expected))
	m.secondsLeft.Set(left.Seconds())
	return nil
}
