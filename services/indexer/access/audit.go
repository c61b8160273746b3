package access

import (
	"context"
	"database/sql"
	"time"

	"github.com/dateline-news/dateline/services/indexer/store"
)

const (
	// auditAge is how long entries of the audit log are kept.
	auditAge = 400 * 24 * time.Hour
	// maxEntries is the maximum number of entries that are kept. At 1 KB each, they take 1 GB.
	maxEntries = 1_000_000
	// auditTrim is the maximum number of older entries that a new one removes.
	auditTrim = 100
	// maxAuditText is the maximum size of a text of an entry in bytes.
	maxAuditText = 1 << 10
	// MaxEntries is the maximum number of entries that one call returns.
	MaxEntries = 500
)

// Entry is an entry of the audit log.
type Entry struct {
	ID     int64     `json:"id" doc:"Later entries have larger ids."`
	Time   time.Time `json:"time" doc:"When the action began."`
	Actor  string    `json:"actor" doc:"Name of the token, or \"command line\" with the user's name."`
	Action string    `json:"action" doc:"What was done, such as erase or export."`
	Object string    `json:"object" doc:"What it was done to."`
	Result string    `json:"result,omitempty" doc:"How it ended. Absent if it has not ended, or was interrupted."`
}

// Begin records that an action begins. The entry is durable when it returns. Entries
// that are older than 400 days are removed, and the oldest beyond a million.
func (a *Access) Begin(ctx context.Context, actor, action, object string, now time.Time) (id int64, err error) {
	err = a.db.Write(ctx, "writing the audit log", func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM audit_log WHERE id IN (
			SELECT id FROM audit_log WHERE time < $1 ORDER BY time LIMIT $2)`,
			store.Micros(now.Add(-auditAge)), auditTrim); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM audit_log WHERE id IN (
			SELECT id FROM audit_log WHERE id <= (SELECT max(id) FROM audit_log) - $1 ORDER BY id LIMIT $2)`,
			maxEntries, auditTrim); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `INSERT INTO audit_log (time, actor, action, object, result)
			VALUES ($1, $2, $3, $4, '') RETURNING id`,
			store.Micros(now), bounded(actor), bounded(action), bounded(object)).Scan(&id)
	})
	return id, err
}

// End records how an action ended.
func (a *Access) End(ctx context.Context, id int64, result string) error {
	return a.db.Write(ctx, "writing the audit log", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE audit_log SET result = $2 WHERE id = $1`, id, bounded(result))
		return err
	})
}

// EntryFilter selects entries of the audit log. Empty fields select all.
type EntryFilter struct {
	Actor, Action string
	// Since is when the oldest entry was written.
	Since time.Time
	// Before is an id: only older entries are selected.
	Before int64
	// Limit is the maximum number of entries, at most MaxEntries. 0 means MaxEntries.
	Limit int
}

// Entries returns entries of the audit log, newest first.
func (a *Access) Entries(ctx context.Context, f EntryFilter) ([]Entry, error) {
	if f.Limit <= 0 || f.Limit > MaxEntries {
		f.Limit = MaxEntries
	}
	return store.ReadRows(ctx, a.db, "reading the audit log", func(rows *sql.Rows) (e Entry, err error) {
		var at int64
		err = rows.Scan(&e.ID, &at, &e.Actor, &e.Action, &e.Object, &e.Result)
		e.Time = store.TimeOf(at)
		return e, err
	}, `SELECT id, time, actor, action, object, result FROM audit_log
		WHERE ($1 = '' OR actor = $1) AND ($2 = '' OR action = $2) AND time >= $3 AND ($4 = 0 OR id < $4)
		ORDER BY id DESC LIMIT $5`,
		store.CleanText(f.Actor), store.CleanText(f.Action), store.Micros(f.Since), f.Before, f.Limit)
}

// bounded returns a text that both databases store, cut if it is long.
func bounded(text string) string { return store.CleanText(text[:min(len(text), maxAuditText)]) }
