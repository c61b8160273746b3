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
	scheme, rest, _ := strings.Cut(dsn, ":")
	switch scheme {
	case "postgres", "postgresql":
		return openPostgres(ctx, dsn)
	case "sqlite":
		dsn = rest
	default:
		if strings.Contains(dsn, "://") {
			return nil, fmt.Errorf("the store %q is of no known kind; use sqlite:PATH or postgres://…",
				scheme+"://…")
		}
	}
	if dsn == "" {
		return nil, errors.New("the store has no path; use sqlite:PATH or postgres://…")
	}
	return openSQLite(ctx, dsn)
}

// Folder returns the folder of the file of the store that dsn names. It is empty
// if the store is not a file.
func Folder(dsn string) string {
	scheme, rest, _ := strings.Cut(dsn, ":")
	switch {
	case scheme == "sqlite":
		return filepath.Dir(rest)
	case strings.Contains(dsn, "://"):
		return ""
	}
	return filepath.Dir(dsn)
}
