package subscriptions

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// MaxSubscriptions is the maximum number of subscriptions.
const MaxSubscriptions = 100_000

// ErrNotFound means that there is no such subscription or delivery.
var ErrNotFound = errors.New("no such subscription or delivery")

// ErrExists means that there is a subscription with this name already.
var ErrExists = errors.New("there is a subscription with this name already")

// The states of a subscription.
const (
	Active    = "active"
	Suspended = "suspended"
)

// Subscription is a subscription with its state.
type Subscription struct {
	ID string `json:"id"`
	Spec
	// State is Active or Suspended.
	State string `json:"state"`
	// Reason is why the subscription was suspended, or why the last attempt failed.
	Reason  string    `json:"reason,omitempty"`
	AddTime time.Time `json:"add_time"`
	// Secrets is the number of secrets. Requests without a secret are not signed.
	Secrets int `json:"secrets"`
	// Pending, Delivered, Failed and Missed count deliveries: waiting, successful, given up, and matches
	// that were not stored because too many waited.
	Pending   int64 `json:"pending"`
	Delivered int64 `json:"delivered"`
	Failed    int64 `json:"failed"`
	Missed    int64 `json:"missed"`
	// Failures is the number of attempts in a row that failed, and FailingSince when they began.
	Failures     int       `json:"failures,omitempty"`
	FailingSince time.Time `json:"failing_since,omitzero"`
	DeliveryTime time.Time `json:"delivery_time,omitzero"`

	keys    [][]byte
	token   string
	version int64 // of Progress after its last change
}

// Keys returns the keys of the signatures.
func (s Subscription) Keys() [][]byte { return s.keys }

// Token returns the access token of an ntfy server, or "".
func (s Subscription) Token() string { return s.token }

// Subscriptions reads and writes the tables.
type Subscriptions struct {
	db store.Database
	// held is the time in nanoseconds that transactions of write have taken.
	held atomic.Int64
}

// Of returns the subscriptions in a store.
func Of(s interface{ SQL() store.Database }) *Subscriptions { return &Subscriptions{db: s.SQL()} }

// Held returns the time that claims, matches and reports have taken in transactions. With SQLite, nobody else could
// write meanwhile.
func (s *Subscriptions) Held() time.Duration { return time.Duration(s.held.Load()) }

// HasOneWriter reports whether a transaction makes all others wait, as with SQLite.
func (s *Subscriptions) HasOneWriter() bool { return !s.db.Postgres }

// write runs a transaction whose time counts for Held.
func (s *Subscriptions) write(ctx context.Context, action string, do func(context.Context, *sql.Tx) error) error {
	var start time.Time
	err := s.db.Write(ctx, action, func(ctx context.Context, tx *sql.Tx) error {
		start = time.Now() // before, it has waited for others
		return do(ctx, tx)
	})
	if !start.IsZero() {
		s.held.Add(int64(time.Since(start)))
	}
	return err
}

const subscriptionColumns = `id, spec, secrets, state, reason, add_time, pending, delivered, failed, missed, failures,
	failing_since, delivery_time, version`

func scanSubscription(rows *sql.Rows) (Subscription, error) {
	var s Subscription
	var spec, secrets string
	var added, failing, delivered int64
	err := rows.Scan(&s.ID, &spec, &secrets, &s.State, &s.Reason, &added, &s.Pending, &s.Delivered, &s.Failed,
		&s.Missed, &s.Failures, &failing, &delivered, &s.version)
	if err != nil {
		return s, err
	}
	s.AddTime, s.FailingSince, s.DeliveryTime = store.TimeOf(added), store.TimeOf(failing), store.TimeOf(delivered)
	if s.Spec, err = decodeSpec(spec); err != nil {
		return s, fmt.Errorf("subscription %s: %w", s.ID, err)
	}
	var all []string
	if err := json.Unmarshal([]byte(secrets), &all); err != nil {
		return s, fmt.Errorf("decoding the secrets of subscription %s: %w", s.ID, err)
	}
	s.Secrets = len(all)
	if s.Kind() == KindNtfy && len(all) > 0 {
		s.token = all[0]
	}
	if s.Kind() != KindWebHook {
		return s, nil
	}
	for _, secret := range all {
		key, err := Key(secret)
		if err != nil {
			return s, fmt.Errorf("a secret of subscription %s %w", s.ID, err)
		}
		s.keys = append(s.keys, key)
	}
	return s, nil
}

func decodeSpec(text string) (spec Spec, err error) {
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return spec, fmt.Errorf("decoding its specification: %w", err)
	}
	return spec, nil
}

