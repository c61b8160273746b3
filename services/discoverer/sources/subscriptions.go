package sources

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"time"

	"github.com/dateline-news/dateline/services/discoverer/internal/hub"
	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// The states of a subscription.
const (
	// SubscriptionRequested means that the hub has not confirmed the subscription.
	SubscriptionRequested = "requested"
	// SubscriptionSubscribed means that the hub has confirmed it. The hub pushes until the end of the lease.
	SubscriptionSubscribed = "subscribed"
	// SubscriptionRefused means that the hub has refused or denied it, or does not answer. It is tried again.
	SubscriptionRefused = "refused"
	// SubscriptionLeaving means that the subscription is to be ended.
	SubscriptionLeaving = "leaving"
)

// Subscription is a request to a hub to push the content of an endpoint.
type Subscription struct {
	// Token is the last part of the path of the callback. Only the hub knows it, and Secret, which
	// is the key of its signatures.
	Token, Secret        string
	EndpointID, SourceID string
	Hub, Topic           string
	// State is one of the states above, and Reason why the last request to the hub failed.
	State, Reason string
	// Tries counts the requests to the hub since it has confirmed one.
	Tries int
	// AddTime is when the hub was announced, RequestTime when it was asked last, and LeaseEnd the
	// end of the lease. The last two can be zero.
	AddTime, RequestTime, LeaseEnd time.Time
	// Pushes counts the pushes that were taken, and PushTime is the time of the last one or zero.
	// MissedTime is when a poll last found an article that had not been pushed, or zero.
	Pushes               int64
	PushTime, MissedTime time.Time
	// Digest identifies the content of the last push. Budget counts pushes by hour.
	Digest []byte
	Budget schedule.Budget
}

// Delivers reports whether the hub pushes what the endpoint lists, as far as the last polls show.
func (s Subscription) Delivers(now time.Time) bool {
	return s.State == SubscriptionSubscribed && now.Before(s.LeaseEnd) && s.PushTime.After(s.MissedTime)
}

const subscriptionColumns = `token, secret, endpoint_id, source_id, hub, topic, state, reason, tries, add_time,
	request_time, lease_end, pushes, push_time, missed_time, digest, budget`

func scanSubscription(rows *sql.Rows) (s Subscription, err error) {
	var added, requested, lease, pushed, missed int64
	var budget []byte
	err = rows.Scan(&s.Token, &s.Secret, &s.EndpointID, &s.SourceID, &s.Hub, &s.Topic, &s.State, &s.Reason, &s.Tries,
		&added, &requested, &lease, &s.Pushes, &pushed, &missed, &s.Digest, &budget)
	s.AddTime, s.RequestTime, s.LeaseEnd = store.TimeOf(added), store.TimeOf(requested), store.TimeOf(lease)
	s.PushTime, s.MissedTime, s.Budget = store.TimeOf(pushed), store.TimeOf(missed), schedule.BudgetOf(budget)
	return s, err
}

// Subscription returns the subscription of an endpoint that is not to be ended, or ErrNotFound.
func (s *Sources) Subscription(ctx context.Context, endpointID string) (Subscription, error) {
	return one(query(ctx, s, "reading the subscription of endpoint "+endpointID, scanSubscription,
		`SELECT `+subscriptionColumns+` FROM discovery_subscriptions
		WHERE endpoint_id = $1 AND state <> 'leaving'`, endpointID))
}

// SubscriptionOf returns the subscription with a token, or ErrNotFound.
func (s *Sources) SubscriptionOf(ctx context.Context, token string) (Subscription, error) {
	return one(query(ctx, s, "reading a subscription", scanSubscription,
		`SELECT `+subscriptionColumns+` FROM discovery_subscriptions WHERE token = $1`, store.CleanText(token)))
}

// Subscriptions returns the subscriptions of a source that are not to be ended, by the ids of
// their endpoints.
func (s *Sources) Subscriptions(ctx context.Context, sourceID string) (map[string]Subscription, error) {
	list, err := query(ctx, s, "reading the subscriptions of source "+sourceID, scanSubscription,
		`SELECT `+subscriptionColumns+` FROM discovery_subscriptions
		WHERE source_id = $1 AND state <> 'leaving'`, store.CleanText(sourceID))
	all := make(map[string]Subscription, len(list))
	for _, one := range list {
		all[one.EndpointID] = one
	}
	return all, err
}

