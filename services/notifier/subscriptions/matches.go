package subscriptions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// ErrMoved means that another process has stored matches meanwhile, or a subscription has changed. Nothing was
// stored: read the progress again.
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
	p.Created = timeOf(created)
	return p, err
}

// Advance stores matches and the progress from one place to the next in one transaction. A subscription
// has at most maxPending deliveries that wait; further matches of it are only counted as missed. A match that is
// stored already is ignored. It returns the number of deliveries that were stored, and of those missed.
func (s *Subscriptions) Advance(
	ctx context.Context, from, to Progress, matches []Match, erased []Erasure, maxPending int64, now time.Time,
) (stored, missed int64, err error) {
	err = s.db.Write(ctx, "storing matches", func(ctx context.Context, tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, `UPDATE notify_progress SET created = $1, sequence = $2
			WHERE id = 1 AND created = $3 AND sequence = $4 AND version = $5`,
			micros(to.Created), int64(to.Sequence), micros(from.Created), int64(from.Sequence), from.Version))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrMoved
		}
		for _, one := range erased {
			more, err := s.erasures(ctx, tx, one)
			if err != nil {
				return fmt.Errorf("reading who has article %s: %w", one.ArticleID, err)
			}
			matches = append(matches, more...)
		}
		added := map[string]int64{}
		for _, m := range matches {
			n, err := affected(tx.ExecContext(ctx, `INSERT INTO notify_deliveries (subscription_id, article_id, revision, event,
				content_hash, event_time, state, attempts, first_attempt, due, status, detail, end_time)
				SELECT $1, $2, $3, $4, $5, $6, 'pending', 0, 0, $7, 0, '', 0
				WHERE (SELECT pending FROM notify_subscriptions WHERE id = $1) + $8 < $9
				ON CONFLICT (subscription_id, article_id, revision) DO NOTHING`, m.SubscriptionID, m.ArticleID, m.Revision, m.Event,
				m.Hash, micros(m.EventTime), now.UnixMicro(), added[m.SubscriptionID], maxPending))
			if err != nil {
				return fmt.Errorf("article %s: %w", m.ArticleID, err)
			}
			if added[m.SubscriptionID] += n; n == 0 {
				n, err = affected(tx.ExecContext(ctx, `UPDATE notify_subscriptions SET missed = missed + 1 WHERE id = $1
					AND pending + $2 >= $3 AND NOT EXISTS (SELECT 1 FROM notify_deliveries
					WHERE subscription_id = $1 AND article_id = $4 AND revision = $5)`,
					m.SubscriptionID, added[m.SubscriptionID], maxPending, m.ArticleID, m.Revision))
				if err != nil {
					return err
				}
				missed += n
			}
		}
		for id, n := range added {
			stored += n
			_, err := tx.ExecContext(ctx, `UPDATE notify_subscriptions SET pending = pending + $2,
				due = CASE WHEN due = 0 OR due > $3 THEN CAST($3 AS bigint) ELSE due END WHERE id = $1 AND $2 > 0`,
				id, n, now.UnixMicro())
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	return stored, missed, nil
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
