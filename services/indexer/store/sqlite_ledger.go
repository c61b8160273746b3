package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func (s *sqliteStore) Record(ctx context.Context, outcomes []*datelinev1.Outcome, from ...Span) error {
	rows, err := newOutcomeRows(outcomes)
	if err != nil {
		return err
	}
	if err := s.recordRows(ctx, rows, from); err != nil {
		return fmt.Errorf("recording %d outcomes in %s: %w", len(rows), s.path, s.explain(err))
	}
	return nil
}

func (s *sqliteStore) recordRows(ctx context.Context, rows []outcomeRow, from []Span) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	b := &sqliteBatch{ctx: ctx, tx: tx, statements: s.statements}
	var expired int64
	if err := tx.QueryRowContext(ctx, selectExpired).Scan(&expired); err != nil {
		return err
	}
	hours := make(hourCounts)
	for _, r := range withoutExpired(rows, expired) {
		if err := b.recordRow(r, hours); err != nil {
			return fmt.Errorf("writing the outcome of %.100s: %w", r.inputID, err)
		}
	}
	for _, h := range hours.sorted() {
		err := b.run(s.statements.hour, h.host, h.hour, int32(h.stage), int32(h.verdict), h.reason, h.count)
		if err != nil {
			return fmt.Errorf("counting the outcomes of %s: %w", h.host, err)
		}
	}
	if err := b.writeSpans(from); err != nil {
		return err
	}
	return s.commit(tx)
}

// recordRow writes an outcome, and adds the change of the hourly counts to hours.
func (b *sqliteBatch) recordRow(r outcomeRow, hours hourCounts) error {
	o := r.outcome
	columns := []any{int32(o.GetStage()), r.inputID, int32(o.GetVerdict()), o.GetReason(), o.GetUrl(), o.GetRequestId(),
		o.GetHost(), r.time.UnixMicro(), r.record}
	result, err := b.exec(b.statements.insertOutcome, columns...)
	if err != nil {
		return err
	}
	if inserted, err := result.RowsAffected(); err != nil {
		return err
	} else if inserted == 1 {
		hours.add(r, 1)
		return nil
	}
	before := outcomeRow{outcome: &datelinev1.Outcome{Stage: o.GetStage()}}
	err = b.queryRow(b.statements.loadOutcome, columns[0], columns[1]).
		Scan(&before.outcome.Verdict, &before.outcome.Reason, &before.outcome.Host, timeTarget{&before.time})
	if err != nil || !before.yieldsTo(r) {
		return err
	}
	hours.add(before, -1)
	hours.add(r, 1)
	return b.run(b.statements.replaceOutcome, columns...)
}

func (s *sqliteStore) Outcomes(ctx context.Context, url string) ([]*datelinev1.Outcome, error) {
	outcomes, err := queryRows(ctx, s.readers, scanOutcome, `WITH
		urls (url) AS (
			SELECT ?1 UNION
			SELECT url FROM aliases WHERE article_id = (SELECT article_id FROM aliases WHERE url = ?1)
		),
		requests (id) AS (
			SELECT request_id FROM outcomes WHERE url IN (SELECT url FROM urls) AND request_id <> ''
		)
		SELECT record FROM outcomes WHERE url IN (SELECT url FROM urls) OR request_id IN (SELECT id FROM requests)
		ORDER BY time, stage, input_id`, CleanText(url))
	if err != nil {
		return nil, fmt.Errorf("reading the outcomes of %.200s from %s: %w", url, s.path, s.explain(err))
	}
	return outcomes, nil
}

func (s *sqliteStore) RequestOutcomes(ctx context.Context, requestIDs []string) ([]*datelinev1.Outcome, error) {
	cleaned := make([]string, len(requestIDs))
	for i, id := range requestIDs {
		cleaned[i] = CleanText(id)
	}
	list, err := json.Marshal(cleaned)
	if err != nil {
		return nil, fmt.Errorf("encoding %d request ids: %w", len(requestIDs), err)
	}
	outcomes, err := queryRows(ctx, s.readers, scanOutcome, `SELECT record FROM outcomes
		WHERE request_id IN (SELECT value FROM json_each(?)) AND request_id <> ''
		ORDER BY time, stage, input_id`, string(list))
	if err != nil {
		return nil, fmt.Errorf("reading the outcomes of %d requests from %s: %w", len(requestIDs), s.path, s.explain(err))
	}
	return outcomes, nil
}

