package subscriptions

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// The states of a delivery.
const (
	Pending   = "pending"
	Delivered = "delivered"
	// Failed means that it was given up.
	Failed = "failed"
	// Skipped means that the article was erased before the delivery, or that it is a copy of one that was delivered.
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

// isFirst is the condition of deliveries d that wait for no previous revision of their article. The plus, || and OFFSET
// have both stores look previous ones up by article and subscription. Without them, PostgreSQL reads all that waits for
// the subscription.
const isFirst = `NOT EXISTS (SELECT 1 FROM notify_deliveries e WHERE e.subscription_id = d.subscription_id
	AND e.article_id = d.article_id AND e.state || '' = 'pending' AND +e.id < d.id LIMIT 1 OFFSET 0)`

// Due returns at most limit deliveries of a subscription that are due. Of each article, only the earliest
// pending one is returned, so that its revisions are delivered in order.
func (s *Subscriptions) Due(ctx context.Context, id string, now time.Time, limit int) ([]Delivery, error) {
	return store.ReadRows(ctx, s.db, "reading due deliveries", scanDelivery, dueQuery,
		id, now.UnixMicro(), limit, now.Add(maxAhead).UnixMicro())
}

const dueQuery = `SELECT ` + deliveryColumns + ` FROM notify_deliveries d WHERE subscription_id = $1
	AND state = 'pending' AND (due <= $2 OR due > $4) AND ` + isFirst + ` ORDER BY due, id LIMIT $3`

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

// IsFirst reports whether a delivery, or an earlier one of its article, was made before the deliveries of other
// articles to the same subscription. Deliveries that were skipped or given up do not count.
func (s *Subscriptions) IsFirst(ctx context.Context, d Delivery, others []string) (bool, error) {
	if len(others) == 0 {
		return true, nil
	}
	args := []any{d.SubscriptionID, d.ArticleID, d.ID}
	marks := make([]string, len(others))
	for i, id := range others {
		args = append(args, id)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	const counts = `state IN ('pending', 'delivered') AND event <> 'erased'`
	before, err := store.ReadRows(ctx, s.db, "reading the deliveries of a story", func(rows *sql.Rows) (n int, err error) {
		return n, rows.Scan(&n)
	}, `SELECT 1 FROM notify_deliveries WHERE subscription_id = $1 AND article_id IN (`+strings.Join(marks, ", ")+`)
		AND `+counts+` AND id < (SELECT coalesce(min(id), $3) FROM notify_deliveries
			WHERE subscription_id = $1 AND article_id = $2 AND `+counts+`) LIMIT 1`, args...)
	return len(before) == 0, err
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

// Delivery returns the delivery of a subscription with an id. If the subscription has no such delivery, the error is
// ErrNotFound.
func (s *Subscriptions) Delivery(ctx context.Context, of Subscription, id int64) (Delivery, error) {
	all, err := store.ReadRows(ctx, s.db, "reading a delivery of "+of.Name, scanDelivery,
		`SELECT `+deliveryColumns+` FROM notify_deliveries WHERE id = $1 AND subscription_id = $2`, id, of.ID)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("delivery %d of %.80q: %w", id, of.Name, ErrNotFound)
	}
	if err != nil {
		return Delivery{}, err
	}
	return all[0], nil
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
