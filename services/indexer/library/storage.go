package library

import (
	"context"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// growthWindow is the time over which the growth of the store is measured, and
	// minGrowthWindow the time that the store must have been in use.
	growthWindow    = 24 * time.Hour
	minGrowthWindow = 6 * time.Hour
	day             = 24 * time.Hour
)

// Storage is what the store needs on disk, and how it grows. Sizes of parts are estimates.
type Storage struct {
	Time           time.Time `json:"time" doc:"When the store was measured."`
	Bytes          int64     `json:"bytes" doc:"Size of the store on disk."`
	OutcomeBytes   int64     `json:"outcome_bytes" doc:"Part of the outcomes in the ledger, with their indexes."`
	ArticleBytes   int64     `json:"article_bytes" doc:"Part of the articles and everything else."`
	FreeBytes      int64     `json:"free_bytes" doc:"Unused part of an SQLite file, which is used for new rows."`
	Articles       int64     `json:"articles" doc:"Number of articles."`
	Outcomes       int64     `json:"outcomes" doc:"Number of outcomes that are kept."`
	OldestOutcome  time.Time `json:"oldest_outcome,omitzero" doc:"Time of the oldest outcome that is kept."`
	OutcomesSince  time.Time `json:"outcomes_since,omitzero" doc:"Time before which outcomes have expired. Absent if none has."`
	OutcomesPerDay int64     `json:"outcomes_per_day" doc:"Outcomes that were recorded in the last 24 hours."`
	StoredPerDay   int64     `json:"stored_per_day" doc:"New and changed articles that were stored in the last 24 hours."`
	GrowthPerDay   int64     `json:"growth_per_day" doc:"Bytes by which the store grows in a day, at the rate of the last 24 hours and without the outcomes that expire."`
	IsMeasured     bool      `json:"is_measured" doc:"Whether the store has been in use for the six hours that measuring its growth takes."`
}

// Storage measures the store. It is cheap.
func (l *Library) Storage(ctx context.Context) (Storage, error) {
	return StorageOf(ctx, l.Store, time.Now())
}

// StorageOf measures a store at a time. It is cheap.
func StorageOf(ctx context.Context, s interface {
	store.Ledger
	store.Monitor
}, now time.Time,
) (Storage, error) {
	usage, err := s.Usage(ctx)
	if err != nil {
		return Storage{}, err
	}
	since, err := s.OutcomesSince(ctx)
	if err != nil {
		return Storage{}, err
	}
	hours, err := s.Hours(ctx, "", now.Add(-growthWindow))
	if err != nil {
		return Storage{}, err
	}
	return newStorage(usage, since, hours, now), nil
}

// newStorage derives the growth of a store from the outcomes of its last hours.
func newStorage(u store.Usage, since time.Time, hours []store.Hour, now time.Time) Storage {
	s := Storage{
		Time: now.UTC(), Bytes: u.Bytes, OutcomeBytes: u.OutcomeBytes, FreeBytes: u.FreeBytes, Articles: u.Articles,
		ArticleBytes: max(u.Bytes-u.OutcomeBytes-u.FreeBytes, 0), Outcomes: u.Outcomes,
		OldestOutcome: u.OldestOutcome, OutcomesSince: since,
	}
	first := now
	for _, h := range hours {
		if h.Begin.Before(first) {
			first = h.Begin
		}
		s.OutcomesPerDay += h.Count.Count
		if h.Stage == datelinev1.Stage_STAGE_INDEX && h.Verdict == datelinev1.Verdict_VERDICT_PRODUCED {
			s.StoredPerDay += h.Count.Count
		}
	}
	// The first hour may have begun before the window.
	window := min(now.Sub(first), growthWindow)
	if s.IsMeasured = window >= minGrowthWindow; !s.IsMeasured {
		return s
	}
	s.OutcomesPerDay = perDay(s.OutcomesPerDay, window)
	s.StoredPerDay = perDay(s.StoredPerDay, window)
	outcomes := float64(s.OutcomesPerDay)
	if kept := now.Sub(since); !since.IsZero() && kept > 0 {
		outcomes = max(outcomes-float64(u.Outcomes)*float64(day)/float64(kept), 0) // as many expire
	}
	growth := outcomes*ratio(u.OutcomeBytes, u.Outcomes) + float64(s.StoredPerDay)*ratio(s.ArticleBytes, u.Revisions)
	s.GrowthPerDay = int64(growth)
	return s
}

func perDay(n int64, window time.Duration) int64 {
	return int64(float64(n) * float64(day) / float64(window))
}

func ratio(a, b int64) float64 { return float64(a) / float64(max(b, 1)) }

// DaysLeft returns the number of days after which the store has filled some free bytes. It
// reports false if the store does not grow, or if its growth is not known yet.
func (s Storage) DaysLeft(free int64) (float64, bool) {
	if s.GrowthPerDay <= 0 {
		return 0, false
	}
	return max(float64(free)/float64(s.GrowthPerDay), 0), true
}
