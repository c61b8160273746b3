package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// migrationLock is the key of the advisory lock that a program holds while it
// migrates the tables. Its value is arbitrary.
const migrationLock = 0x6461_7465_6c69_6e65

// migratePostgres migrates the tables to the newest version.
func migratePostgres(ctx context.Context, pool *pgxpool.Pool) (err error) {
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }()

	var version int
	const serverVersion = "SELECT current_setting('server_version_num')::int / 10000"
	if err := pool.QueryRow(ctx, serverVersion).Scan(&version); err != nil {
		return err
	}
	if version < oldestPostgres {
		return fmt.Errorf("the server is PostgreSQL %d; version %d or later is needed", version, oldestPostgres)
	}
	tables, err := newSchema(goose.DialectPostgres, "postgres", db)
	if err != nil {
		return err
	}
	const versionTable = "SELECT to_regclass('goose_db_version') IS NOT NULL"
	if current, err := tables.isCurrent(ctx, versionTable); err != nil || current {
		return err
	}
	// The lock has a connection of its own, because the pool may have only one.
	lock, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close(context.WithoutCancel(ctx))) }() // releases the lock
	if _, err := lock.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("waiting for other programs that migrate the tables: %w", err)
	}
	// Another program, perhaps a newer one, may have migrated the tables meanwhile.
	if current, err := tables.isCurrent(ctx, versionTable); err != nil || current {
		return err
	}
	return tables.migrate(ctx)
}
