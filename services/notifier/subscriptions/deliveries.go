package subscriptions

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// The states of a delivery.
const (
	Pending   = "pending"
	Delivered = "delivered"
	// Failed means that it was given up.
	Failed = "failed"
	// Skipped means that the article was erased before the delivery.
	Skipped = "skipped"
)

// Delivery is an event of an article that is delivered to a subscription.
type Delivery struct {
	ID             int64  `json:"id"`
	SubscriptionID string `json:"-"`
	ArticleID      string `json:"article_id"`
	// Revision is 0 if the article was erased.
	Revision  int       `json:"revision"`
	Event     string    `json:"event"`
	EventTime time.Time `json:"event_time"`
	// State is Pending, Delivered, Failed or Skipped.
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	// Status is that of the last answer, or 0, and Detail says why the last attempt failed.
	Status       int       `json:"status,omitempty"`
	Detail       string    `json:"detail,omitempty"`
	FirstAttempt time.Time `json:"first_attempt,omitzero"`
	// Due is when a pending delivery is attempted next.
	Due     time.Time `json:"due,omitzero"`
	EndTime time.Time `json:"end_time,omitzero"`
	// Hash is that of the content of the revision.
	Hash string `json:"-"`
}

// MessageID identifies the event of a delivery. It is the same for every attempt and subscription.
func (d Delivery) MessageID() string {
	if d.Event == Erased {
		return d.ArticleID + "-erased"
	}
	return fmt.Sprintf("%s-%d", d.ArticleID, d.Revision)
}

const deliveryColumns = `id, subscription_id, article_id, revision, event, event_time, state, attempts, status, detail,
	first_attempt, due, end_time, content_hash`

func scanDelivery(rows *sql.Rows) (Delivery, error) { return scanDeliveryWith(rows) }

// scanDeliveryWith scans the columns of a delivery and further ones.
func scanDeliveryWith(rows *sql.Rows, further ...any) (d Delivery, err error) {
	var event, first, due, end int64
	err = rows.Scan(append([]any{&d.ID, &d.SubscriptionID, &d.ArticleID, &d.Revision, &d.Event, &event, &d.State,
		&d.Attempts, &d.Status, &d.Detail, &first, &due, &end, &d.Hash}, further...)...)
	d.EventTime, d.FirstAttempt, d.EndTime = store.TimeOf(event), store.TimeOf(first), store.TimeOf(end)
	if d.State == Pending {
		d.Due = store.TimeOf(due)
	}
	return d, err
}

// maxAhead is more than any pause, claim or retry takes. A time that is further in the future was written before the
// clock was set back, and counts as past.
const maxAhead = 30 * time.Hour

// DueSubscriptions returns at most limit active subscriptions with deliveries that are due and that no
// process delivers, those that wait the longest first.
func (s *Subscriptions) DueSubscriptions(ctx context.Context, now time.Time, limit int) ([]Subscription, error) {
	return store.ReadRows(ctx, s.db, "reading which subscriptions are due", scanSubscription,
		`SELECT `+subscriptionColumns+` FROM notify_subscriptions WHERE due > 0 AND (due <= $1 OR due > $3)
		AND state = 'active' AND (pause_end <= $1 OR pause_end > $3) AND (claim_end <= $1 OR claim_end > $3)
		ORDER BY due LIMIT $2`, now.UnixMicro(), limit, now.Add(maxAhead).UnixMicro())
}

// Claim reserves a subscription for a process until a time, and reports whether it could.
func (s *Subscriptions) Claim(ctx context.Context, id, owner string, now, until time.Time) (claimed bool, err error) {
	err = s.db.Write(ctx, "claiming a subscription", func(ctx context.Context, tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, `UPDATE notify_subscriptions SET owner = $2, claim_end = $3
			WHERE id = $1 AND state = 'active' AND (claim_end <= $4 OR claim_end > $5)`,
			id, owner, until.UnixMicro(), now.UnixMicro(), now.Add(maxAhead).UnixMicro()))
		claimed = n > 0
		return err
	})
	return claimed, err
}

