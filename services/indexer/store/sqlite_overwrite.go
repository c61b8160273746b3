package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/dateline-news/dateline/internal/disk"
)

// overwriteSpace is the free space that rewriting the file takes at most, as a
// multiple of its size: a temporary file and the write-ahead log, each as large as the
// file, and some reserve.
const overwriteSpace = 2.2

// Overwrite rewrites the file. Overwriting the deleted rows alone would not be enough:
// SQLite moves rows between pages and leaves their bytes behind, and the index of
// words keeps those of a deleted article until its segments are merged.
func (s *sqliteStore) Overwrite(ctx context.Context) (done bool, err error) {
	var until sql.NullInt64
	err = s.readers.QueryRowContext(ctx, `SELECT max(rowid) FROM pending_overwrites`).Scan(&until)
	if err == nil && until.Valid {
		err = s.rewrite(ctx, until.Int64)
	}
	if err != nil {
		return false, fmt.Errorf("overwriting erased articles in %s: %w", s.path, s.explain(err))
	}
	return until.Valid, nil
}

// rewrite rewrites the file and the log, and deletes the pending overwrites up to a
// row.
func (s *sqliteStore) rewrite(ctx context.Context, until int64) (err error) {
	folder := filepath.Dir(s.path)
	if err := s.checkOverwriteSpace(ctx, folder); err != nil {
		return err
	}
	s.checkpoints.mutex.Lock() // before the connection, in the same order as a checkpoint
	defer s.checkpoints.mutex.Unlock()
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for _, statement := range []string{
		`INSERT INTO article_words (article_words) VALUES ('optimize')`,
		// The temporary file is as large as the store, which the system's folder may
		// not have room for.
		`PRAGMA temp_store_directory = '` + strings.ReplaceAll(folder, "'", "''") + `'`,
		`VACUUM`,
		`PRAGMA temp_store_directory = ''`,
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := emptyLog(ctx, conn); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `DELETE FROM pending_overwrites WHERE rowid <= ?`, until)
	return err
}

// emptyLog copies the write-ahead log into the file and truncates it. It waits for
// the readers of older pages, each for as long as a call waits for another process.
func emptyLog(ctx context.Context, conn *sql.Conn) error {
	const tries = 6
	for range tries {
		var busy bool
		var log, copied int
		err := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &copied)
		if err != nil || !busy {
			return err
		}
	}
	return errors.New("another program keeps reading, so that the write-ahead log could not be emptied: " +
		"stop it, then run the command again")
}

func (s *sqliteStore) checkOverwriteSpace(ctx context.Context, folder string) error {
	size, err := s.Size(ctx)
	if err != nil {
		return err
	}
	space, err := disk.Of(folder)
	if err != nil {
		return fmt.Errorf("reading the free space of %s: %w", folder, err)
	}
	if need := int64(overwriteSpace * float64(size.Bytes)); space.Free < need {
		return fmt.Errorf("rewriting the file takes up to %d MB, and %s has %d MB free: make room, then erase again",
			need>>20, folder, space.Free>>20)
	}
	return nil
}
