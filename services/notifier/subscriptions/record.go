package subscriptions

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

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
	// Ends reports that the turn ends. Otherwise it ends if nothing more is due.
	Ends bool
}

// Record stores what a turn has brought.
func (s *Subscriptions) Record(ctx context.Context, id string, r Report, now time.Time) error {
	_, err := s.RecordAll(ctx, "", map[string]Report{id: r}, now)
	return err
}

// RecordAll stores what turns of a process have brought, by the ids of the subscriptions, in one transaction. It ends
// the claims of the turns that end, and returns those that the process still has.
func (s *Subscriptions) RecordAll(
	ctx context.Context, owner string, all map[string]Report, now time.Time,
) (claimed map[string]bool, err error) {
	err = s.write(ctx, "storing deliveries", func(ctx context.Context, tx *sql.Tx) error {
		claimed = map[string]bool{}
		for ids := range slices.Chunk(slices.Sorted(maps.Keys(all)), rowsPerStatement) {
			if err := s.lock(ctx, tx, ids); err != nil {
				return err
			}
			counts, err := updateDeliveries(ctx, tx, ids, all, now)
			if err != nil {
				return fmt.Errorf("changing deliveries: %w", err)
			}
			kept, err := updateSubscriptions(ctx, tx, owner, ids, all, counts, now)
			if err != nil {
				return fmt.Errorf("changing subscriptions: %w", err)
			}
			for _, id := range kept {
				claimed[id] = true
			}
		}
		return nil
	})
	return claimed, err
}

// lock keeps other transactions from changing subscriptions, so that a match that is being stored is seen afterwards.
func (s *Subscriptions) lock(ctx context.Context, tx *sql.Tx, ids []string) error {
	if !s.db.Postgres {
		return nil // there is one transaction at a time
	}
	rows, err := tx.QueryContext(ctx, `SELECT id FROM notify_subscriptions WHERE id IN (`+placeholders(1, len(ids))+`)
		ORDER BY id FOR UPDATE`, anys(ids)...)
	if err != nil {
		return err
	}
	_, err = store.ScanRows(rows, scanID)
	return err
}

func scanID(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) }

// ends counts the deliveries of a subscription that have ended, by their state.
type ends map[string]int64

// updateDeliveries stores the new states of deliveries. It returns how many have ended, by subscription.
func updateDeliveries(
	ctx context.Context, tx *sql.Tx, ids []string, all map[string]Report, now time.Time,
) (map[string]ends, error) {
	var deliveries []Delivery
	var recovered []string
	for _, id := range ids {
		deliveries = append(deliveries, all[id].Deliveries...)
		if all[id].Recovered {
			recovered = append(recovered, id)
		}
	}
	counts := map[string]ends{}
	for some := range slices.Chunk(deliveries, rowsPerStatement) {
		var v values
		for _, d := range some {
			v.add(d.ID, d.State, d.Attempts, d.Status, store.CleanText(d.Detail), store.Micros(d.FirstAttempt),
				store.Micros(d.Due), store.Micros(d.EndTime))
		}
		rows, err := tx.QueryContext(ctx, `WITH n (delivery, result, attempts, status, detail, first_attempt, due,
			end_time) AS (`+v.text.String()+`)
			UPDATE notify_deliveries AS d SET state = n.result, attempts = n.attempts, status = n.status,
			detail = n.detail, first_attempt = n.first_attempt, due = n.due, end_time = n.end_time
			FROM n WHERE d.id = n.delivery AND d.state = 'pending' RETURNING subscription_id, state`, v.args...)
		if err != nil {
			return nil, err
		}
		_, err = store.ScanRows(rows, func(rows *sql.Rows) (struct{}, error) {
			var id, state string
			err := rows.Scan(&id, &state)
			if counts[id] == nil {
				counts[id] = ends{}
			}
			counts[id][state]++
			return struct{}{}, err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(recovered) == 0 {
		return counts, nil
	}
	_, err := tx.ExecContext(ctx, `UPDATE notify_deliveries SET due = $1 WHERE state = 'pending' AND due > $1
		AND subscription_id IN (`+placeholders(2, len(recovered))+`)`, append([]any{now.UnixMicro()}, anys(recovered)...)...)
	return counts, err
}

// updateSubscriptions stores the new states of subscriptions and ends turns. It returns the subscriptions whose claims
// the process keeps.
func updateSubscriptions(
	ctx context.Context, tx *sql.Tx, owner string, ids []string, all map[string]Report, counts map[string]ends,
	now time.Time,
) ([]string, error) {
	var v values
	for _, id := range ids {
		r, n := all[id], counts[id]
		delivered := int64(0)
		if n[Delivered] > 0 {
			delivered = now.UnixMicro()
		}
		v.add(id, r.State, store.CleanText(r.Reason), r.Failures, store.Micros(r.FailingSince), store.Micros(r.PauseEnd),
			n[Delivered]+n[Failed]+n[Skipped], n[Delivered], n[Failed], delivered, number(r.Ends))
	}
	next := len(v.args)
	turnEnds := fmt.Sprintf(`s.owner = $%d AND (n.ends = 1 OR n.due = 0 OR n.due > $%d)`, next+1, next+2)
	// The next delivery is the earliest one that does not wait for a previous revision of its article.
	rows, err := tx.QueryContext(ctx, `WITH v (subscription, state, reason, failures, failing_since, pause_end, ended,
			delivered, failed, delivery_time, ends) AS (`+v.text.String()+`),
		n AS MATERIALIZED (SELECT v.*, coalesce((SELECT d.due FROM notify_deliveries d
			WHERE d.subscription_id = v.subscription AND d.state = 'pending' AND `+isFirst+`
			ORDER BY d.due LIMIT 1), 0) AS due FROM v)
		UPDATE notify_subscriptions AS s SET state = n.state, reason = n.reason, failures = n.failures,
			failing_since = n.failing_since, pause_end = n.pause_end, pending = s.pending - n.ended,
			delivered = s.delivered + n.delivered, failed = s.failed + n.failed,
			delivery_time = CASE WHEN n.delivery_time > s.delivery_time THEN n.delivery_time ELSE s.delivery_time END,
			due = n.due, owner = CASE WHEN `+turnEnds+` THEN '' ELSE s.owner END,
			claim_end = CASE WHEN `+turnEnds+` THEN 0 ELSE s.claim_end END
		FROM n WHERE s.id = n.subscription RETURNING id, owner`, append(v.args, owner, now.UnixMicro())...)
	if err != nil {
		return nil, err
	}
	var kept []string
	_, err = store.ScanRows(rows, func(rows *sql.Rows) (struct{}, error) {
		var id, present string
		err := rows.Scan(&id, &present)
		if present == owner {
			kept = append(kept, id)
		}
		return struct{}{}, err
	})
	return kept, err
}

// values builds VALUES with placeholders, whose types PostgreSQL has to know.
type values struct {
	text strings.Builder
	args []any
}

// add adds a row of texts and integers.
func (v *values) add(row ...any) {
	if len(v.args) == 0 {
		v.text.WriteString("VALUES ")
	} else {
		v.text.WriteByte(',')
	}
	for i, one := range row {
		separator, kind := ",", "bigint"
		if i == 0 {
			separator = "("
		}
		if _, is := one.(string); is {
			kind = "text"
		}
		v.args = append(v.args, one)
		v.text.WriteString(separator + "CAST($" + strconv.Itoa(len(v.args)) + " AS " + kind + ")")
	}
	v.text.WriteByte(')')
}