// Release ends a claim, so that any process can deliver what is due next.
func (s *Subscriptions) Release(ctx context.Context, id, owner string) error {
	return s.db.Write(ctx, "releasing a subscription", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE notify_subscriptions SET owner = '', claim_end = 0
			WHERE id = $1 AND owner = $2`, id, owner)
		return err
	})
}

// ReleaseAll ends all claims of a process.
func (s *Subscriptions) ReleaseAll(ctx context.Context, owner string) error {
	return s.db.Write(ctx, "releasing subscriptions", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE notify_subscriptions SET owner = '', claim_end = 0 WHERE owner = $1`, owner)
		return err
	})
}

// Due returns at most limit deliveries of a subscription that are due. Of each article, only the earliest
// pending one is returned, so that its revisions are delivered in order.
func (s *Subscriptions) Due(ctx context.Context, id string, now time.Time, limit int) ([]Delivery, error) {
	return store.ReadRows(ctx, s.db, "reading due deliveries", scanDelivery, `SELECT `+deliveryColumns+`
		FROM notify_deliveries d WHERE subscription_id = $1 AND state = 'pending' AND (due <= $2 OR due > $4)
		AND NOT EXISTS (SELECT 1 FROM notify_deliveries e WHERE e.subscription_id = d.subscription_id
			AND e.article_id = d.article_id AND e.state = 'pending' AND e.id < d.id)
		ORDER BY due, id LIMIT $3`, id, now.UnixMicro(), limit, now.Add(maxAhead).UnixMicro())
}

// Collected returns at most limit deliveries of a subscription that are due and whose events are older than a time, in
// the order of the events.
func (s *Subscriptions) Collected(
	ctx context.Context, id string, now, before time.Time, limit int,
) ([]Delivery, error) {
	return store.ReadRows(ctx, s.db, "reading collected deliveries", scanDelivery, `SELECT `+deliveryColumns+`
		FROM notify_deliveries WHERE subscription_id = $1 AND state = 'pending' AND (due <= $2 OR due > $4)
		AND event_time < $5 ORDER BY id LIMIT $3`,
		id, now.UnixMicro(), limit, now.Add(maxAhead).UnixMicro(), before.UnixMicro())
}

// Report is what a turn of a subscription has brought.
type Report struct {
	// Deliveries have their new state, attempts, status, detail and times.
	Deliveries []Delivery
	// State, Reason, Failures and FailingSince are those of the subscription.
	State, Reason string
	Failures      int
	FailingSince  time.Time
	// PauseEnd is when the subscription is attempted next, or zero.
	PauseEnd time.Time
	// Recovered makes all pending deliveries due, because the target works again.
	Recovered bool
}

// Record stores what a turn has brought. It ends the claim if it suspends the subscription.
func (s *Subscriptions) Record(ctx context.Context, id string, r Report, now time.Time) error {
	return s.db.Write(ctx, "storing deliveries", func(ctx context.Context, tx *sql.Tx) error {
		lock := ""
		if s.db.Postgres {
			lock = " FOR UPDATE" // so that a match that is being stored is seen below
		}
		rows, err := tx.QueryContext(ctx, `SELECT id FROM notify_subscriptions WHERE id = $1`+lock, id)
		if err != nil {
			return err
		}
		known, err := store.ScanRows(rows, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) })
		if err != nil || len(known) == 0 {
			return err // it was removed
		}
		counts := map[string]int64{}
		for _, d := range r.Deliveries {
			n, err := affected(tx.ExecContext(ctx, `UPDATE notify_deliveries SET state = $2, attempts = $3, status = $4,
				detail = $5, first_attempt = $6, due = $7, end_time = $8 WHERE id = $1 AND state = 'pending'`,
				d.ID, d.State, d.Attempts, d.Status, store.CleanText(d.Detail), store.Micros(d.FirstAttempt),
				store.Micros(d.Due), store.Micros(d.EndTime)))
			if err != nil {
				return err
			}
			counts[d.State] += n
		}
		if r.Recovered {
			_, err := tx.ExecContext(ctx, `UPDATE notify_deliveries SET due = $2 WHERE subscription_id = $1
				AND state = 'pending' AND due > $2`, id, now.UnixMicro())
			if err != nil {
				return err
			}
		}
		delivered := int64(0)
		if counts[Delivered] > 0 {
			delivered = now.UnixMicro()
		}
		_, err = tx.ExecContext(ctx, `UPDATE notify_subscriptions SET state = $2, reason = $3, failures = $4,
			failing_since = $5, pause_end = $6, pending = pending - $7, delivered = delivered + $8, failed = failed + $9,
			delivery_time = CASE WHEN $10 > delivery_time THEN CAST($10 AS bigint) ELSE delivery_time END,
			due = coalesce((SELECT min(due) FROM notify_deliveries WHERE subscription_id = $1 AND state = 'pending'), 0)
			WHERE id = $1`, id, r.State, store.CleanText(r.Reason), r.Failures, store.Micros(r.FailingSince),
			store.Micros(r.PauseEnd),
			counts[Delivered]+counts[Failed]+counts[Skipped], counts[Delivered], counts[Failed], delivered)
		return err
	})
}

