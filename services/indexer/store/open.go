package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Open opens the store that dsn names, and creates or migrates its tables:
//
//	sqlite:PATH or PATH             SQLite in the file PATH, whose folder must exist
//	postgres://USER@HOST/DATABASE   PostgreSQL 15 or later
//
// Programs that open a store at the same time wait for one another. If a newer
// program has migrated the tables, the error is ErrNewerVersion.
func Open(ctx context.Context, dsn string) (Store, error) {
	if isPostgres(dsn) {
		return openPostgres(ctx, dsn)
	}
	path, ok := sqlitePath(dsn)
	if !ok {
		scheme, _, _ := strings.Cut(dsn, ":")
		return nil, fmt.Errorf("unsupported store %q: use sqlite:PATH or postgres://…", scheme+"://…")
	}
	if path == "" {
		return nil, errors.New("the store has no path; use sqlite:PATH or postgres://…")
	}
	if !hasSQLite {
		return nil, lacksSQLite(path)
	}
	return openSQLite(ctx, path)
}

func lacksSQLite(path string) error {
	return fmt.Errorf("the store %s is an SQLite file, and this program is built without SQLite; use postgres://…", path)
}

// Folder returns the folder of the file of the store that dsn names. It is empty
// if the store is not a file.
func Folder(dsn string) string {
	path, ok := sqlitePath(dsn)
	if !ok {
		return ""
	}
	return filepath.Dir(path)
}

func isPostgres(dsn string) bool {
	scheme, _, _ := strings.Cut(dsn, ":")
	return scheme == "postgres" || scheme == "postgresql"
}

// sqlitePath returns the path of the SQLite file that dsn names. It reports
// whether dsn can name a file.
func sqlitePath(dsn string) (path string, ok bool) {
	if scheme, rest, _ := strings.Cut(dsn, ":"); scheme == "sqlite" {
		return rest, true
	}
	return dsn, !strings.Contains(dsn, "://")
}
