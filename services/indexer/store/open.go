package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Open opens the store that dsn names, creating its tables or bringing them
// up to date:
//
//	sqlite:PATH or PATH             SQLite in the file PATH, whose folder has to exist
//	postgres://USER@HOST/DATABASE   PostgreSQL 15 or later
//
// Programs that open a store at the same moment wait for one another. The
// error is ErrNewerVersion where a newer program has changed the tables.
func Open(ctx context.Context, dsn string) (Store, error) {
	scheme, rest, _ := strings.Cut(dsn, ":")
	switch scheme {
	case "postgres", "postgresql":
		return openPostgres(ctx, dsn)
	case "sqlite":
		dsn = rest
	default:
		if strings.Contains(dsn, "://") {
			return nil, fmt.Errorf("the store %q is of no known kind; use sqlite:PATH or postgres://…", scheme+"://…")
		}
	}
	if dsn == "" {
		return nil, errors.New("the store has no path; use sqlite:PATH or postgres://…")
	}
	return openSQLite(ctx, dsn)
}

// Folder is where the file of the store that dsn names lies; empty for a store
// that is no file.
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
