package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/dateline-news/dateline/internal/disk"
)

const (
	// spareShare is the part of an SQLite file, in per cent, that stays free for new rows, and
	// defaultMinSpare its least size in bytes. Space is given back once twice as much is free, so that the
	// ordinary work of retention, which deletes about as much as is stored, moves no pages.
	spareShare, defaultMinSpare = 10, 64 << 20
	// releasePages (2 MB) is how many pages a step gives back, so that other writers wait only briefly.
	releasePages = 500
	// incremental is the value of the pragma auto_vacuum with which SQLite can give back space.
	incremental = 2
)

// sqliteSpace is how the pages of a file are used.
type sqliteSpace struct{ pages, free, pageSize, mode int64 }

// release is the state of giving back space.
type release struct {
	minSpare int64 // in bytes
	running  atomic.Bool
}

func readSQLiteSpace(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
},
) (s sqliteSpace, err error) {
	err = db.QueryRowContext(ctx, `SELECT (SELECT page_count FROM pragma_page_count),
		(SELECT freelist_count FROM pragma_freelist_count), (SELECT page_size FROM pragma_page_size),
		(SELECT auto_vacuum FROM pragma_auto_vacuum)`).Scan(&s.pages, &s.free, &s.pageSize, &s.mode)
	return s, err
}

// excess returns the number of pages that are free beyond a multiple of what stays free, given its least
// size in bytes.
func (s sqliteSpace) excess(multiple, minSpare int64) int64 {
	spare := max(s.pages*spareShare/100, minSpare/max(s.pageSize, 1))
	return max(0, s.free-multiple*spare)
}

// ReleaseSpace moves pages from the end of the file to free ones, and truncates the file. Only a file that
// CompactSQLite has prepared can be truncated.
func (s *sqliteStore) ReleaseSpace(ctx context.Context) (released int64, more bool, err error) {
	space, err := readSQLiteSpace(ctx, s.readers)
	if err != nil {
		return 0, false, fmt.Errorf("measuring the free space in %s: %w", s.path, s.explain(err))
	}
	multiple := int64(2)
	if s.release.running.Load() {
		multiple = 1
	}
	more = space.mode == incremental && space.excess(multiple, s.release.minSpare) > 0
	s.release.running.Store(more)
	if !more {
		return 0, false, nil
	}
	pages := min(space.excess(1, s.release.minSpare), releasePages)
	// The pragma gives back a page with each row that is read.
	_, err = queryRows(ctx, s.writer, func(*sql.Rows) (struct{}, error) { return struct{}{}, nil },
		fmt.Sprintf(`PRAGMA incremental_vacuum(%d)`, pages))
	if err != nil {
		return 0, false, fmt.Errorf("giving back space of %s: %w", s.path, s.explain(err))
	}
	s.checkpoints.committed() // which truncates the file
	return pages * space.pageSize, true, nil
}

// ReleaseSpace does nothing: autovacuum truncates tables of PostgreSQL whose last pages are empty.
func (s *postgresStore) ReleaseSpace(context.Context) (int64, bool, error) { return 0, false, nil }

// Compaction is what rewriting an SQLite file has changed, in bytes.
type Compaction struct{ Before, After int64 }

// CompactSQLite rewrites the store at path without free space. With giveBack, the file gives back space by
// itself from then on (see ReleaseSpace), which makes storing more expensive. Without it, the file does not.
// Nothing can be stored meanwhile. It needs free space on the disk for two copies.
func CompactSQLite(ctx context.Context, path string, giveBack bool) (done Compaction, err error) {
	if _, err := os.Stat(path); err != nil {
		return done, fmt.Errorf("compacting the store: %w", err)
	}
	db, err := sql.Open("sqlite", sqliteDSN(path, "synchronous(FULL)"))
	if err != nil {
		return done, fmt.Errorf("compacting the store %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	if done, err = compact(ctx, db, path, giveBack); err != nil {
		return done, fmt.Errorf("compacting the store %s: %w", path, explainDamage(err))
	}
	return done, nil
}

func compact(ctx context.Context, db *sql.DB, path string, giveBack bool) (done Compaction, err error) {
	space, err := readSQLiteSpace(ctx, db)
	if err != nil {
		return done, err
	}
	folder := filepath.Dir(path)
	left, err := disk.Of(folder)
	if err != nil {
		return done, fmt.Errorf("reading the free space of %s: %w", folder, err)
	}
	// A temporary file and the log each have the pages that are in use.
	need := int64(overwriteSpace * float64((space.pages-space.free)*space.pageSize))
	if left.Free < need {
		return done, fmt.Errorf("rewriting the file takes up to %d MB, and %s has %d MB free: make room first",
			need>>20, folder, left.Free>>20)
	}
	done.Before = space.pages * space.pageSize
	conn, err := db.Conn(ctx)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	mode := "NONE"
	if giveBack {
		mode = "INCREMENTAL"
	}
	for _, statement := range []string{
		`PRAGMA auto_vacuum = ` + mode,
		`PRAGMA temp_store_directory = '` + strings.ReplaceAll(folder, "'", "''") + `'`,
		`VACUUM`,
		`PRAGMA temp_store_directory = ''`,
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return done, err
		}
	}
	if err := emptyLog(ctx, conn); err != nil {
		return done, err
	}
	if space, err = readSQLiteSpace(ctx, conn); err != nil {
		return done, err
	}
	done.After = space.pages * space.pageSize
	return done, nil
}
