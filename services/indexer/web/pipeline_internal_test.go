package web

import (
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/library"
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
