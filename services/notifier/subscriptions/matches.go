package subscriptions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// ErrMoved means that another process has stored matches meanwhile, or that subscriptions have changed and the batch
// cannot be matched again. Nothing was stored: read the progress again.
var ErrMoved = errors.New("the progress has moved meanwhile")

// Progress is how far the stream of revisions was matched.
type Progress struct {
	// Created is when the stream was created, and Sequence that of the last revision whose matches are
	// stored. Created is zero before the first one.
	Created  time.Time
	Sequence uint64
	// Version is the number of changes of subscriptions.
	Version int64
}

// Match is an event of an article that a subscription wants.
type Match struct {
	SubscriptionID, ArticleID string
	// Revision is 0 if the article was erased.
	Revision  int
	Event     string
	Hash      string // of the content of the revision
	EventTime time.Time
}

// Erasure is an article that was erased. It is a match of every subscription that has a delivery of it.
type Erasure struct {
	ArticleID string
	EventTime time.Time
}

// Progress returns how far the stream was matched.
func (s *Subscriptions) Progress(ctx context.Context) (Progress, error) {
	all, err := store.ReadRows(ctx, s.db, "reading the progress of matching", scanProgress, progressQuery)
	if err != nil {
		return Progress{}, err
	}
	return all[0], nil
}

const progressQuery = `SELECT created, sequence, version FROM notify_progress WHERE id = 1`

func scanProgress(rows *sql.Rows) (p Progress, err error) {
	var created int64
	err = rows.Scan(&created, &p.Sequence, &p.Version)
	p.Created = store.TimeOf(created)
	return p, err
}

