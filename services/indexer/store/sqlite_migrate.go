package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// sqliteVersionTableExists is the query for whether the file has tables.
const sqliteVersionTableExists = "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'goose_db_version'"

// migrateSQLite migrates the file's tables to the newest version. It uses a
// connection of its own, which holds an exclusive lock until it is closed.
func migrateSQLite(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()

	tables, err := newSchema(goose.DialectSQLite3, "sqlite", db)
	if err != nil {
		return err
	}
	if current, err := tables.isCurrent(ctx, sqliteVersionTableExists); err != nil || current {
		return err
	}
	for _, statement := range []string{
		// The locking mode is set within the transaction. If it were set before,
		// a program that waits for the lock would keep its read lock, and two of
		// them would wait for each other.
		"BEGIN EXCLUSIVE",
		"PRAGMA locking_mode = EXCLUSIVE",
		"COMMIT", // the locking mode keeps the lock
		"PRAGMA journal_mode = WAL",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("locking the file to migrate its tables: %w", err)
		}
	}
	// Another program, perhaps a newer one, may have migrated the tables meanwhile.
	if current, err := tables.isCurrent(ctx, sqliteVersionTableExists); err != nil || current {
		return err
	}
	return tables.migrate(ctx)
}
