package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// OpenReplica opens a hot standby of a store in PostgreSQL. Only its reading methods work. It
// connects with the first of them, and creates and migrates nothing.
func OpenReplica(ctx context.Context, dsn string) (Store, error) {
	if !isPostgres(dsn) {
		return nil, fmt.Errorf("unsupported replica: only PostgreSQL has replicas; use postgres://…")
	}
	config, name, err := postgresPool(dsn)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening the replica, %s: %w", name, oneLineError{err})
	}
	return newPostgres(pool, name), nil
}

// IsPostgres reports whether dsn, in the form of Open, names a database of PostgreSQL.
func IsPostgres(dsn string) bool { return isPostgres(dsn) }

// TablesVersion returns the version of a store's tables in PostgreSQL, and the version that this
// program needs.
func TablesVersion(ctx context.Context, db Database) (have, need int64, err error) {
	if need, err = newestVersion("postgres"); err != nil {
		return 0, 0, err
	}
	err = db.Reader.QueryRowContext(ctx, appliedVersion).Scan(&have)
	return have, need, err
}