// Put adds a subscription, or changes the one with the same name, which keeps its deliveries and its state. What
// waits is delivered at once, unless it is suspended. secrets replace the present ones; nil keeps them.
// If the subscription cannot be so, the error is ErrSpec.
func (s *Subscriptions) Put(ctx context.Context, spec Spec, secrets []string, now time.Time) error {
	return s.put(ctx, spec, secrets, now, false)
}

// Add is like Put, but if there is a subscription with this name already, it changes nothing and returns ErrExists.
func (s *Subscriptions) Add(ctx context.Context, spec Spec, secrets []string, now time.Time) error {
	return s.put(ctx, spec, secrets, now, true)
}

func (s *Subscriptions) put(ctx context.Context, spec Spec, secrets []string, now time.Time, onlyNew bool) error {
	if err := spec.Validate(); err != nil {
		return err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("encoding subscription %s: %w", spec.Name, err)
	}
	keys := "[]"
	if secrets != nil {
		if _, err := spec.ParseSecrets(strings.Join(secrets, "\n")); len(secrets) > 0 && err != nil {
			return err
		}
		encoded, err := json.Marshal(secrets)
		if err != nil {
			return fmt.Errorf("encoding the secrets of subscription %s: %w", spec.Name, err)
		}
		keys = string(encoded)
	}
	return s.db.Write(ctx, "storing subscription "+spec.Name, func(ctx context.Context, tx *sql.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		replace, err := hasOtherKind(ctx, tx, spec)
		if err != nil {
			return err
		}
		n, err := affected(tx.ExecContext(ctx, `UPDATE notify_subscriptions SET spec = $2,
			secrets = CASE WHEN $4 = 1 THEN $3 ELSE secrets END, version = `+presentVersion+` WHERE name = $1`,
			spec.Name, store.CleanText(string(text)), keys, number(secrets != nil || replace)))
		if err != nil {
			return err
		}
		switch {
		case n > 0 && onlyNew:
			return ErrExists
		case n > 0:
			return retry(ctx, tx, spec.Name, now)
		}
		n, err = affected(tx.ExecContext(ctx, `INSERT INTO notify_subscriptions (id, name, spec, secrets, state, reason,
			add_time, pending, due, pause_end, owner, claim_end, failures, failing_since, delivered, failed, missed,
			delivery_time, version)
			SELECT $1, $2, $3, $4, 'active', '', $5, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, `+presentVersion+`
			WHERE (SELECT count(*) FROM notify_subscriptions) < $6`,
			strings.ToLower(rand.Text()), spec.Name, store.CleanText(string(text)), keys, now.UnixMicro(), MaxSubscriptions))
		if err == nil && n == 0 {
			return fmt.Errorf("%w: there are %d already; remove one first", ErrSpec, MaxSubscriptions)
		}
		return err
	})
}

// hasOtherKind reports whether the present target is of another kind than a new one, which must not get its secrets.
func hasOtherKind(ctx context.Context, tx *sql.Tx, spec Spec) (bool, error) {
	rows, err := tx.QueryContext(ctx, `SELECT spec FROM notify_subscriptions WHERE name = $1`, spec.Name)
	if err != nil {
		return false, err
	}
	present, err := store.ScanRows(rows, func(rows *sql.Rows) (Spec, error) {
		var text string
		if err := rows.Scan(&text); err != nil {
			return Spec{}, err
		}
		return decodeSpec(text)
	})
	return err == nil && len(present) > 0 && present[0].Kind() != spec.Kind(), err
}

// Complete returns a specification with the whole target of the present subscription if it has the part that
// Spec.Shown leaves.
func (s *Subscriptions) Complete(ctx context.Context, spec Spec) (Spec, error) {
	if !strings.Contains(spec.To, hiddenPart) {
		return spec, nil
	}
	present, err := s.Get(ctx, spec.Name)
	if err == nil && present.Shown().To == spec.To {
		spec.To = present.To
	}
	if errors.Is(err, ErrNotFound) {
		err = nil // Validate reports that the target is not whole
	}
	return spec, err
}

