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
	var columns outcomeColumns
	// One order for all writers, against deadlocks.
	slices.SortStableFunc(rows, func(a, b outcomeRow) int { return bytes.Compare(key(a.inputID), key(b.inputID)) })
	for _, r := range rows {
		columns.add(r)
	}
	err = s.repeat(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO outcomes (stage, input_key, input_id, verdict, reason, url_key, url,
			request_key, request_id, host, time, record)
			SELECT * FROM unnest($1::int[], $2::bytea[], $3::text[], $4::int[], $5::text[], $6::bytea[], $7::text[],
			$8::bytea[], $9::text[], $10::text[], $11::timestamptz[], $12::bytea[])
			ON CONFLICT (stage, input_key) DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason,
			url_key = excluded.url_key, url = excluded.url, request_key = excluded.request_key,
			request_id = excluded.request_id, host = excluded.host, time = excluded.time, record = excluded.record
			WHERE outcomes.verdict = 5 AND excluded.time > outcomes.time`, // 5: VERDICT_DEAD, see yieldsTo
			columns.arguments()...)
		return err
	})
	if err != nil {
		return fmt.Errorf("recording %d outcomes in %s: %w", len(rows), s.name, err)
	}
	return nil
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
