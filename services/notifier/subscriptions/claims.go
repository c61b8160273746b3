package subscriptions

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// maxAhead is more than any pause, claim or retry takes. A time that is further in the future was written before the
// clock was set back, and counts as past.
const maxAhead = 30 * time.Hour

// Waiting is a subscription that waits for its turn.
type Waiting struct {
	ID, To string
	// Since is when its next delivery became due or its pause ended.
	Since time.Time
}

// isDue is the condition of subscriptions with deliveries that are due and that no process delivers. $1 is the present
// time and $2 the one from which times count as past.
const isDue = `due > 0 AND (due <= $1 OR due > $2) AND state = 'active' AND (pause_end <= $1 OR pause_end > $2)
	AND (claim_end <= $1 OR claim_end > $2)`

// DueSubscriptions returns at most limit active subscriptions with deliveries that are due and that no
// process delivers, those that wait the longest first.
func (s *Subscriptions) DueSubscriptions(ctx context.Context, now time.Time, limit int) ([]Waiting, error) {
	columns := `id, json_extract(spec, '$.to'), max(due, pause_end)`
	if s.db.Postgres {
		columns = `id, spec::json->>'to', greatest(due, pause_end)`
	}
	return store.ReadRows(ctx, s.db, "reading which subscriptions are due", func(rows *sql.Rows) (w Waiting, err error) {
		var since int64
		err = rows.Scan(&w.ID, &w.To, &since)
		w.Since = store.TimeOf(since)
		return w, err
	}, `SELECT `+columns+` FROM notify_subscriptions WHERE `+isDue+` ORDER BY due LIMIT $3`,
		now.UnixMicro(), now.Add(maxAhead).UnixMicro(), limit)
}

// Claim reserves subscriptions for a process until a time, and returns those that it could: they are still due, and no
// other process delivers them.
func (s *Subscriptions) Claim(
	ctx context.Context, ids []string, owner string, now, until time.Time,
) (claimed []Subscription, err error) {
	lock := ""
	if s.db.Postgres {
		lock = " ORDER BY id FOR UPDATE SKIP LOCKED" // another process claims or changes them
	}
	err = s.write(ctx, "claiming subscriptions", func(ctx context.Context, tx *sql.Tx) error {
		for some := range slices.Chunk(ids, rowsPerStatement) {
			args := append([]any{now.UnixMicro(), now.Add(maxAhead).UnixMicro(), owner, until.UnixMicro()}, anys(some)...)
			rows, err := tx.QueryContext(ctx, `UPDATE notify_subscriptions SET owner = $3, claim_end = $4 WHERE id IN
				(SELECT id FROM notify_subscriptions WHERE id IN (`+placeholders(5, len(some))+`) AND `+isDue+lock+`)
				RETURNING `+subscriptionColumns, args...)
			if err != nil {
				return err
			}
			more, err := store.ScanRows(rows, scanSubscription)
			if err != nil {
				return err
			}
			claimed = append(claimed, more...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// IsClaimed reports whether a process still has its claim on a subscription, which may have been removed meanwhile.
func (s *Subscriptions) IsClaimed(ctx context.Context, id, owner string) (bool, error) {
	all, err := store.ReadRows(ctx, s.db, "reading a claim", scanID,
		`SELECT id FROM notify_subscriptions WHERE id = $1 AND owner = $2`, id, owner)
	return len(all) > 0, err
}

// Renew extends the claims that a process has on subscriptions until a time.
func (s *Subscriptions) Renew(ctx context.Context, ids []string, owner string, until time.Time) error {
	return s.onClaims(ctx, "renewing claims", ids, owner, `UPDATE notify_subscriptions SET claim_end = $2
		WHERE owner = $1 AND claim_end < $2`, until.UnixMicro())
}

// Release ends the claims of a process on subscriptions, so that any process can deliver what is due next.
func (s *Subscriptions) Release(ctx context.Context, ids []string, owner string) error {
	return s.onClaims(ctx, "releasing subscriptions", ids, owner, `UPDATE notify_subscriptions SET owner = '',
		claim_end = $2 WHERE owner = $1`, 0)
}

// onClaims runs a statement with a number for the claims of a process on some subscriptions.
func (s *Subscriptions) onClaims(
	ctx context.Context, action string, ids []string, owner, statement string, number int64,
) error {
	return s.write(ctx, action, func(ctx context.Context, tx *sql.Tx) error {
		for some := range slices.Chunk(slices.Sorted(slices.Values(ids)), rowsPerStatement) {
			args := append([]any{owner, number}, anys(some)...)
			_, err := tx.ExecContext(ctx, statement+` AND id IN (`+placeholders(3, len(some))+`)`, args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ReleaseAll ends all claims of a process.
func (s *Subscriptions) ReleaseAll(ctx context.Context, owner string) error {
	return s.write(ctx, "releasing subscriptions", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE notify_subscriptions SET owner = '', claim_end = 0 WHERE owner = $1`, owner)
		return err
	})
}