// Remove removes a subscription with its deliveries, or returns ErrNotFound.
func (s *Subscriptions) Remove(ctx context.Context, name string) error {
	return s.db.Write(ctx, "removing subscription "+name, func(ctx context.Context, tx *sql.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM notify_deliveries WHERE subscription_id IN
			(SELECT id FROM notify_subscriptions WHERE name = $1)`, store.CleanText(name))
		if err != nil {
			return err
		}
		return found(tx.ExecContext(ctx, `DELETE FROM notify_subscriptions WHERE name = $1`, store.CleanText(name)))
	})
}

// Resume makes a subscription active. What waits is delivered at once. If there is no such
// subscription, the error is ErrNotFound.
func (s *Subscriptions) Resume(ctx context.Context, name string, now time.Time) error {
	return s.db.Write(ctx, "resuming subscription "+name, func(ctx context.Context, tx *sql.Tx) error {
		err := found(tx.ExecContext(ctx, `UPDATE notify_subscriptions SET state = 'active' WHERE name = $1`,
			store.CleanText(name)))
		if err != nil {
			return err
		}
		return retry(ctx, tx, name, now)
	})
}

// retry makes all pending deliveries of a subscription due, and forgets its failures.
func retry(ctx context.Context, tx *sql.Tx, name string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE notify_subscriptions SET pause_end = 0, failures = 0, failing_since = 0,
		reason = CASE WHEN state = 'active' THEN '' ELSE reason END,
		due = CASE WHEN pending > 0 THEN CAST($2 AS bigint) ELSE 0 END WHERE name = $1`,
		store.CleanText(name), now.UnixMicro())
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE notify_deliveries SET due = $2, first_attempt = 0 WHERE state = 'pending'
		AND subscription_id IN (SELECT id FROM notify_subscriptions WHERE name = $1)`,
		store.CleanText(name), now.UnixMicro())
	return err
}

// Get returns the subscription with a name, or ErrNotFound.
func (s *Subscriptions) Get(ctx context.Context, name string) (Subscription, error) {
	all, err := store.ReadRows(ctx, s.db, "reading subscription "+name, scanSubscription,
		`SELECT `+subscriptionColumns+` FROM notify_subscriptions WHERE name = $1`, store.CleanText(name))
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%.80q: %w", name, ErrNotFound)
	}
	if err != nil {
		return Subscription{}, err
	}
	return all[0], nil
}

// List returns at most limit subscriptions whose names come after a name, ordered by name.
func (s *Subscriptions) List(ctx context.Context, after string, limit int) ([]Subscription, error) {
	return store.ReadRows(ctx, s.db, "reading the subscriptions", scanSubscription,
		`SELECT `+subscriptionColumns+` FROM notify_subscriptions WHERE name > $1 ORDER BY name LIMIT $2`,
		store.CleanText(after), limit)
}

// changedPage is the number of subscriptions that Changed reads at once.
const changedPage = 1000

// Changed returns the subscriptions that were added or changed after a version of Progress. Version -1 returns all.
func (s *Subscriptions) Changed(ctx context.Context, version int64) ([]Subscription, error) {
	return changedAfter(version, func(query string, args ...any) ([]Subscription, error) {
		return store.ReadRows(ctx, s.db, "reading the subscriptions that have changed", scanSubscription, query, args...)
	})
}

// changedAfter reads what Changed returns, page by page.
func changedAfter(
	version int64, read func(query string, args ...any) ([]Subscription, error),
) (changed []Subscription, err error) {
	same, id := int64(-1), "" // continues after this id within a version
	for {
		page, err := read(`SELECT `+subscriptionColumns+` FROM notify_subscriptions
			WHERE version > $1 OR version = $2 AND id > $3 ORDER BY version, id LIMIT $4`, version, same, id, changedPage)
		if err != nil {
			return nil, err
		}
		changed = append(changed, page...)
		if len(page) < changedPage {
			return changed, nil
		}
		last := page[len(page)-1]
		version, same, id = last.version, last.version, last.ID
	}
}

// Count returns the number of subscriptions.
func (s *Subscriptions) Count(ctx context.Context) (int, error) {
	all, err := store.ReadRows(ctx, s.db, "counting the subscriptions",
		func(rows *sql.Rows) (n int, err error) { return n, rows.Scan(&n) }, `SELECT count(*) FROM notify_subscriptions`)
	if err != nil {
		return 0, err
	}
	return all[0], nil
}

// IDs returns the ids of all subscriptions.
func (s *Subscriptions) IDs(ctx context.Context) ([]string, error) {
	return store.ReadRows(ctx, s.db, "reading the ids of subscriptions", scanID, `SELECT id FROM notify_subscriptions`)
}

// presentVersion is the number of changes of the subscriptions.
const presentVersion = `(SELECT p.version FROM notify_progress p WHERE p.id = 1)`

// change counts a change of the subscriptions, so that those who match read what has changed.
func change(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE notify_progress SET version = version + 1 WHERE id = 1`)
	return err
}

func found(result sql.Result, err error) error {
	n, err := affected(result, err)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
