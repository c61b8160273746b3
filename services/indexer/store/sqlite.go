package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite" // also the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteStore keeps everything in one file. One connection writes, several
// read beside it, in this process and in others.
type sqliteStore struct {
	path          string
	writer, reads *sql.DB
	prepared      *sqliteStatements
	checkpoints   *checkpoints
	// Of the transaction that writes.
	recent *keyIndex
	pace   mergePace
	// Of the searches.
	languages languages
}

// sqliteBusyMillis is how long a call waits for another process that writes.
const sqliteBusyMillis = "10000"

func sqliteDSN(path string, pragmas ...string) string {
	values := url.Values{"_pragma": append([]string{"busy_timeout(" + sqliteBusyMillis + ")"}, pragmas...)}
	values.Set("_txlock", "immediate")
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + values.Encode()
}

func openSQLite(ctx context.Context, path string) (_ Store, err error) {
	if err := migrateSQLite(ctx, path); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w%s", path, err, sqliteAdvice(err))
	}
	s := &sqliteStore{path: path, recent: newKeyIndex(copiesWindow)}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	// FULL: a commit is on the disk before it is acked.
	if s.writer, err = sql.Open("sqlite", sqliteDSN(path, "synchronous(FULL)", "cache_size(-131072)", "wal_autocheckpoint("+maxLogPages+")")); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	s.writer.SetMaxOpenConns(1)
	if s.reads, err = sql.Open("sqlite", sqliteDSN(path, "query_only(1)", "cache_size(-32768)")); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	readers := max(4, runtime.NumCPU())
	s.reads.SetMaxOpenConns(readers)
	s.reads.SetMaxIdleConns(readers) // with what they have in memory
	s.reads.SetConnMaxIdleTime(5 * time.Minute)
	if s.prepared, err = prepareSQLite(ctx, s.writer); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	if s.checkpoints, err = startCheckpoints(path, s.writer); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	return s, nil
}

// migrateSQLite brings the file's tables up to date on a connection of its
// own, which holds the file alone until it is closed.
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
	const versionTable = "SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'goose_db_version'"
	if current, err := tables.isCurrent(ctx, versionTable); err != nil || current {
		return err
	}
	for _, statement := range []string{
		// The mode comes second: in it, a program that waits for the lock
		// would keep its read lock, and two of them would wait for each other.
		"BEGIN EXCLUSIVE",
		"PRAGMA locking_mode = EXCLUSIVE",
		"COMMIT", // the mode keeps the lock
		"PRAGMA journal_mode = WAL",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("locking the file to bring its tables up to date: %w", err)
		}
	}
	// Another program may have been faster, and newer.
	if current, err := tables.isCurrent(ctx, versionTable); err != nil || current {
		return err
	}
	return tables.migrate(ctx)
}

// sqliteAdvice says what to do about a file that cannot be opened.
func sqliteAdvice(err error) string {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return ""
	}
	switch failure.Code() & 0xff {
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return "; its folder has to exist and to be writable"
	case sqlite3.SQLITE_NOTADB:
		return "; name another file, this one holds something else"
	case sqlite3.SQLITE_CORRUPT:
		return "; restore the file from a copy, it is damaged"
	case sqlite3.SQLITE_BUSY:
		return "; stop the program that keeps the file busy"
	}
	return ""
}

func (s *sqliteStore) Ping(ctx context.Context) error {
	var one int
	if err := s.reads.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM articles LIMIT 1)").Scan(&one); err != nil {
		return fmt.Errorf("reading the store %s: %w", s.path, err)
	}
	return nil
}

func (s *sqliteStore) Size(ctx context.Context) (Size, error) {
	var size Size
	if err := s.reads.QueryRowContext(ctx, "SELECT coalesce(sum(articles), 0) FROM sources").Scan(&size.Articles); err != nil {
		return Size{}, fmt.Errorf("counting the articles of the store %s: %w", s.path, err)
	}
	for _, file := range []string{s.path, s.path + "-wal"} {
		info, err := os.Stat(file)
		if errors.Is(err, os.ErrNotExist) { // there is no log while nobody writes
			continue
		}
		if err != nil {
			return Size{}, fmt.Errorf("measuring the store %s: %w", s.path, err)
		}
		size.Bytes += info.Size()
	}
	return size, nil
}

func (s *sqliteStore) Stats(ctx context.Context) (Stats, error) {
	var stats Stats
	err := s.reads.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM articles), (SELECT count(*) FROM revisions), (SELECT count(*) FROM outcomes)`,
	).Scan(&stats.Articles, &stats.Revisions, &stats.Outcomes)
	if err != nil {
		return Stats{}, fmt.Errorf("counting what the store %s holds: %w", s.path, err)
	}
	return stats, nil
}

func (s *sqliteStore) Close() error {
	var errs []error
	if s.checkpoints != nil {
		errs = append(errs, s.checkpoints.close())
	}
	if s.prepared != nil {
		s.prepared.close()
	}
	for _, db := range []*sql.DB{s.reads, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}