// Announcement is what a feed that was polled announces. Missed means that it has listed an
// article that was not pushed.
type Announcement struct {
	hub.Announced
	Missed bool
}

// announceAge is the minimum age of a subscription before another hub or topic replaces it, so
// that a feed whose announcements alternate costs few requests.
const announceAge = 24 * time.Hour

// announce stores what an endpoint announces. A retired endpoint has no subscription.
func announce(ctx context.Context, tx *sql.Tx, e Endpoint, at *Announcement) error {
	if e.State == Retired {
		return leave(ctx, tx, "endpoint_id", e.ID, e.PollTime)
	}
	if at == nil {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+subscriptionColumns+` FROM discovery_subscriptions
		WHERE endpoint_id = $1 AND state <> 'leaving'`, e.ID)
	if err != nil {
		return err
	}
	current, err := one(store.ScanRows(rows, scanSubscription))
	exists := err == nil
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	case exists && at.Missed:
		_, err = tx.ExecContext(ctx, `UPDATE discovery_subscriptions SET missed_time = $2 WHERE token = $1`,
			current.Token, store.Micros(e.PollTime))
		if err != nil {
			return err
		}
	}
	isSame := exists && current.Hub == at.Hub && current.Topic == at.Topic
	if isSame || !exists && at.Hub == "" || exists && e.PollTime.Sub(current.AddTime) < announceAge {
		return nil
	}
	if err := leave(ctx, tx, "endpoint_id", e.ID, e.PollTime); err != nil || at.Hub == "" {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO discovery_subscriptions (token, secret, endpoint_id, source_id, hub, topic,
		callback, state, reason, tries, add_time, due, request_time, lease_end, pushes, push_time, missed_time, digest,
		budget) VALUES ($1, $2, $3, $4, $5, $6, '', $7, '', 0, $8, $8, 0, 0, 0, 0, 0, $9, $9)`,
		newKey(), newKey(), e.ID, e.SourceID, at.Hub, at.Topic, SubscriptionRequested, store.Micros(e.PollTime), []byte{})
	return err
}

// leave marks the subscriptions of an endpoint or a source to be ended, and deletes those that no
// hub knows.
func leave(ctx context.Context, tx *sql.Tx, column, id string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM discovery_subscriptions WHERE `+column+` = $1 AND request_time = 0`, id)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE discovery_subscriptions SET state = $2, due = $3, tries = 0
		WHERE `+column+` = $1 AND state <> $2`, id, SubscriptionLeaving, store.Micros(now))
	return err
}

// ClaimSubscriptions returns at most limit subscriptions whose hubs are to be asked, counts their
// requests, and makes them due again at a later time. Those of paused sources wait.
func (s *Sources) ClaimSubscriptions(
	ctx context.Context, callback string, now, again time.Time, limit int,
) (claimed []Subscription, err error) {
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE SKIP LOCKED"
	}
	err = s.write(ctx, "claiming subscriptions", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `UPDATE discovery_subscriptions SET due = $2, tries = tries + 1,
			request_time = $1, callback = $4
			WHERE token IN (SELECT token FROM discovery_subscriptions WHERE due <= $1 AND (state = 'leaving' OR EXISTS (
				SELECT 1 FROM discovery_sources o WHERE o.id = source_id AND o.state = 'active'))
				ORDER BY due LIMIT $3`+lock+`)
			RETURNING `+subscriptionColumns, now.UnixMicro(), again.UnixMicro(), limit, callback)
		if err != nil {
			return err
		}
		claimed, err = store.ScanRows(rows, scanSubscription)
		return err
	})
	return claimed, err
}

// Resubscribe makes the subscriptions due whose hubs push to another callback.
func (s *Sources) Resubscribe(ctx context.Context, callback string, now time.Time) error {
	return s.write(ctx, "looking for subscriptions of another callback", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE discovery_subscriptions SET due = $2
			WHERE callback <> $1 AND callback <> '' AND state <> 'leaving' AND due > $2`, callback, now.UnixMicro())
		return err
	})
}

