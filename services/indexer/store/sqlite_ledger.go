package store

import (
	"context"
	"fmt"

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
	b := &sqliteBatch{ctx, tx, s.prepared}
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
	return tx.Commit()
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
