package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	datelinev1 "github.com/dateline-news/dateline/proto/gen/dateline/v1"
)

func (s *sqliteStore) Record(ctx context.Context, outcomes []*datelinev1.Outcome) error {
	rows, err := newOutcomeRows(outcomes)
	if err != nil {
		return err
	}
	if err := s.recordRows(ctx, rows); err != nil {
		return fmt.Errorf("recording %d outcomes in %s: %w", len(rows), s.path, err)
	}
	return nil
}

func (s *sqliteStore) recordRows(ctx context.Context, rows []outcomeRow) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	b := &sqliteBatch{ctx: ctx, tx: tx, prepared: s.prepared}
	hours := make(hourCounts)
	for _, r := range rows {
		if err := b.recordRow(r, hours); err != nil {
			return fmt.Errorf("writing the outcome of %.100s: %w", r.inputID, err)
		}
	}
	for _, h := range hours.sorted() {
		if err := b.run(s.prepared.hour, h.host, h.hour, int32(h.stage), int32(h.verdict), h.reason, h.count); err != nil {
			return fmt.Errorf("counting the outcomes of %s: %w", h.host, err)
		}
	}
	return s.commit(tx)
}

func (b *sqliteBatch) recordRow(r outcomeRow, hours hourCounts) error {
	o := r.outcome
	columns := []any{int32(o.GetStage()), r.inputID, int32(o.GetVerdict()), o.GetReason(), o.GetUrl(), o.GetRequestId(),
		o.GetHost(), r.time.UnixMicro(), r.record}
	result, err := b.tx.StmtContext(b.ctx, b.prepared.outcome).ExecContext(b.ctx, columns...)
	if err != nil {
		return err
	}
	if added, err := result.RowsAffected(); err != nil {
		return err
	} else if added == 1 {
		hours.add(r, 1)
		return nil
	}
	before := outcomeRow{outcome: &datelinev1.Outcome{Stage: o.GetStage()}}
	var at int64
	err = b.tx.StmtContext(b.ctx, b.prepared.outcomeEnd).QueryRowContext(b.ctx, columns[0], columns[1]).
		Scan(&before.outcome.Verdict, &before.outcome.Reason, &before.outcome.Host, &at)
	if before.time = fromMicros(at); err != nil || !before.yieldsTo(r) {
		return err
	}
	hours.add(before, -1)
	hours.add(r, 1)
	return b.run(b.prepared.outcomeAgain, columns...)
}

func (s *sqliteStore) Outstanding(ctx context.Context, stage datelinev1.Stage, from, old, to time.Time) (Outstanding, error) {
	var left Outstanding
	var first sql.NullInt64
	err := s.reads.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(h.time < ?4), 0), min(h.time)
		FROM outcomes h INDEXED BY outcomes_by_time
		WHERE h.time >= ?2 AND h.time < ?3 AND h.stage = ?1 - 1 AND h.verdict = ?5 AND h.reason <> 'split'
		AND NOT EXISTS (SELECT 1 FROM outcomes o INDEXED BY outcomes_by_url
			WHERE o.url = h.url AND o.stage = ?1 AND o.request_id = h.request_id)`,
		int32(stage), from.UnixMicro(), to.UnixMicro(), old.UnixMicro(), int32(datelinev1.Verdict_VERDICT_PRODUCED)).
		Scan(&left.All, &left.Old, &first)
	if err != nil {
		return Outstanding{}, fmt.Errorf("looking for inputs without an outcome in %s: %w", s.path, err)
	}
	if first.Valid {
		left.First = fromMicros(first.Int64)
	}
	return left, nil
}