// BoundAddTimes has subscriptions that were added later than now, by a clock that was ahead, count as added at a time.
func (s *Subscriptions) BoundAddTimes(ctx context.Context, now, addTime time.Time) error {
	ahead, err := store.ReadRows(ctx, s.db, "reading which subscriptions were added in the future", scanID,
		`SELECT id FROM notify_subscriptions WHERE add_time > $1 LIMIT 1`, now.UnixMicro())
	if err != nil || len(ahead) == 0 {
		return err
	}
	return s.db.Write(ctx, "correcting when subscriptions were added", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE notify_subscriptions SET add_time = $2 WHERE add_time > $1`,
			now.UnixMicro(), addTime.UnixMicro())
		return err
	})
}

// Batch is the result of matching the revisions between two places on the stream.
type Batch struct {
	Matches []Match
	Erased  []Erasure
	// Rematch returns the matches of these revisions with subscriptions that were added or changed since the Matches
	// were found. It runs within the transaction that stores the batch. If it is nil, such a change is ErrMoved.
	Rematch func(changed []Subscription) []Match
}

// Advance stores a batch and the progress from one place to the next in one transaction. If subscriptions have changed
// since from.Version, it stores what the changed ones match, so that changes never make it start again. A subscription
// has at most maxPending deliveries that wait; further matches of it are only counted as missed. A match that is
// stored already is ignored. It returns the number of deliveries that were stored, and of those missed.
func (s *Subscriptions) Advance(
	ctx context.Context, from, to Progress, batch Batch, maxPending int64, now time.Time,
) (stored, missed int64, err error) {
	err = s.write(ctx, "storing matches", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `UPDATE notify_progress SET created = $1, sequence = $2
			WHERE id = 1 AND created = $3 AND sequence = $4 RETURNING version`,
			store.Micros(to.Created), int64(to.Sequence), store.Micros(from.Created), int64(from.Sequence))
		if err != nil {
			return err
		}
		versions, err := store.ScanRows(rows, func(rows *sql.Rows) (v int64, err error) { return v, rows.Scan(&v) })
		if err != nil {
			return err
		}
		if len(versions) == 0 {
			return ErrMoved
		}
		matches := batch.Matches
		if versions[0] != from.Version {
			if matches, err = rematch(ctx, tx, batch, from.Version); err != nil {
				return err
			}
		}
		for _, one := range batch.Erased {
			more, err := s.erasures(ctx, tx, one)
			if err != nil {
				return fmt.Errorf("reading who has article %s: %w", one.ArticleID, err)
			}
			matches = append(matches, more...)
		}
		if matches, missed, err = s.trim(ctx, tx, matches, maxPending); err != nil {
			return fmt.Errorf("counting what waits: %w", err)
		}
		stored, err = insert(ctx, tx, matches, now)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	return stored, missed, nil
}

// rematch returns the matches of a batch with the present subscriptions, if the batch was matched with those of a
// version. The transaction has locked the progress, so that no subscription changes meanwhile.
func rematch(ctx context.Context, tx *sql.Tx, batch Batch, version int64) ([]Match, error) {
	if batch.Rematch == nil {
		return nil, ErrMoved
	}
	changed, err := changedAfter(version, func(query string, args ...any) ([]Subscription, error) {
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		return store.ScanRows(rows, scanSubscription)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the subscriptions that have changed: %w", err)
	}
	outdated := make(map[string]bool, len(changed))
	for _, one := range changed {
		outdated[one.ID] = true
	}
	matches := batch.Rematch(changed)
	for _, m := range batch.Matches {
		if !outdated[m.SubscriptionID] {
			matches = append(matches, m)
		}
	}
	return matches, nil
}

// erasures returns the erasure of an article as matches of the subscriptions that have a delivery of it.
func (s *Subscriptions) erasures(ctx context.Context, tx *sql.Tx, one Erasure) ([]Match, error) {
	rows, err := tx.QueryContext(ctx, `SELECT DISTINCT d.subscription_id, s.spec FROM notify_deliveries d
		JOIN notify_subscriptions s ON s.id = d.subscription_id WHERE d.article_id = $1`, one.ArticleID)
	if err != nil {
		return nil, err
	}
	all, err := store.ScanRows(rows, func(rows *sql.Rows) (Match, error) {
		m := Match{ArticleID: one.ArticleID, Event: Erased, EventTime: one.EventTime}
		var spec string
		if err := rows.Scan(&m.SubscriptionID, &spec); err != nil {
			return m, err
		}
		decoded, err := decodeSpec(spec)
		if err == nil && !decoded.IsWanted(Erased) {
			m.SubscriptionID = ""
		}
		return m, err
	})
	wanted := all[:0]
	for _, m := range all {
		if m.SubscriptionID != "" {
			wanted = append(wanted, m)
		}
	}
	return wanted, err
}

// rowsPerStatement is the number of rows that one statement reads or writes.
const rowsPerStatement = 200

// trim returns the matches without those for which a subscription has no room, and counts these as missed. It keeps
// other transactions from changing the subscriptions.
func (s *Subscriptions) trim(
	ctx context.Context, tx *sql.Tx, matches []Match, maxPending int64,
) (kept []Match, missed int64, err error) {
	wanted := map[string]int64{}
	for _, m := range matches {
		wanted[m.SubscriptionID]++
	}
	lock := ""
	if s.db.Postgres {
		lock = " FOR UPDATE"
	}
	room := map[string]int64{}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(wanted)), rowsPerStatement) {
		rows, err := tx.QueryContext(ctx, `SELECT id, pending FROM notify_subscriptions WHERE id IN (`+
			placeholders(1, len(ids))+`) ORDER BY id`+lock, anys(ids)...)
		if err != nil {
			return nil, 0, err
		}
		_, err = store.ScanRows(rows, func(rows *sql.Rows) (struct{}, error) {
			var id string
			var pending int64
			err := rows.Scan(&id, &pending)
			room[id] = maxPending - pending
			return struct{}{}, err
		})
		if err != nil {
			return nil, 0, err
		}
	}
	over := map[string]int64{}
	for _, m := range matches {
		if left, known := room[m.SubscriptionID]; !known { // it was removed
			continue
		} else if left <= 0 {
			over[m.SubscriptionID]++
			missed++
			continue
		}
		room[m.SubscriptionID]--
		kept = append(kept, m)
	}
	return kept, missed, addTo(ctx, tx, over, `UPDATE notify_subscriptions SET missed = missed + $1 WHERE id IN (%s)`)
}

// insert stores matches as pending deliveries and returns their number. It ignores those that are stored already.
func insert(ctx context.Context, tx *sql.Tx, matches []Match, now time.Time) (stored int64, err error) {
	added := map[string]int64{}
	for some := range slices.Chunk(matches, rowsPerStatement) {
		var values strings.Builder
		args := []any{now.UnixMicro()}
		for i, m := range some {
			if i > 0 {
				values.WriteByte(',')
			}
			n := len(args)
			fmt.Fprintf(&values, `($%d, $%d, $%d, $%d, $%d, $%d, 'pending', 0, 0, $1, 0, '', 0)`, n+1, n+2, n+3, n+4, n+5, n+6)
			args = append(args, m.SubscriptionID, m.ArticleID, m.Revision, m.Event, m.Hash, store.Micros(m.EventTime))
		}
		rows, err := tx.QueryContext(ctx, `INSERT INTO notify_deliveries (subscription_id, article_id, revision, event,
			content_hash, event_time, state, attempts, first_attempt, due, status, detail, end_time) VALUES `+values.String()+`
			ON CONFLICT (subscription_id, article_id, revision) DO NOTHING RETURNING subscription_id`, args...)
		if err != nil {
			return 0, err
		}
		ids, err := store.ScanRows(rows, scanID)
		if err != nil {
			return 0, err
		}
		for _, id := range ids {
			added[id]++
			stored++
		}
	}
	return stored, addTo(ctx, tx, added, fmt.Sprintf(`UPDATE notify_subscriptions SET pending = pending + $1,
		due = CASE WHEN due = 0 OR due > %[1]d THEN %[1]d ELSE due END WHERE id IN (%%s)`, now.UnixMicro()))
}

// addTo runs a statement for the subscriptions that have the same number, which is its first argument.
func addTo(ctx context.Context, tx *sql.Tx, numbers map[string]int64, statement string) error {
	same := map[int64][]string{}
	for _, id := range slices.Sorted(maps.Keys(numbers)) {
		same[numbers[id]] = append(same[numbers[id]], id)
	}
	for _, n := range slices.Sorted(maps.Keys(same)) {
		for ids := range slices.Chunk(same[n], rowsPerStatement) {
			args := append([]any{n}, anys(ids)...)
			if _, err := tx.ExecContext(ctx, fmt.Sprintf(statement, placeholders(2, len(ids))), args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// placeholders returns a number of placeholders, from a first one on.
func placeholders(first, count int) string {
	all := make([]string, count)
	for i := range all {
		all[i] = "$" + strconv.Itoa(first+i)
	}
	return strings.Join(all, ",")
}

func anys(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return all
}
