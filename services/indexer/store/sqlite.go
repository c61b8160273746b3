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
)

// sqliteStore keeps everything in one file. One connection writes while several
// others read, in this process and in others.
type sqliteStore struct {
	path        string
	writer      *sql.DB // of one connection
	readers     *sql.DB
	statements  *sqliteStatements
	checkpoints *checkpoints
	// merges is used only by the transaction that writes.
	merges mergePace
	// languages are used by searches.
	languages languages
	release   release
	damage
	savedSearches
	copies
}

const (
	// sqliteBusyMillis is how long a call waits for another process that writes.
	sqliteBusyMillis = "10000"
	// minReaders is the minimum number of connections that read at once.
	minReaders = 4
	// readerIdleTime is how long an idle connection keeps its cache.
	readerIdleTime = 5 * time.Minute
)

// The connections' settings. A negative cache size is in KiB. With synchronous
// set to FULL, a commit is on disk before it is acknowledged.
var (
	writerPragmas = []string{"synchronous(FULL)", "cache_size(-131072)", "wal_autocheckpoint(" + maxLogPages + ")"}
	readerPragmas = []string{"query_only(1)", "cache_size(-32768)"}
)

func sqliteDSN(path string, pragmas ...string) string {
	values := url.Values{"_pragma": append([]string{"busy_timeout(" + sqliteBusyMillis + ")"}, pragmas...)}
	values.Set("_txlock", "immediate")
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + values.Encode()
}

func openSQLite(ctx context.Context, path string) (_ Store, err error) {
	if err := restrictFile(path); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w", path, err)
	}
	if err := migrateSQLite(ctx, path); err != nil {
		return nil, fmt.Errorf("opening the store %s: %w%s", path, explainDamage(err), sqliteAdvice(err))
	}
	s := &sqliteStore{path: path}
	s.release.minSpare = defaultMinSpare
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening the store %s: %w", path, explainDamage(errors.Join(err, s.Close())))
		}
	}()
	if s.writer, err = sql.Open("sqlite", sqliteDSN(path, writerPragmas...)); err != nil {
		return nil, err
	}
	s.writer.SetMaxOpenConns(1)
	if s.readers, err = sql.Open("sqlite", sqliteDSN(path, readerPragmas...)); err != nil {
		return nil, err
	}
	readers := max(minReaders, runtime.NumCPU())
	s.readers.SetMaxOpenConns(readers)
	s.readers.SetMaxIdleConns(readers)
	s.readers.SetConnMaxIdleTime(readerIdleTime)
	s.savedSearches = savedSearches{s.SQL()}
	s.copies = copies{newKeyIndex(DefaultCopyLimits()), s.SQL()}
	if s.statements, err = prepareSQLite(ctx, s.writer); err != nil {
		return nil, err
	}
	if s.checkpoints, err = startCheckpoints(path, s.writer); err != nil {
		return nil, err
	}
	return s, nil
}

// sqliteAdvice returns what to do about a file that cannot be opened, to be
// appended to the error.
func sqliteAdvice(err error) string {
	switch code, _ := sqliteCode(err); code {
	case sqliteCannotOpen, sqliteReadOnly, sqlitePermission:
		return "; its folder must exist and be writable"
	case sqliteNotADatabase:
		return "; if it never was a store, name another file"
	case sqliteBusy:
		return "; stop the program that keeps the file locked"
	}
	return ""
}

func (s *sqliteStore) Ping(ctx context.Context) error {
	if err := s.remembered(); err != nil {
		return fmt.Errorf("the store %s failed: %w", s.path, err)
	}
	var one int
	err := s.readers.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM articles LIMIT 1)").Scan(&one)
	if err != nil {
		return fmt.Errorf("reading the store %s: %w", s.path, s.explain(err))
	}
	return nil
}

func (s *sqliteStore) Size(ctx context.Context) (Size, error) {
	var size Size
	err := s.readers.QueryRowContext(ctx, "SELECT coalesce(sum(articles), 0) FROM sources").Scan(&size.Articles)
	if err != nil {
		return Size{}, fmt.Errorf("counting the articles of the store %s: %w", s.path, s.explain(err))
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
	err := s.readers.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM articles), (SELECT count(*) FROM revisions), (SELECT count(*) FROM outcomes),
		(SELECT coalesce(sum(count), 0) FROM expired_outcomes)`,
	).Scan(&stats.Articles, &stats.Revisions, &stats.Outcomes, &stats.Expired)
	if err != nil {
		return Stats{}, fmt.Errorf("counting the rows of the store %s: %w", s.path, s.explain(err))
	}
	stats.Outcomes += stats.Expired
	return stats, nil
}

func (s *sqliteStore) SQL() Database { return Database{Reader: s.readers, Writer: s.writer} }

func (s *sqliteStore) Close() error {
	var errs []error
	if s.checkpoints != nil {
		errs = append(errs, s.checkpoints.close())
	}
	if s.statements != nil {
		s.statements.close()
	}
	for _, db := range []*sql.DB{s.readers, s.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// queryRows runs a query and returns the results of scan for its rows.
func queryRows[T any](
	ctx context.Context, db *sql.DB, scan func(*sql.Rows) (T, error), query string, args ...any,
) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collectRows(rows, scan)
}

// collectRows returns the results of scan for all rows, and closes them.
func collectRows[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
