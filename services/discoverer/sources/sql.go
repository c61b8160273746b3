package sources

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/dateline-news/dateline/services/discoverer/internal/schedule"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// write runs a transaction.
func (s *Sources) write(ctx context.Context, action string, do func(context.Context, *sql.Tx) error) error {
	return s.db.Write(ctx, action, do)
}

func query[T any](
	ctx context.Context, s *Sources, action string, scan func(*sql.Rows) (T, error), text string, args ...any,
) ([]T, error) {
	return store.ReadRows(ctx, s.db, action, scan, text, args...)
}

// one returns the only row, or ErrNotFound.
func one[T any](rows []T, err error) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	if len(rows) == 0 {
		return none, ErrNotFound
	}
	return rows[0], nil
}

// sourceColumns are what scanSource reads.
const sourceColumns = `id, url, labels, state, add_time, policy, budget, visits, taken, delays`

func scanSource(rows *sql.Rows) (Source, error) {
	var s Source
	var labels string
	var added int64
	var policy string
	var budget, visits, taken []byte
	err := rows.Scan(&s.ID, &s.URL, &labels, &s.State, &added, &policy, &budget, &visits, &taken, &s.delays)
	if err != nil {
		return Source{}, err
	}
	s.AddTime, s.Budget = store.TimeOf(added), schedule.BudgetOf(budget)
	s.Visits, s.Taken = schedule.BudgetOf(visits), schedule.BudgetOf(taken)
	if err := json.Unmarshal([]byte(policy), &s.Policy); err != nil {
		return Source{}, fmt.Errorf("decoding the policy: %w", err)
	}
	if err := json.Unmarshal([]byte(labels), &s.Labels); err != nil {
		return Source{}, fmt.Errorf("decoding labels: %w", err)
	}
	return s, nil
}

// columns are what scanEndpoint reads.
const columns = `id, source_id, url, purpose, state, reason, hint, add_time, next_poll, poll, settled,
	poll_time, new_time, new_poll, new_detail, articles, waiting, schedule`

func scanEndpoint(rows *sql.Rows) (Endpoint, error) {
	var e Endpoint
	var added, next, polled, found int64
	err := rows.Scan(&e.ID, &e.SourceID, &e.URL, &e.Purpose, &e.State, &e.Reason, &e.Hint, &added, &next, &e.Poll,
		&e.Settled, &polled, &found, &e.NewPoll, &e.NewDetail, &e.Articles, &e.Waiting, &e.Schedule)
	e.AddTime = store.TimeOf(added)
	e.NextPoll, e.PollTime, e.NewTime = store.TimeOf(next), store.TimeOf(polled), store.TimeOf(found)
	return e, err
}

func scanBytes(rows *sql.Rows) (b []byte, err error) { return b, rows.Scan(&b) }

func notNil(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}
