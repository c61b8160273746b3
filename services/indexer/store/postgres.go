package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	postgresConnectTimeout = 10 * time.Second
	// oldestPostgres is the oldest version that is tested.
	oldestPostgres = 15
	// maxTransactions is how often a transaction is tried while others conflict
	// with it. In each conflict, at least one of them succeeds.
	maxTransactions = 10
)

// postgresStore keeps everything in one PostgreSQL database, to which several
// programs write at once.
type postgresStore struct {
	pool  *pgxpool.Pool
	sql   *sql.DB // on the connections of pool
	probe *sql.DB // on a connection of its own
	name  string  // of the database and its server, for messages
	times sampledTimes
	damage
	savedSearches
	copies
}

func openPostgres(ctx context.Context, dsn string) (_ Store, err error) {
	config, name, err := postgresPool(dsn)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening the store, %s: %w%s", name, explainDamage(oneLineError{err}), postgresAdvice(err))
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
	return newPostgres(pool, name), nil
}

// postgresPool returns the configuration of a pool of connections, and the name of the database
// for messages.
func postgresPool(dsn string) (config *pgxpool.Config, name string, err error) {
	config, err = pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, "", fmt.Errorf("reading the store's address: %w", err) // pgx omits the password
	}
	server := config.ConnConfig
	if server.ConnectTimeout == 0 {
		server.ConnectTimeout = postgresConnectTimeout
	}
	if server.RuntimeParams["application_name"] == "" {
		server.RuntimeParams["application_name"] = "dateline"
	}
	if server.TLSConfig != nil {
		config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) error { return reloadCertificates(c, dsn) }
	}
	return config, fmt.Sprintf("database %s at %s", server.Database, server.Host), nil
}

func newPostgres(pool *pgxpool.Pool, name string) *postgresStore {
	s := &postgresStore{pool: pool, sql: stdlib.OpenDBFromPool(pool), probe: openProbe(pool), name: name}
	s.savedSearches = savedSearches{s.SQL()}
	s.copies = copies{newKeyIndex(DefaultCopyLimits()), s.SQL()}
	return s
}

// openProbe returns a database with the server of a pool and a single connection.
func openProbe(pool *pgxpool.Pool) *sql.DB {
	config := pool.Config()
	var options []stdlib.OptionOpenDB
	if config.BeforeConnect != nil {
		options = append(options, stdlib.OptionBeforeConnect(config.BeforeConnect))
	}
	probe := stdlib.OpenDB(*config.ConnConfig, options...)
	probe.SetMaxOpenConns(1)
	return probe
}

// reloadCertificates reads the files that an address names again, so that certificates
// can be replaced while the program runs.
func reloadCertificates(c *pgx.ConnConfig, dsn string) error {
	fresh, err := pgx.ParseConfig(dsn)
	if err != nil {
		return fmt.Errorf("reading the certificates: %w", err)
	}
	c.TLSConfig, c.Fallbacks = fresh.TLSConfig, fresh.Fallbacks
	return nil
}

// oneLineError is an error of pgx without the line breaks in its text.
type oneLineError struct{ error }

func (e oneLineError) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }
func (e oneLineError) Unwrap() error { return e.error }

// postgresAdvice returns what to do about a server that cannot be reached, to be
// appended to the error.
func postgresAdvice(err error) string {
	var failure *pgconn.ConnectError
	if errors.As(err, &failure) {
		return "; check that the server runs, and the address, user and password"
	}
	return ""
}

func (s *postgresStore) Ping(ctx context.Context) error {
	if err := s.remembered(); err != nil {
		return fmt.Errorf("%s failed: %w", s.name, err)
	}
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("reaching %s: %w", s.name, s.explain(err))
	}
	return nil
}

func (s *postgresStore) Size(ctx context.Context) (Size, error) {
	var size Size
	err := s.pool.QueryRow(ctx, `SELECT pg_database_size(current_database()),
		(SELECT coalesce(sum(articles), 0)::bigint FROM sources)`).Scan(&size.Bytes, &size.Articles)
	if err != nil {
		return Size{}, fmt.Errorf("measuring %s: %w", s.name, s.explain(err))
	}
	return size, nil
}

func (s *postgresStore) Stats(ctx context.Context) (Stats, error) {
	var stats Stats
	err := s.pool.QueryRow(ctx, `SELECT
		(SELECT count(*) FROM articles), (SELECT count(*) FROM revisions), (SELECT count(*) FROM outcomes),
		(SELECT coalesce(sum(count), 0)::bigint FROM expired_outcomes)`,
	).Scan(&stats.Articles, &stats.Revisions, &stats.Outcomes, &stats.Expired)
	if err != nil {
		return Stats{}, fmt.Errorf("counting the rows of %s: %w", s.name, s.explain(err))
	}
	stats.Outcomes += stats.Expired
	return stats, nil
}

func (s *postgresStore) SQL() Database {
	return Database{
		Reader: s.sql, Writer: s.sql, Postgres: true, Probe: s.probe, Connector: stdlib.GetPoolConnector(s.pool),
	}
}

func (s *postgresStore) Close() error {
	err := errors.Join(s.probe.Close(), s.sql.Close())
	s.pool.Close()
	return err
}

// errConflict means that another writer has stored a new article of the batch
// first.
var errConflict = errors.New("another writer stored one of the articles at the same time")

// inTransaction calls run in a transaction. If another writer conflicts with it,
// it calls run again in a new transaction, up to maxTransactions times.
func (s *postgresStore) inTransaction(ctx context.Context, run func(pgx.Tx) error) error {
	return s.inTransactionWith(ctx, pgx.TxOptions{}, run)
}

func (s *postgresStore) inTransactionWith(ctx context.Context, options pgx.TxOptions, run func(pgx.Tx) error) error {
	for n := 1; ; n++ {
		err := pgx.BeginTxFunc(ctx, s.pool, options, run)
		if n == maxTransactions || !isConflict(err) {
			return err
		}
	}
}

func isConflict(err error) bool {
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		return failure.Code == "40P01" || failure.Code == "40001" // deadlock_detected, serialization_failure
	}
	return errors.Is(err, errConflict)
}

// collect runs a query and returns the results of scan for its rows.
func collect[T any](
	ctx context.Context, s *postgresStore, scan pgx.RowToFunc[T], query string, arguments ...any,
) ([]T, error) {
	rows, err := s.pool.Query(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// digest returns the key by which a text of any length, such as a URL, is looked
// up.
func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
