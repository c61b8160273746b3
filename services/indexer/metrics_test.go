package indexer

import (
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dateline-news/dateline/internal/outcome"
	"github.com/dateline-news/dateline/internal/stage"
	"github.com/dateline-news/dateline/internal/subject"
	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestPutMetrics verifies what counts towards freshness, copies and corrections.
func TestPutMetrics(t *testing.T) {
	m := newMetrics(prometheus.NewRegistry())
	due := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	article := func(seconds int, priority datelinev1.Priority) *datelinev1.Article {
		return &datelinev1.Article{DueTime: timestamppb.New(due.Add(-time.Duration(seconds) * time.Second)),
			Priority: priority}
	}
	const fresh, backfill = datelinev1.Priority_PRIORITY_FRESH, datelinev1.Priority_PRIORITY_BACKFILL
	corrected := article(4, fresh)
	corrected.Text = "The bridge is long.\n\nCorrection: an earlier version gave another length."
	m.put(article(2, fresh), store.PutResult{Status: store.New, Copy: true}, due)
	m.put(corrected, store.PutResult{Status: store.Changed}, due)
	m.put(corrected, store.PutResult{Status: store.Unchanged}, due)
	m.put(article(-5, fresh), store.PutResult{Status: store.New}, due) // the sender's clock is ahead
	m.put(article(100, backfill), store.PutResult{Status: store.New}, due)
	m.put(article(100, fresh), store.PutResult{Status: store.Erased}, due)
	m.put(&datelinev1.Article{}, store.PutResult{Status: store.New}, due) // from an older extractor

	read := func(metric prometheus.Metric) *dto.Metric {
		out := &dto.Metric{}
		if err := metric.Write(out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if h := read(m.freshness).GetHistogram(); h.GetSampleCount() != 4 || h.GetSampleSum() != 2+4+4+0 {
		t.Errorf("freshness: %d articles, %g seconds; want 4 and 10", h.GetSampleCount(), h.GetSampleSum())
	}
	copies, corrections := read(m.copies).GetCounter().GetValue(), read(m.corrections).GetCounter().GetValue()
	if copies != 1 || corrections != 1 {
		t.Errorf("%g copies and %g corrections, want one of each", copies, corrections)
	}
	if got := read(m.articles.WithLabelValues("new")).GetCounter().GetValue(); got != 4 {
		t.Errorf("%g new articles, want 4", got)
	}
}

func TestTheTableOfOutcomesListsTheStatusesOfTheStore(t *testing.T) {
	entries := outcome.OfStage(subject.StageName(datelinev1.Stage_STAGE_INDEX))
	for _, status := range []store.Status{
		store.New, store.Changed, store.Unchanged, store.Outdated, store.Erased, store.ErasedCopy,
	} {
		ended := &datelinev1.Outcome{}
		judge(&stage.Result{Outcome: ended}, store.PutResult{Status: status})
		if !slices.ContainsFunc(entries, func(e outcome.Entry) bool {
			return string(e.Reason) == ended.GetReason() && e.Verdict == ended.GetVerdict()
		}) {
			t.Errorf("the table has no entry for %v with reason %q", ended.GetVerdict(), ended.GetReason())
		}
	}
}
