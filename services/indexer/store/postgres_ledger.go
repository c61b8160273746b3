package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func (s *postgresStore) Record(ctx context.Context, outcomes []*datelinev1.Outcome, from ...Span) error {
	rows, err := newOutcomeRows(outcomes)
	if err != nil {
		return err
	}
	// All writers use the same order, which avoids deadlocks.
	slices.SortStableFunc(rows, func(a, b outcomeRow) int {
		return bytes.Compare(digest(a.inputID), digest(b.inputID))
	})
	err = s.inTransaction(ctx, func(tx pgx.Tx) error {
		b := &postgresBatch{ctx: ctx, tx: tx}
		var expired int64
		if err := tx.QueryRow(ctx, selectExpired).Scan(&expired); err != nil {
			return err
		}
		if err := b.recordRows(withoutExpired(rows, expired)); err != nil {
			return err
		}
		return b.writeSpans(from)
	})
	if err != nil {
		return fmt.Errorf("recording %d outcomes in %s: %w", len(rows), s.name, s.explain(err))
	}
	return nil
}

func (b *postgresBatch) recordRows(rows []outcomeRow) error {
	inserted, err := b.insertOutcomes(rows)
	if err != nil {
		return err
	}
	hours := make(hourCounts)
	for _, r := range rows {
		if inserted[inputKey{r.outcome.GetStage(), string(digest(r.inputID))}] {
			hours.add(r, 1)
			continue
		}
		if err := b.replaceOutcome(r, hours); err != nil {
			return err
		}
	}
	return b.writeHours(hours)
}

// inputKey is the primary key of the ledger.
type inputKey struct {
	stage  datelinev1.Stage
	digest string // of the input id
}

// insertOutcomes inserts the outcomes of inputs that have none, and returns
// their keys.
func (b *postgresBatch) insertOutcomes(rows []outcomeRow) (map[inputKey]bool, error) {
	var arrays outcomeArrays
	for _, r := range rows {
		arrays.add(r)
	}
	answer, err := b.tx.Query(b.ctx, `INSERT INTO outcomes (stage, input_key, input_id, verdict, reason, url_key, url,
		request_key, request_id, host, time, record)
		SELECT * FROM unnest($1::int[], $2::bytea[], $3::text[], $4::int[], $5::text[], $6::bytea[], $7::text[],
		$8::bytea[], $9::text[], $10::text[], $11::timestamptz[], $12::bytea[])
		ON CONFLICT (stage, input_key) DO NOTHING RETURNING stage, input_key`, arrays.arguments()...)
	if err != nil {
		return nil, err
	}
	inserted := make(map[inputKey]bool)
	var stage int32
	var d []byte
	_, err = pgx.ForEachRow(answer, []any{&stage, &d}, func() error {
		inserted[inputKey{datelinev1.Stage(stage), string(d)}] = true
		return nil
	})
	return inserted, err
}

// replaceOutcome replaces the outcome of an input if it yields to the new one,
// and adds the change of the hourly counts to hours.
func (b *postgresBatch) replaceOutcome(r outcomeRow, hours hourCounts) error {
	o := r.outcome
	before := outcomeRow{outcome: &datelinev1.Outcome{Stage: o.GetStage()}}
	err := b.tx.QueryRow(b.ctx, `SELECT verdict, reason, host, time FROM outcomes
		WHERE stage = $1 AND input_key = $2 FOR UPDATE`, int32(o.GetStage()), digest(r.inputID)).
		Scan(&before.outcome.Verdict, &before.outcome.Reason, &before.outcome.Host, &before.time)
	if err != nil || !before.yieldsTo(r) {
		return err
	}
	hours.add(before, -1)
	hours.add(r, 1)
	return b.exec(`UPDATE outcomes SET verdict = $3, reason = $4, url_key = $5, url = $6, request_key = $7,
		request_id = $8, host = $9, time = $10, record = $11 WHERE stage = $1 AND input_key = $2`,
		int32(o.GetStage()), digest(r.inputID), int32(o.GetVerdict()), o.GetReason(), digest(o.GetUrl()), o.GetUrl(),
		digest(o.GetRequestId()), o.GetRequestId(), o.GetHost(), r.time, r.record)
}