func scanOutcome(rows *sql.Rows) (*datelinev1.Outcome, error) {
	var record []byte
	if err := rows.Scan(&record); err != nil {
		return nil, err
	}
	return decodeOutcome(record)
}

func (s *sqliteStore) Tally(ctx context.Context) ([]Count, error) {
	counts, err := queryRows(ctx, s.readers, func(rows *sql.Rows) (Count, error) {
		var c Count
		err := rows.Scan(&c.Stage, &c.Verdict, &c.Reason, &c.Count)
		return c, err
	}, `SELECT stage, verdict, reason, sum(n) FROM (
			SELECT stage, verdict, reason, count(*) AS n FROM outcomes GROUP BY 1, 2, 3
			UNION ALL SELECT stage, verdict, reason, count FROM expired_outcomes
		) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`)
	if err != nil {
		return nil, fmt.Errorf("counting the outcomes in %s: %w", s.path, s.explain(err))
	}
	return counts, nil
}

func (s *sqliteStore) Hours(ctx context.Context, host string, since time.Time) ([]Hour, error) {
	// A condition that also stands for all hosts would keep SQLite from using the primary key.
	ofHost, arguments := "", []any{hourOf(since)}
	if host != "" {
		ofHost, arguments = "AND host = ?2", append(arguments, CleanText(host))
	}
	hours, err := queryRows(ctx, s.readers, func(rows *sql.Rows) (Hour, error) {
		var h Hour
		var hour int64
		err := rows.Scan(&hour, &h.Stage, &h.Verdict, &h.Reason, &h.Count.Count)
		h.Begin = startOfHour(hour)
		return h, err
	}, `SELECT hour, stage, verdict, reason, sum(count) FROM source_hours
		WHERE hour >= ?1 `+ofHost+`
		GROUP BY 1, 2, 3, 4 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4`, arguments...)
	if err != nil {
		return nil, fmt.Errorf("reading the hourly counts of %s from %s: %w", host, s.path, s.explain(err))
	}
	return hours, nil
}

// sqliteOutstanding selects the outcomes h with verdict ?4 of the stages before ?1, in
// the period from ?2 to ?3, whose input of stage ?1 has no outcome. Pages for extract (3) come
// from fetch and from ingest (7), and articles for index (4) from extract and from replay (8).
const sqliteOutstanding = `FROM outcomes h INDEXED BY outcomes_by_time
	WHERE h.time >= ?2 AND h.time < ?3 AND h.stage IN (?1 - 1, CASE ?1 WHEN 3 THEN 7 WHEN 4 THEN 8 END) AND h.verdict = ?4
		AND h.reason NOT IN ('split', 'listing', 'continued')
	AND NOT EXISTS (SELECT 1 FROM outcomes o INDEXED BY outcomes_by_url
		WHERE o.url = h.url AND o.stage = ?1 AND o.request_id = h.request_id)`

func (s *sqliteStore) Outstanding(
	ctx context.Context, stage datelinev1.Stage, from, to time.Time,
) (Outstanding, error) {
	var result Outstanding
	var first *time.Time
	err := s.readers.QueryRowContext(ctx, `SELECT count(*), min(h.time) `+sqliteOutstanding,
		int32(stage), from.UnixMicro(), to.UnixMicro(), int32(datelinev1.Verdict_VERDICT_PRODUCED)).
		Scan(&result.Count, nullTimeTarget{&first})
	if err != nil {
		return Outstanding{}, fmt.Errorf("looking for inputs without an outcome in %s: %w", s.path, s.explain(err))
	}
	if first != nil {
		result.First = *first
	}
	return result, nil
}

func (s *sqliteStore) Unfinished(
	ctx context.Context, stage datelinev1.Stage, from, to time.Time,
) iter.Seq2[*datelinev1.Outcome, error] {
	return func(yield func(*datelinev1.Outcome, error) bool) {
		fail := func(err error) {
			yield(nil, fmt.Errorf("reading the inputs without an outcome from %s: %w", s.path, s.explain(err)))
		}
		rows, err := s.readers.QueryContext(ctx, `SELECT h.record `+sqliteOutstanding+` ORDER BY h.time`, int32(stage),
			from.UnixMicro(), to.UnixMicro(), int32(datelinev1.Verdict_VERDICT_PRODUCED))
		if err != nil {
			fail(err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			outcome, err := scanOutcome(rows)
			if err != nil {
				fail(err)
				return
			}
			if !yield(outcome, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			fail(err)
		}
	}
}
