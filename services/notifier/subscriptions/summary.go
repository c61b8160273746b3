package subscriptions

import (
	"context"
	"database/sql"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// Failing stands for active subscriptions whose last request has failed. It is not a state in the store.
const Failing = "failing"

// Summary describes all subscriptions together.
type Summary struct {
	// States are the numbers of subscriptions that are Active, Failing or Suspended.
	States map[string]int64
	// Pending is the number of pending deliveries. Delivered and Failed count the deliveries that have ended so, of all
	// present subscriptions since they were added.
	Pending, Delivered, Failed int64
	// FailingSince is since when the active subscription that fails the longest has failed, or zero.
	FailingSince time.Time
	// OverdueSince is since when the subscription that waits the longest for its turn has waited, or zero.
	OverdueSince time.Time
}

// Summarize returns the summary at a time.
func (s *Subscriptions) Summarize(ctx context.Context, now time.Time) (Summary, error) {
	latest := "max"
	if s.db.Postgres {
		latest = "greatest"
	}
	all, err := store.ReadRows(ctx, s.db, "counting the subscriptions", func(rows *sql.Rows) (Summary, error) {
		var active, failing, suspended, failingSince, overdueSince int64
		var one Summary
		err := rows.Scan(&active, &failing, &suspended, &one.Pending, &one.Delivered, &one.Failed, &failingSince,
			&overdueSince)
		one.States = map[string]int64{Active: active, Failing: failing, Suspended: suspended}
		one.FailingSince, one.OverdueSince = store.TimeOf(failingSince), store.TimeOf(overdueSince)
		return one, err
	}, `SELECT count(*) FILTER (WHERE state = 'active' AND failures = 0),
		count(*) FILTER (WHERE state = 'active' AND failures > 0), count(*) FILTER (WHERE state = 'suspended'),
		CAST(coalesce(sum(pending), 0) AS bigint), CAST(coalesce(sum(delivered), 0) AS bigint),
		CAST(coalesce(sum(failed), 0) AS bigint),
		coalesce(min(failing_since) FILTER (WHERE state = 'active' AND failing_since > 0), 0),
		coalesce(min(`+latest+`(due, pause_end, claim_end, delivery_time)) FILTER (WHERE state = 'active' AND due > 0
			AND due <= $1 AND pause_end <= $1 AND claim_end <= $1), 0)
		FROM notify_subscriptions`, now.UnixMicro())
	if err != nil {
		return Summary{}, err
	}
	return all[0], nil
}

// MaxEnded is the maximum number up to which ended deliveries are counted.
const MaxEnded = 100_000

// CountEnded returns the number of deliveries that have ended since a time, at most MaxEnded.
func (s *Subscriptions) CountEnded(ctx context.Context, since time.Time) (int64, error) {
	all, err := store.ReadRows(ctx, s.db, "counting ended deliveries",
		func(rows *sql.Rows) (n int64, err error) { return n, rows.Scan(&n) },
		`SELECT count(*) FROM (SELECT id FROM notify_deliveries WHERE state <> 'pending' AND end_time >= $1 LIMIT $2)
		AS ended`, since.UnixMicro(), MaxEnded)
	if err != nil {
		return 0, err
	}
	return all[0], nil
}