func (b *postgresBatch) writeHours(hours hourCounts) error {
	var hosts, reasons []string
	var numbers, counts []int64
	var stages, verdicts []int32
	for _, h := range hours.sorted() {
		hosts, numbers, counts = append(hosts, h.host), append(numbers, h.hour), append(counts, int64(h.count))
		stages, verdicts = append(stages, int32(h.stage)), append(verdicts, int32(h.verdict))
		reasons = append(reasons, h.reason)
	}
	return b.exec(`INSERT INTO source_hours AS s (host, hour, stage, verdict, reason, count)
		SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::text[], $6::bigint[])
		ON CONFLICT (host, hour, stage, verdict, reason) DO UPDATE SET count = s.count + excluded.count`,
		hosts, numbers, stages, verdicts, reasons, counts)
}

// outcomeArrays are rows of the ledger as an array for each column.
type outcomeArrays struct {
	stages, verdicts                           []int32
	inputKeys, urlKeys, requestKeys, records   [][]byte
	inputIDs, reasons, urls, requestIDs, hosts []string
	times                                      []time.Time
}

func (a *outcomeArrays) add(r outcomeRow) {
	o := r.outcome
	a.stages, a.verdicts = append(a.stages, int32(o.GetStage())), append(a.verdicts, int32(o.GetVerdict()))
	a.inputKeys, a.inputIDs = append(a.inputKeys, digest(r.inputID)), append(a.inputIDs, r.inputID)
	a.urlKeys, a.urls = append(a.urlKeys, digest(o.GetUrl())), append(a.urls, o.GetUrl())
	a.requestKeys = append(a.requestKeys, digest(o.GetRequestId()))
	a.requestIDs = append(a.requestIDs, o.GetRequestId())
	a.reasons, a.hosts = append(a.reasons, o.GetReason()), append(a.hosts, o.GetHost())
	a.times, a.records = append(a.times, r.time), append(a.records, r.record)
}

// arguments returns the arrays in the order of the statement's columns.
func (a *outcomeArrays) arguments() []any {
	return []any{a.stages, a.inputKeys, a.inputIDs, a.verdicts, a.reasons, a.urlKeys, a.urls,
		a.requestKeys, a.requestIDs, a.hosts, a.times, a.records}
}

func (s *postgresStore) Outcomes(ctx context.Context, url string) ([]*datelinev1.Outcome, error) {
	outcomes, err := collect(ctx, s, scanRecord, `WITH
		urls (url_key) AS (
			SELECT $1::bytea UNION
			SELECT url_key FROM aliases WHERE article_id = (SELECT article_id FROM aliases WHERE url_key = $1)
		),
		requests (request_key) AS (
			SELECT request_key FROM outcomes WHERE url_key IN (SELECT url_key FROM urls) AND request_id <> ''
		),
		found AS (
			SELECT stage, input_key FROM outcomes WHERE url_key IN (SELECT url_key FROM urls) UNION
			SELECT stage, input_key FROM outcomes WHERE request_key IN (SELECT request_key FROM requests)
		)
		SELECT record FROM outcomes JOIN found USING (stage, input_key)
		ORDER BY time, stage, input_id`, digest(CleanText(url)))
	if err != nil {
		return nil, fmt.Errorf("reading the outcomes of %.200s from %s: %w", url, s.name, s.explain(err))
	}
	return outcomes, nil
}

func (s *postgresStore) RequestOutcomes(ctx context.Context, requestIDs []string) ([]*datelinev1.Outcome, error) {
	keys := make([][]byte, len(requestIDs))
	for i, id := range requestIDs {
		keys[i] = digest(CleanText(id))
	}
	outcomes, err := collect(ctx, s, scanRecord, `SELECT record FROM outcomes
		WHERE request_key = ANY ($1::bytea[]) AND request_id <> '' ORDER BY time, stage, input_id`, keys)
	if err != nil {
		return nil, fmt.Errorf("reading the outcomes of %d requests from %s: %w", len(requestIDs), s.name, s.explain(err))
	}
	return outcomes, nil
}

