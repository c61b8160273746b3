package library

import (
	"testing"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestStorageGrowth derives the growth of stores. In each full hour, 100 outcomes were
// recorded, 10 of them of stored articles.
func TestStorageGrowth(t *testing.T) {
	const (
		outcomeBytes, articleBytes = 1_000, 20_000
		outcomes                   = 2400 * 10 // ten days
	)
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	usage := store.Usage{
		Outcomes: outcomes, OutcomeBytes: outcomes * outcomeBytes, Articles: 900, Revisions: 1000, FreeBytes: 5_000,
		Bytes: outcomes*outcomeBytes + 1000*articleBytes + 5_000,
	}
	const articlesPerDay = 240 * articleBytes
	for name, c := range map[string]struct {
		hours int
		since time.Time
		want  int64
	}{
		"nothing has expired":         {24, time.Time{}, 2400*outcomeBytes + articlesPerDay},
		"as many expire":              {24, now.Add(-10 * day), articlesPerDay},
		"fewer expire":                {24, now.Add(-20 * day), 1200*outcomeBytes + articlesPerDay},
		"more expire than are stored": {24, now.Add(-5 * day), articlesPerDay},
		"half a day":                  {12, time.Time{}, 2400*outcomeBytes + articlesPerDay},
		"too short":                   {5, time.Time{}, 0},
		"nothing is recorded":         {0, time.Time{}, 0},
	} {
		var hours []store.Hour
		for i := range c.hours {
			h := store.Hour{Begin: now.Add(-time.Duration(i+1) * time.Hour)}
			h.Stage, h.Verdict, h.Count.Count = datelinev1.Stage_STAGE_FETCH, datelinev1.Verdict_VERDICT_PRODUCED, 90
			hours = append(hours, h)
			h.Stage, h.Count.Count = datelinev1.Stage_STAGE_INDEX, 10
			hours = append(hours, h)
		}
		s := newStorage(usage, c.since, hours, now)
		if s.GrowthPerDay != c.want || s.IsMeasured != (c.want > 0) {
			t.Errorf("%s: grows by %d bytes a day (measured %t), want %d", name, s.GrowthPerDay, s.IsMeasured, c.want)
		}
		if s.ArticleBytes != 1000*articleBytes {
			t.Errorf("%s: the articles have %d bytes, want %d", name, s.ArticleBytes, 1000*articleBytes)
		}
		left, grows := s.DaysLeft(30 * articlesPerDay)
		if c.want == articlesPerDay && left != 30 || grows != (c.want > 0) {
			t.Errorf("%s: %g days left (grows %t), want 30 if only articles stay", name, left, grows)
		}
	}
}
