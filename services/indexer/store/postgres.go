package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

const (
	postgresConnectTimeout = 10 * time.Second
	// oldestPostgres is the first version that this is tested with.
	oldestPostgres = 15
	// migrationLock is the key of the advisory lock under which programs bring
	// the tables up to date, one after the other; its value is arbitrary.
	migrationLock = 0x6461_7465_6c69_6e65
)

// postgresStore keeps everything in one PostgreSQL database, to which several
// programs write at once.
type postgresStore struct {
	pool *pgxpool.Pool
	name string // of server and database, for messages
}

func openPostgres(ctx context.Context, dsn string) (_ Store, err error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("reading the store's address: %w", err) // pgx leaves the password out
	}
	server := config.ConnConfig
	if server.ConnectTimeout == 0 {
		server.ConnectTimeout = postgresConnectTimeout
	}
	if server.RuntimeParams["application_name"] == "" {
		server.RuntimeParams["application_name"] = "dateline"
	}
	name := fmt.Sprintf("database %s at %s", server.Database, server.Host)
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening the store, %s: %w%s", name, oneLine{err}, postgresAdvice(err))
		}
	}()
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := migratePostgres(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return &postgresStore{pool, name}, nil
}

// oneLine is an error whose text has no line breaks, as those of pgx have.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }
func (e oneLine) Unwrap() error { return e.error }

// postgresAdvice says what to do about a server that cannot be reached.
func postgresAdvice(err error) string {
	var failure *pgconn.ConnectError
	if errors.As(err, &failure) {
		return "; check that the server runs, and the address, user and password"
	}
	return ""
}

func migratePostgres(ctx context.Context, pool *pgxpool.Pool) (err error) {
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }()

	var version int
	if err := pool.QueryRow(ctx, "SELECT current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
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
	// The lock has a connection of its own, because the pool may have but one.
	lock, err := pgx.ConnectConfig(ctx, pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close(context.WithoutCancel(ctx))) }() // and releases it
	if _, err := lock.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("waiting for other programs that bring the tables up to date: %w", err)
	}
	// Another program may have been faster, and newer.
	if current, err := tables.isCurrent(ctx, versionTable); err != nil || current {
		return err
	}
	return tables.migrate(ctx)
}

func (s *postgresStore) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reaching %s: %w", s.name, err)
	}
	return nil
}

func (s *postgresStore) Size(ctx context.Context) (Size, error) {
	var size Size
	err := s.pool.QueryRow(ctx, `SELECT pg_database_size(current_database()), (SELECT coalesce(sum(articles), 0)::bigint FROM sources)`).
		Scan(&size.Bytes, &size.Articles)
	if err != nil {
		return Size{}, fmt.Errorf("measuring %s: %w", s.name, err)
	}
	return size, nil
}

func (s *postgresStore) Stats(ctx context.Context) (Stats, error) {
	var stats Stats
	err := s.pool.QueryRow(ctx, `SELECT
		(SELECT count(*) FROM articles), (SELECT count(*) FROM revisions), (SELECT count(*) FROM outcomes)`,
	).Scan(&stats.Articles, &stats.Revisions, &stats.Outcomes)
	if err != nil {
		return Stats{}, fmt.Errorf("counting what %s holds: %w", s.name, err)
	}
	return stats, nil
}

func (s *postgresStore) Close() error {
	s.pool.Close()
	return nil
}

// key returns what a text of any length is looked up by.
func key(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