func scanRecord(row pgx.CollectableRow) (*datelinev1.Outcome, error) {
	var record []byte
	if err := row.Scan(&record); err != nil {
		return nil, err
	}
	return decodeOutcome(record)
}

func (s *postgresStore) Tally(ctx context.Context) ([]Count, error) {
	counts, err := collect(ctx, s, func(row pgx.CollectableRow) (Count, error) {
		var c Count
		err := row.Scan(&c.Stage, &c.Verdict, &c.Reason, &c.Count)
		return c, err
	}, `SELECT stage, verdict, reason, sum(n)::bigint FROM (
			SELECT stage, verdict, reason, count(*) AS n FROM outcomes GROUP BY 1, 2, 3
			UNION ALL SELECT stage, verdict, reason, count FROM expired_outcomes
		) AS counts GROUP BY 1, 2, 3 ORDER BY 1, 2, reason COLLATE "C"`)
	if err != nil {
		return nil, fmt.Errorf("counting the outcomes in %s: %w", s.name, s.explain(err))
	}
	return counts, nil
}

func (s *postgresStore) Hours(ctx context.Context, host string, since time.Time) ([]Hour, error) {
	hours, err := collect(ctx, s, func(row pgx.CollectableRow) (Hour, error) {
		var h Hour
		var hour int64
		err := row.Scan(&hour, &h.Stage, &h.Verdict, &h.Reason, &h.Count.Count)
		h.Begin = startOfHour(hour)
		return h, err
	}, `SELECT hour, stage, verdict, reason, sum(count)::bigint FROM source_hours
		WHERE hour >= $1 AND ($2 OR host = $3)
		GROUP BY 1, 2, 3, 4 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4`, hourOf(since), host == "", CleanText(host))
	if err != nil {
		return nil, fmt.Errorf("reading the hourly counts of %s from %s: %w", host, s.name, s.explain(err))
	}
	return hours, nil
}

// postgresOutstanding selects the outcomes h with verdict $4 of the stages before $1, in
// the period from $2 to $3, whose input of stage $1 has no outcome. Pages for extract (3) come
// from fetch and from ingest (7), and articles for index (4) from extract and from replay (8).
const postgresOutstanding = `FROM outcomes h
	WHERE h.time >= $2 AND h.time < $3 AND h.stage IN ($1 - 1, CASE $1 WHEN 3 THEN 7 WHEN 4 THEN 8 END) AND h.verdict = $4
		AND h.reason NOT IN ('split', 'listing', 'continued')
	AND NOT EXISTS (SELECT 1 FROM outcomes o
		WHERE o.url_key = h.url_key AND o.stage = $1 AND o.request_key = h.request_key)`

func (s *postgresStore) Outstanding(
	ctx context.Context, stage datelinev1.Stage, from, to time.Time,
) (Outstanding, error) {
	var result Outstanding
	var first *time.Time
	err := s.pool.QueryRow(ctx, `SELECT count(*), min(h.time) `+postgresOutstanding,
		int32(stage), from, to, int32(datelinev1.Verdict_VERDICT_PRODUCED)).
		Scan(&result.Count, &first)
	if err != nil {
		return Outstanding{}, fmt.Errorf("looking for inputs without an outcome in %s: %w", s.name, s.explain(err))
	}
	if first != nil {
		result.First = first.UTC()
	}
	return result, nil
}

func (s *postgresStore) Unfinished(
	ctx context.Context, stage datelinev1.Stage, from, to time.Time,
) iter.Seq2[*datelinev1.Outcome, error] {
	return func(yield func(*datelinev1.Outcome, error) bool) {
		fail := func(err error) {
			yield(nil, fmt.Errorf("reading the inputs without an outcome from %s: %w", s.name, s.explain(err)))
		}
		rows, err := s.pool.Query(ctx, `SELECT h.record `+postgresOutstanding+` ORDER BY h.time`,
			int32(stage), from, to, int32(datelinev1.Verdict_VERDICT_PRODUCED))
		if err != nil {
			fail(err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			outcome, err := scanRecord(rows)
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
