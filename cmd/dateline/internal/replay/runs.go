package replay

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dateline-news/dateline/services/extractor/article"
	"github.com/dateline-news/dateline/services/indexer/store"
)

// Run is a run that replaces records. It is in the store.
type Run struct {
	ID string `json:"id"`
	// Version is that of the extractor.
	Version   string    `json:"extractor_version"`
	Selection Selection `json:"selection"`
	Counts    Counts    `json:"counts"`
	Started   time.Time `json:"start_time"`
	Updated   time.Time `json:"update_time"`
	// Ended and Undone are zero before that.
	Ended  time.Time `json:"end_time,omitzero"`
	Undone time.Time `json:"undo_time,omitzero"`

	place string // after which the run continues
	owner string // the process that carries out the run
}

// Counts are the numbers of pages of a run.
type Counts struct {
	// Pages is the number of pages extracted, and Expected their maximum, or 0 if it is unknown.
	Pages    int   `json:"pages"`
	Expected int64 `json:"expected"`
	// Replaced, Accepted and Refused count the records that were published to replace stored
	// ones, those of pages that had no article, and the pages that have no article any more.
	Replaced int `json:"replaced"`
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
}

const (
	// keptRuns is the minimum time for which runs can be undone.
	keptRuns = 90 * 24 * time.Hour
	// maxRuns is the maximum number of runs that are listed.
	maxRuns = 1000
	// deleteBatch is the number of rows that are deleted together.
	deleteBatch = 1000
)

// ErrFiles means that a run cannot be continued because it reads web archives, which are not
// in the store.
var ErrFiles = errors.New("a run over web archives cannot be continued: start a new one over the same archives; it " +
	"finds no difference in the records that are replaced already")

// ErrNoRun means that the store has no such run.
var ErrNoRun = errors.New("there is no such run: \"dateline replay runs\" lists them")

// Runs are the runs in a store.
type Runs struct{ db store.Database }

// RunsOf returns the runs in a store.
func RunsOf(s interface{ SQL() store.Database }) Runs { return Runs{s.SQL()} }

// Start stores a new run, which this process carries out. It deletes the runs that started
// more than 90 days ago, which cannot be undone any more.
func (r Runs) Start(ctx context.Context, selection Selection, expected int64, now time.Time) (*Run, error) {
	if err := r.deleteOld(ctx, now.Add(-keptRuns)); err != nil {
		return nil, err
	}
	suffix := make([]byte, 2)
	_, _ = rand.Read(suffix) // never fails
	run := &Run{
		ID: now.UTC().Format("20060102-150405-") + hex.EncodeToString(suffix), Version: article.Version,
		Selection: selection, Counts: Counts{Expected: expected}, Started: now, Updated: now,
		owner: rand.Text(),
	}
	chosen, err := json.Marshal(selection)
	if err != nil {
		return nil, fmt.Errorf("encoding the selection: %w", err)
	}
	counts, err := json.Marshal(run.Counts)
	if err != nil {
		return nil, fmt.Errorf("encoding the counts: %w", err)
	}
	return run, r.db.Write(ctx, "starting a run", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO replay_runs
			(id, version, selection, place, counts, start_time, update_time, end_time, undo_time, owner, lease_time)
			VALUES ($1, $2, $3, '', $4, $5, $5, 0, 0, $6, $7)`, run.ID, run.Version, string(chosen), string(counts),
			now.UnixMicro(), run.owner, now.Add(leaseTime).UnixMicro())
		return err
	})
}

// deleteOld deletes the runs that started before a time, and the records that they have
// replaced. It deletes few rows at a time, because a run can have replaced millions.
func (r Runs) deleteOld(ctx context.Context, oldest time.Time) error {
	for _, query := range []string{
		`DELETE FROM replaced_records WHERE (run, article_id, number) IN (SELECT run, article_id, number
			FROM replaced_records WHERE run IN (SELECT id FROM replay_runs WHERE start_time < $1) LIMIT $2)`,
		`DELETE FROM replay_runs WHERE id IN (SELECT id FROM replay_runs WHERE start_time < $1 LIMIT $2)`,
	} {
		for deleted := int64(deleteBatch); deleted == deleteBatch; {
			var err error
			deleted, err = r.update(ctx, "deleting old runs", query, oldest.UnixMicro(), deleteBatch)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// update executes a statement, and returns the number of rows that it has changed.
func (r Runs) update(ctx context.Context, action, query string, args ...any) (changed int64, err error) {
	err = r.db.Write(ctx, action, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		changed, err = result.RowsAffected()
		return err
	})
	return changed, err
}

// List returns the runs, newest first.
func (r Runs) List(ctx context.Context) ([]Run, error) {
	return store.ReadRows(ctx, r.db, "reading the runs", scanRun, `SELECT `+runColumns+` FROM replay_runs
		ORDER BY start_time DESC, id LIMIT $1`, maxRuns)
}

// Run returns the run with an id. The error is ErrNoRun if no run has it.
func (r Runs) Run(ctx context.Context, id string) (*Run, error) {
	found, err := store.ReadRows(ctx, r.db, "reading the run "+id, scanRun, `SELECT `+runColumns+` FROM replay_runs
		WHERE id = $1`, id)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("run %q: %w", id, ErrNoRun)
	}
	return &found[0], nil
}

const runColumns = `id, version, selection, place, counts, start_time, update_time, end_time, undo_time`

func scanRun(rows *sql.Rows) (Run, error) {
	var run Run
	var selection, counts string
	var started, updated, ended, undone int64
	err := rows.Scan(&run.ID, &run.Version, &selection, &run.place, &counts, &started, &updated, &ended, &undone)
	if err != nil {
		return run, err
	}
	run.Started, run.Updated, run.Ended, run.Undone = timeOf(started), timeOf(updated), timeOf(ended), timeOf(undone)
	return run, errors.Join(json.Unmarshal([]byte(selection), &run.Selection), json.Unmarshal([]byte(counts), &run.Counts))
}

// timeOf returns a time of the tables, in which 0 stands for none.
func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// save stores the progress of a run. The error is errUndone or errTaken if this process must
// not go on.
func (r Runs) save(ctx context.Context, run *Run) error {
	counts, err := json.Marshal(run.Counts)
	if err != nil {
		return fmt.Errorf("encoding the counts: %w", err)
	}
	return r.updateOwned(ctx, run, "storing the progress of run "+run.ID, `UPDATE replay_runs SET place = $3, counts = $4,
		update_time = $5, end_time = $6 WHERE `+owned, run.place, string(counts), run.Updated.UnixMicro(), micros(run.Ended))
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// replacedRecord is a record that a run has replaced.
type replacedRecord struct {
	articleID string
	number    int
	record    []byte // empty if the article was new
}

// replaced returns records that a run has replaced and that were not restored, after a
// place, at most limit.
func (r Runs) replaced(
	ctx context.Context, run string, after replacedRecord, limit int,
) ([]replacedRecord, error) {
	scan := func(rows *sql.Rows) (one replacedRecord, err error) {
		return one, rows.Scan(&one.articleID, &one.number, &one.record)
	}
	return store.ReadRows(ctx, r.db, "reading the records of run "+run, scan, `SELECT article_id, number, record
		FROM replaced_records WHERE run = $1 AND NOT restored AND (article_id, number) > ($2, $3)
		ORDER BY article_id, number LIMIT $4`,
		run, after.articleID, after.number, limit)
}