// Log returns at most limit deliveries of a subscription, the newest first, with ids below before. 0
// means the newest.
func (s *Subscriptions) Log(ctx context.Context, name string, before int64, limit int) ([]Delivery, error) {
	one, err := s.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return store.ReadRows(ctx, s.db, "reading the deliveries of "+name, scanDelivery, `SELECT `+deliveryColumns+`
		FROM notify_deliveries WHERE subscription_id = $1 AND ($2 = 0 OR id < $2) ORDER BY id DESC LIMIT $3`,
		one.ID, before, limit)
}

// Resend makes a delivery pending again. Its message has the same id. If the subscription has no such delivery,
// the error is ErrNotFound.
func (s *Subscriptions) Resend(ctx context.Context, name string, id int64, now time.Time) error {
	one, err := s.Get(ctx, name)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, "resending a delivery", func(ctx context.Context, tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, `UPDATE notify_deliveries SET state = 'pending', due = $3, attempts = 0,
			first_attempt = 0, end_time = 0 WHERE id = $1 AND subscription_id = $2 AND state <> 'pending'`,
			id, one.ID, now.UnixMicro()))
		if err != nil {
			return err
		}
		if n == 0 {
			return found(tx.ExecContext(ctx, `UPDATE notify_deliveries SET due = $3 WHERE id = $1 AND subscription_id = $2`,
				id, one.ID, now.UnixMicro()))
		}
		_, err = tx.ExecContext(ctx, `UPDATE notify_subscriptions SET pending = pending + 1,
			due = CASE WHEN due = 0 OR due > $2 THEN CAST($2 AS bigint) ELSE due END WHERE id = $1`, one.ID, now.UnixMicro())
		return err
	})
}

// resendStep is the number of deliveries that ResendFailed changes in one transaction.
const resendStep = 5_000

// ResendFailed makes all deliveries of a subscription pending again that were given up, and returns their number. If
// there is no such subscription, the error is ErrNotFound.
func (s *Subscriptions) ResendFailed(ctx context.Context, name string, now time.Time) (resent int, err error) {
	one, err := s.Get(ctx, name)
	if err != nil {
		return 0, err
	}
	for {
		var n int64
		err := s.db.Write(ctx, "resending deliveries", func(ctx context.Context, tx *sql.Tx) error {
			n, err = affected(tx.ExecContext(ctx, `UPDATE notify_deliveries SET state = 'pending', due = $2, attempts = 0,
				first_attempt = 0, end_time = 0 WHERE id IN (SELECT id FROM notify_deliveries
					WHERE subscription_id = $1 AND state = 'failed' ORDER BY id LIMIT $3)`, one.ID, now.UnixMicro(), resendStep))
			if err != nil || n == 0 {
				return err
			}
			_, err = tx.ExecContext(ctx, `UPDATE notify_subscriptions SET pending = pending + $3,
				due = CASE WHEN due = 0 OR due > $2 THEN CAST($2 AS bigint) ELSE due END WHERE id = $1`,
				one.ID, now.UnixMicro(), n)
			return err
		})
		if err != nil {
			return resent, err
		}
		if resent += int(n); n < resendStep {
			return resent, nil
		}
	}
}

// Forget deletes at most limit deliveries that ended before a time, and returns their number.
func (s *Subscriptions) Forget(ctx context.Context, before time.Time, limit int) (deleted int64, err error) {
	err = s.db.Write(ctx, "deleting old deliveries", func(ctx context.Context, tx *sql.Tx) error {
		deleted, err = affected(tx.ExecContext(ctx, `DELETE FROM notify_deliveries WHERE id IN
			(SELECT id FROM notify_deliveries WHERE state <> 'pending' AND end_time < $1 LIMIT $2)`, before.UnixMicro(), limit))
		return err
	})
	return deleted, err
}
