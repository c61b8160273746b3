package subscriptions

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// Recent is the number of deliveries from which the health of a subscription is computed.
const Recent = 100

// Health is how well the newest deliveries of a subscription went, at most Recent of them.
type Health struct {
	// SuccessRate is the share of the attempts that the target has accepted. It is nil before the first attempt.
	SuccessRate *float64 `json:"success_rate,omitempty" doc:"Share of the attempts at the newest 100 deliveries that the target has accepted, 0 to 1."`
	// MedianDelay is the median time from the commit of a revision to its delivery, in seconds. It is nil before the
	// first delivery.
	MedianDelay *float64 `json:"median_delay_seconds,omitempty" doc:"Median time from storing a revision to its delivery, of the newest 100 deliveries."`
}

// Health returns how well the newest deliveries of the subscription with an id went.
func (s *Subscriptions) Health(ctx context.Context, id string) (Health, error) {
	recent, err := store.ReadRows(ctx, s.db, "reading the newest deliveries of subscription "+id, scanDelivery,
		`SELECT `+deliveryColumns+` FROM notify_deliveries WHERE subscription_id = $1 ORDER BY id DESC LIMIT $2`, id, Recent)
	if err != nil {
		return Health{}, err
	}
	attempts, delivered := 0, 0
	var delays []time.Duration
	for _, d := range recent {
		attempts += d.Attempts
		if d.State == Delivered {
			delivered++
			delays = append(delays, max(0, d.EndTime.Sub(d.EventTime)))
		}
	}
	var h Health
	if attempts > 0 {
		rate := float64(delivered) / float64(attempts)
		h.SuccessRate = &rate
	}
	if len(delays) > 0 {
		slices.Sort(delays)
		median := delays[len(delays)/2].Seconds()
		h.MedianDelay = &median
	}
	return h, nil
}

// Answered returns the text that a target has answered with a status. WithoutAnswer removes what follows it.
func Answered(status int) string { return fmt.Sprintf("the target has answered %d", status) }

var answerPattern = regexp.MustCompile(`(?s)(the target has answered \d+).*`)

// WithoutAnswer returns a reason or detail without the body of an answer, which may contain what only those who manage
// the target may see.
func WithoutAnswer(text string) string { return answerPattern.ReplaceAllString(text, "$1") }

// MaxReplay is the maximum number of deliveries that a call of Replay makes pending.
const MaxReplay = 10_000

// Replayed is what a call of Replay has made pending.
type Replayed struct {
	Deliveries int       `json:"deliveries" doc:"Number of deliveries that are repeated."`
	More       bool      `json:"more" doc:"Whether there may be more: replay them since next_since."`
	NextSince  time.Time `json:"next_since,omitzero" doc:"Time of the last of these events, if there may be more."`
}

// Replay makes the ended deliveries of events since a time pending again, the earliest first, at most MaxReplay of
// them. Deliveries of erased articles stay as they are.
func (s *Subscriptions) Replay(ctx context.Context, name string, since, now time.Time) (replayed Replayed, err error) {
	name = store.CleanText(name)
	err = s.db.Write(ctx, "replaying deliveries of "+name, func(ctx context.Context, tx *sql.Tx) error {
		// This locks the subscription first, as every other change does.
		err := found(tx.ExecContext(ctx, `UPDATE notify_subscriptions SET pending = pending WHERE name = $1`, name))
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `UPDATE notify_deliveries SET state = 'pending', due = $3, attempts = 0,
			first_attempt = 0, end_time = 0 WHERE id IN (SELECT d.id FROM notify_deliveries d
				JOIN notify_subscriptions s ON s.id = d.subscription_id WHERE s.name = $1
				AND d.state IN ('delivered', 'failed') AND d.event_time >= $2 ORDER BY d.event_time, d.id LIMIT $4)
			RETURNING event_time`, name, since.UnixMicro(), now.UnixMicro(), MaxReplay)
		if err != nil {
			return err
		}
		times, err := store.ScanRows(rows, func(rows *sql.Rows) (at int64, err error) { return at, rows.Scan(&at) })
		replayed = Replayed{Deliveries: len(times), More: len(times) == MaxReplay}
		if err != nil || len(times) == 0 {
			return err
		}
		if replayed.More {
			replayed.NextSince = store.TimeOf(slices.Max(times))
		}
		_, err = tx.ExecContext(ctx, `UPDATE notify_subscriptions SET pending = pending + $2,
			due = CASE WHEN due = 0 OR due > $3 THEN CAST($3 AS bigint) ELSE due END WHERE name = $1`,
			name, len(times), now.UnixMicro())
		return err
	})
	return replayed, err
}
