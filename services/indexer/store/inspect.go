package store

import (
	"context"
	"time"
)

// Inspection describes the state of a store.
type Inspection struct {
	// Server is the kind and version of the database.
	Server string
	// Version is the version of the store's tables, or 0 if there are none yet.
	// Newest is the version that this program creates.
	Version, Newest int64
	// Time is the time of the database server's clock. It is zero if the
	// database uses this machine's clock.
	Time time.Time
	// Settings decide whether a commit survives a power cut.
	Settings map[string]string
	// Problems are what is wrong, each followed by a colon and what to do.
	Problems []string
}

// Inspect inspects the store that dsn names (see Open) and modifies nothing. It
// returns an error if the store cannot be reached or read.
func Inspect(ctx context.Context, dsn string) (Inspection, error) {
	if isPostgres(dsn) {
		return inspectPostgres(ctx, dsn)
	}
	path, _ := sqlitePath(dsn)
	if !hasSQLite {
		return Inspection{}, lacksSQLite(path)
	}
	return inspectSQLite(ctx, path)
}
