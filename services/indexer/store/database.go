package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"
)

// Database gives access to the database of a store. Both handles belong to the store and
// are valid until it is closed.
type Database struct {
	// Reader is for queries, and Writer for transactions that write. Placeholders are
	// $1, $2 and so on.
	Reader, Writer *sql.DB
	// Postgres reports whether the database is PostgreSQL rather than SQLite.
	Postgres bool
	// Probe is for questions to PostgreSQL that must not wait for a connection: it has one of its
	// own. Connector takes a connection like Reader. Both are nil with SQLite.
	Probe     *sql.DB
	Connector driver.Connector
	// Repeatable, if not nil, reports whether a query of Reader that has failed may succeed if it
	// is repeated, because another server now answers.
	Repeatable func(context.Context, error) bool
}

// tableTimeout bounds one query or transaction of the packages that keep tables of their own.
const tableTimeout = 30 * time.Second

// Write runs a transaction, for at most 30 seconds. Its errors start with the action.
func (d Database) Write(ctx context.Context, action string, do func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, tableTimeout)
	defer cancel()
	tx, err := d.Writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	if err := do(ctx, tx); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

// ReadRows returns what scan makes of the rows of a query, which runs for at most 30 seconds. Its
// errors start with the action.
func ReadRows[T any](
	ctx context.Context, d Database, action string, scan func(*sql.Rows) (T, error), query string, args ...any,
) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, tableTimeout)
	defer cancel()
	all, err := queryRows(ctx, d.Reader, scan, query, args...)
	if err != nil && d.Repeatable != nil && d.Repeatable(ctx, err) {
		all, err = queryRows(ctx, d.Reader, scan, query, args...)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	return all, nil
}

// ScanRows returns what scan makes of all rows, and closes them.
func ScanRows[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// Micros returns a time in the form of the tables: microseconds since 1970, and 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// TimeOf reverses Micros. The time is in UTC.
func TimeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
