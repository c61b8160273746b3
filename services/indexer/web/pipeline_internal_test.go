package web

import (
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// The fetcher's backlog is the messages of the frontier. The backlog of each other stage is what its consumer has not
// acknowledged.
func TestQueueOfAStage(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	flow := library.Flow{
		Time: now,
		Streams: []library.StreamState{
			{Name: "OTHER", Messages: 9, Oldest: now.Add(-time.Hour)},
			{Name: "FRONTIER", Messages: 4, Oldest: now.Add(-5 * time.Second)},
			{Name: "PAGES", Messages: 8, Oldest: now.Add(-time.Hour)},
		},
		Consumers: []library.ConsumerState{
			{Stage: "extract", Stream: "PAGES", Waiting: 3, InWork: 2, Oldest: now.Add(-7 * time.Second)},
			{Stage: "archive", Stream: "PAGES", Waiting: 6, InWork: 1, Oldest: now.Add(-time.Minute)},
		},
	}
	empty := library.Flow{Time: now, Streams: []library.StreamState{{Name: "FRONTIER"}}}
	const fetch, extract = datelinev1.Stage_STAGE_FETCH, datelinev1.Stage_STAGE_EXTRACT
	for name, c := range map[string]struct {
		stage        pipelineStage
		flow         library.Flow
		waiting      uint64
		inWork       int
		oldestWaited string
	}{
		"fetcher":            {pipelineStage{Name: "fetch", Stream: "FRONTIER", stage: fetch}, flow, 4, 0, "5 s"},
		"fetcher, no URLs":   {pipelineStage{Name: "fetch", Stream: "FRONTIER", stage: fetch}, empty, 0, 0, ""},
		"extractor":          {pipelineStage{Name: "extract", Stream: "PAGES", stage: extract}, flow, 3, 2, "7 s"},
		"extractor, unknown": {pipelineStage{Name: "extract", Stream: "PAGES", stage: extract}, empty, 0, 0, ""},
	} {
		c.stage.addQueue(c.flow)
		if c.stage.Waiting != c.waiting || c.stage.InWork != c.inWork || c.stage.Oldest != c.oldestWaited {
			t.Errorf("%s: %d waiting, %d in work, the oldest for %q; want %d, %d and %q", name, c.stage.Waiting,
				c.stage.InWork, c.stage.Oldest, c.waiting, c.inWork, c.oldestWaited)
		}
	}
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", time.Second - 1: "0 s", time.Second: "1 s", time.Minute - 1: "59 s", time.Hour - 1: "59 min",
		10 * time.Minute: "10 min",
	} {
		if got := age(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

// The pipeline page counts the outcomes of a stage in the last 24 hours. The last 60 minutes are the current hour and
// the end of the one before.
func TestHoursOfAStage(t *testing.T) {
	const fetch, extract = datelinev1.Stage_STAGE_FETCH, datelinev1.Stage_STAGE_EXTRACT
	now := time.Date(2026, 3, 1, 12, 15, 0, 0, time.UTC)
	hour := func(ago int, stage datelinev1.Stage, verdict datelinev1.Verdict, count int64) store.Hour {
		return store.Hour{
			Begin: now.Truncate(time.Hour).Add(-time.Duration(ago) * time.Hour),
			Count: store.Count{Stage: stage, Verdict: verdict, Count: count},
		}
	}
	const produced, rejected, dead = datelinev1.Verdict_VERDICT_PRODUCED, datelinev1.Verdict_VERDICT_REJECTED,
		datelinev1.Verdict_VERDICT_DEAD
	p := pipelineStage{stage: fetch}
	p.addHours([]store.Hour{
		hour(-1, fetch, dead, 1_000), hour(0, fetch, produced, 10), hour(0, fetch, rejected, 2), hour(0, fetch, dead, 1),
		hour(1, fetch, produced, 40), hour(1, extract, dead, 1_000), hour(23, fetch, rejected, 30),
		hour(24, fetch, rejected, 1_000),
	}, now)
	if p.Rejected != 32 || p.Dead != 1 || p.Rate != 10+2+1+30 || p.Hours.Most != 40 {
		t.Errorf("%d rejected, %d dead, %d in the last hour, at most %g; want 32, 1, 43, 40", p.Rejected, p.Dead, p.Rate,
			p.Hours.Most)
	}
}
