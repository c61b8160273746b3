package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
	"github.com/jackc/pgx/v5"
)

func (s *postgresStore) Record(ctx context.Context, outcomes []*datelinev1.Outcome) error {
	rows, err := newOutcomeRows(outcomes)
	if err != nil {
		return err
	}
	// One order for all writers, against deadlocks.
	slices.SortStableFunc(rows, func(a, b outcomeRow) int { return bytes.Compare(key(a.inputID), key(b.inputID)) })
	err = s.repeat(ctx, func(tx pgx.Tx) error { return recordRows(ctx, tx, rows) })
	if err != nil {
		return fmt.Errorf("recording %d outcomes in %s: %w", len(rows), s.name, err)
	}
	return nil
}

func recordRows(ctx context.Context, tx pgx.Tx, rows []outcomeRow) error {
	type inputKey struct {
		stage datelinev1.Stage
		key   string
	}
	var columns outcomeColumns
	for _, r := range rows {
		columns.add(r)
	}
	answer, err := tx.Query(ctx, `INSERT INTO outcomes (stage, input_key, input_id, verdict, reason, url_key, url,
		request_key, request_id, host, time, record)
		SELECT * FROM unnest($1::int[], $2::bytea[], $3::text[], $4::int[], $5::text[], $6::bytea[], $7::text[],
		$8::bytea[], $9::text[], $10::text[], $11::timestamptz[], $12::bytea[])
		ON CONFLICT (stage, input_key) DO NOTHING RETURNING stage, input_key`, columns.arguments()...)
	if err != nil {
		return err
	}
	added := make(map[inputKey]bool)
	for answer.Next() {
		var stage int32
		var k []byte
		if err := answer.Scan(&stage, &k); err != nil {
			return err
		}
		added[inputKey{datelinev1.Stage(stage), string(k)}] = true
	}
	if err := answer.Err(); err != nil {
		return err
	}
	hours := make(hourCounts)
	for _, r := range rows {
		if added[inputKey{r.outcome.GetStage(), string(key(r.inputID))}] {
			hours.add(r, 1)
			continue
		}
		if err := recordAgain(ctx, tx, r, hours); err != nil {
			return err
		}
	}
	return writeHours(ctx, tx, hours)
}

// recordAgain records the outcome of an input that has one.
func recordAgain(ctx context.Context, tx pgx.Tx, r outcomeRow, hours hourCounts) error {
	o := r.outcome
	before := outcomeRow{outcome: &datelinev1.Outcome{Stage: o.GetStage()}}
	err := tx.QueryRow(ctx, `SELECT verdict, reason, host, time FROM outcomes WHERE stage = $1 AND input_key = $2 FOR UPDATE`,
		int32(o.GetStage()), key(r.inputID)).Scan(&before.outcome.Verdict, &before.outcome.Reason, &before.outcome.Host, &before.time)
	if err != nil || !before.yieldsTo(r) {
		return err
	}
	hours.add(before, -1)
	hours.add(r, 1)
	_, err = tx.Exec(ctx, `UPDATE outcomes SET verdict = $3, reason = $4, url_key = $5, url = $6, request_key = $7,
		request_id = $8, host = $9, time = $10, record = $11 WHERE stage = $1 AND input_key = $2`,
		int32(o.GetStage()), key(r.inputID), int32(o.GetVerdict()), o.GetReason(), key(o.GetUrl()), o.GetUrl(),
		key(o.GetRequestId()), o.GetRequestId(), o.GetHost(), r.time, r.record)
	return err
}

func writeHours(ctx context.Context, tx pgx.Tx, hours hourCounts) error {
	var hosts, reasons []string
	var at, counts []int64
	var stages, verdicts []int32
	for _, h := range hours.sorted() {
		hosts, at, counts = append(hosts, h.host), append(at, h.hour), append(counts, int64(h.count))
		stages, verdicts, reasons = append(stages, int32(h.stage)), append(verdicts, int32(h.verdict)), append(reasons, h.reason)
	}
	_, err := tx.Exec(ctx, `INSERT INTO source_hours AS s (host, hour, stage, verdict, reason, count)
		SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::text[], $6::bigint[])
		ON CONFLICT (host, hour, stage, verdict, reason) DO UPDATE SET count = s.count + excluded.count`,
		hosts, at, stages, verdicts, reasons, counts)
	return err
}

// outcomeColumns are rows of the ledger turned into columns, for unnest.
type outcomeColumns struct {
	stages, verdicts                           []int32
	inputKeys, urlKeys, requestKeys, records   [][]byte
	inputIDs, reasons, urls, requestIDs, hosts []string
	times                                      []time.Time
}

func (c *outcomeColumns) add(r outcomeRow) {
	o := r.outcome
	c.stages, c.verdicts = append(c.stages, int32(o.GetStage())), append(c.verdicts, int32(o.GetVerdict()))
	c.inputKeys, c.inputIDs = append(c.inputKeys, key(r.inputID)), append(c.inputIDs, r.inputID)
	c.urlKeys, c.urls = append(c.urlKeys, key(o.GetUrl())), append(c.urls, o.GetUrl())
	c.requestKeys, c.requestIDs = append(c.requestKeys, key(o.GetRequestId())), append(c.requestIDs, o.GetRequestId())
	c.reasons, c.hosts = append(c.reasons, o.GetReason()), append(c.hosts, o.GetHost())
	c.times, c.records = append(c.times, r.time), append(c.records, r.record)
}

func (c *outcomeColumns) arguments() []any {
	return []any{c.stages, c.inputKeys, c.inputIDs, c.verdicts, c.reasons, c.urlKeys, c.urls,
		c.requestKeys, c.requestIDs, c.hosts, c.times, c.records}
}

func (s *postgresStore) Outstanding(ctx context.Context, stage datelinev1.Stage, from, old, to time.Time) (Outstanding, error) {
	var left Outstanding
	var first *time.Time
	err := s.pool.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE h.time < $4), min(h.time)
		FROM outcomes h
		WHERE h.time >= $2 AND h.time < $3 AND h.stage = $1 - 1 AND h.verdict = $5 AND h.reason <> 'split'
		AND NOT EXISTS (SELECT 1 FROM outcomes o
			WHERE o.url_key = h.url_key AND o.stage = $1 AND o.request_key = h.request_key)`,
		int32(stage), from, to, old, int32(datelinev1.Verdict_VERDICT_PRODUCED)).
		Scan(&left.All, &left.Old, &first)
	if err != nil {
		return Outstanding{}, fmt.Errorf("looking for inputs without an outcome in %s: %w", s.name, err)
	}
	if first != nil {
		left.First = first.UTC()
	}
	return left, nil
}