// PostponeSubscription stores when a hub is asked again, and its state with the reason, which may contain any
// bytes from the hub. A subscription that changed state meanwhile keeps it.
func (s *Sources) PostponeSubscription(
	ctx context.Context, sub Subscription, state, reason string, due time.Time,
) error {
	return s.write(ctx, "storing the answer of a hub", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE discovery_subscriptions SET reason = $3, due = $4,
			state = CASE WHEN state = $5 THEN $2 ELSE state END
			WHERE token = $1 AND tries = $6`,
			sub.Token, state, cutReason(reason), due.UnixMicro(), sub.State, sub.Tries)
		return err
	})
}

// RestHub postpones all requests to a hub that fails.
func (s *Sources) RestHub(ctx context.Context, hub string, until time.Time) error {
	return s.write(ctx, "postponing the requests to a hub", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE discovery_subscriptions SET due = $2 WHERE hub = $1 AND due < $2`,
			hub, until.UnixMicro())
		return err
	})
}

// Confirm stores that a hub has confirmed a subscription until the end of a lease. Renew is when
// it is asked again. The error is ErrNotFound if the subscription is not wanted any more.
func (s *Sources) Confirm(ctx context.Context, token string, leaseEnd, renew time.Time) error {
	return s.write(ctx, "confirming a subscription", func(ctx context.Context, tx *sql.Tx) error {
		return affected(tx.ExecContext(ctx, `UPDATE discovery_subscriptions SET state = $2, reason = '', tries = 0,
			lease_end = $3, due = $4 WHERE token = $1 AND state <> 'leaving'`,
			token, SubscriptionSubscribed, leaseEnd.UnixMicro(), renew.UnixMicro()))
	})
}

// Deny stores that a hub has denied a subscription. It is tried again when due.
func (s *Sources) Deny(ctx context.Context, token, reason string, due time.Time) error {
	return s.write(ctx, "storing the denial of a hub", func(ctx context.Context, tx *sql.Tx) error {
		return affected(tx.ExecContext(ctx, `UPDATE discovery_subscriptions SET state = $2, reason = $3, lease_end = 0,
			due = $4 WHERE token = $1 AND state <> 'leaving'`, token, SubscriptionRefused, cutReason(reason), due.UnixMicro()))
	})
}

// Unsubscribe deletes a subscription that is to be ended, or returns ErrNotFound.
func (s *Sources) Unsubscribe(ctx context.Context, token string) error {
	return s.write(ctx, "ending a subscription", func(ctx context.Context, tx *sql.Tx) error {
		return affected(tx.ExecContext(ctx, `DELETE FROM discovery_subscriptions
			WHERE token = $1 AND state = 'leaving'`, token))
	})
}

// Pushed counts a push whose content has a digest.
func (s *Sources) Pushed(ctx context.Context, token string, digest []byte, now time.Time) error {
	return s.write(ctx, "counting a push", func(ctx context.Context, tx *sql.Tx) error {
		lock := ""
		if s.db.Postgres {
			lock = " FOR UPDATE"
		}
		rows, err := tx.QueryContext(ctx, `SELECT `+subscriptionColumns+` FROM discovery_subscriptions
			WHERE token = $1`+lock, token)
		if err != nil {
			return err
		}
		sub, err := one(store.ScanRows(rows, scanSubscription))
		if err != nil {
			return err
		}
		sub.Budget.Spend(now, 1)
		_, err = tx.ExecContext(ctx, `UPDATE discovery_subscriptions SET pushes = pushes + 1, push_time = $2, digest = $3,
			budget = $4 WHERE token = $1`, token, now.UnixMicro(), digest, sub.Budget.Bytes())
		return err
	})
}

// CountSubscriptions returns the number of subscriptions in each state.
func (s *Sources) CountSubscriptions(ctx context.Context) (map[string]int64, error) {
	return s.countStates(ctx, "counting the subscriptions",
		`SELECT state, count(*) FROM discovery_subscriptions GROUP BY state`)
}

// newKey returns a key that nobody can guess, of 43 characters that a path can have.
func newKey() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(key[:])
}
