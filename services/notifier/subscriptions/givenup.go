package subscriptions

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// Stage is the name of the notifier where stages are listed.
const Stage = "notify"

// MaxGivenUp is the maximum number up to which deliveries that were given up are counted.
const MaxGivenUp = 100_000

// numberPrefix starts the numbers of deliveries among those of dead letters.
const numberPrefix = "n"

// GivenUp is a delivery that was given up: a dead letter of the notifier. It is a row like every delivery.
type GivenUp struct {
	// Number is how users refer to the delivery among dead letters: see Number. Stage is the constant Stage.
	Number string `json:"number" doc:"Number among dead letters, such as n17."`
	Stage  string `json:"stage" doc:"Always notify."`
	Delivery
	// Subscription is the name of the subscription.
	Subscription string `json:"subscription" doc:"Name of the subscription."`
}

// Number returns the number among dead letters of the delivery with an id.
func Number(id int64) string { return numberPrefix + strconv.FormatInt(id, 10) }

// ParseNumber returns the id of the delivery with a number, and reports whether the text is one.
func ParseNumber(text string) (id int64, ok bool) {
	rest, ok := strings.CutPrefix(text, numberPrefix)
	n, err := strconv.ParseUint(rest, 10, 63)
	return int64(n), ok && err == nil
}

const givenUpQuery = `SELECT ` + deliveryColumns + `, coalesce((SELECT name FROM notify_subscriptions s
	WHERE s.id = d.subscription_id), '') FROM notify_deliveries d WHERE state = 'failed'`

func scanGivenUp(rows *sql.Rows) (g GivenUp, err error) {
	g.Delivery, err = scanDeliveryWith(rows, &g.Subscription)
	g.Number, g.Stage = Number(g.ID), Stage
	return g, err
}

// GivenUp returns at most limit deliveries that were given up, of all subscriptions, with ids above after, oldest
// first.
func (s *Subscriptions) GivenUp(ctx context.Context, after int64, limit int) ([]GivenUp, error) {
	return store.ReadRows(ctx, s.db, "reading deliveries that were given up", scanGivenUp,
		givenUpQuery+` AND id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// FindGivenUp returns the delivery with an id that was given up, or ErrNotFound.
func (s *Subscriptions) FindGivenUp(ctx context.Context, id int64) (GivenUp, error) {
	all, err := store.ReadRows(ctx, s.db, "reading a delivery that was given up", scanGivenUp,
		givenUpQuery+` AND id = $1`, id)
	if err == nil && len(all) == 0 {
		err = NotGivenUp(id)
	}
	if err != nil {
		return GivenUp{}, err
	}
	return all[0], nil
}

// NotGivenUp returns the error, an ErrNotFound, that the delivery with an id is not one that was given up.
func NotGivenUp(id int64) error {
	return fmt.Errorf("delivery %s is not one that was given up: %w", Number(id), ErrNotFound)
}

// CountGivenUp returns the number of deliveries that were given up, at most MaxGivenUp.
func (s *Subscriptions) CountGivenUp(ctx context.Context) (int64, error) {
	all, err := store.ReadRows(ctx, s.db, "counting deliveries that were given up",
		func(rows *sql.Rows) (n int64, err error) { return n, rows.Scan(&n) },
		`SELECT count(*) FROM (SELECT id FROM notify_deliveries WHERE state = 'failed' LIMIT $1) AS given_up`, MaxGivenUp)
	if err != nil {
		return 0, err
	}
	return all[0], nil
}

// RequeueGivenUp sends a delivery again that was given up. If there is no such delivery, the error is ErrNotFound.
func (s *Subscriptions) RequeueGivenUp(ctx context.Context, id int64, now time.Time) error {
	one, err := s.FindGivenUp(ctx, id)
	if err != nil {
		return err
	}
	return s.Resend(ctx, one.Subscription, id, now)
}

// DropGivenUp removes a delivery from those that were given up: it counts as skipped. If there is no such delivery,
// the error is ErrNotFound.
func (s *Subscriptions) DropGivenUp(ctx context.Context, id int64, now time.Time) error {
	return s.db.Write(ctx, "dropping a delivery", func(ctx context.Context, tx *sql.Tx) error {
		return found(tx.ExecContext(ctx, `UPDATE notify_deliveries SET state = 'skipped', end_time = $2,
			detail = 'dropped after it was given up: ' || detail WHERE id = $1 AND state = 'failed'`, id, now.UnixMicro()))
	})
}
