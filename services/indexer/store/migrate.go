package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// schema is the row of migrations of one kind of database.
type schema struct {
	provider *goose.Provider
	newest   int64
	db       *sql.DB
}

func newSchema(dialect goose.Dialect, folder string, db *sql.DB) (*schema, error) {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return nil, fmt.Errorf("reading the migrations of %s: %w", folder, err)
	}
	provider, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("reading the migrations of %s: %w", folder, err)
	}
	sources := provider.ListSources()
	return &schema{provider, sources[len(sources)-1].Version, db}, nil
}

// isCurrent says whether the tables are of this program's version, and
// refuses those of a newer one. It changes nothing.
func (s *schema) isCurrent(ctx context.Context, tableExists string) (bool, error) {
	var exists bool
	if err := s.db.QueryRowContext(ctx, tableExists).Scan(&exists); err != nil {
		return false, fmt.Errorf("reading the store's version: %w", err)
	}
	if !exists {
		return false, nil
	}
	var version int64
	if err := s.db.QueryRowContext(ctx, appliedVersion).Scan(&version); err != nil {
		return false, fmt.Errorf("reading the store's version: %w", err)
	}
	if version > s.newest {
		return false, fmt.Errorf("%w: its tables are of version %d and this program knows %d; use the newer program, or another store", ErrNewerVersion, version, s.newest)
	}
	if oldest := s.provider.ListSources()[0].Version; version > 0 && version < oldest {
		return false, fmt.Errorf("the store was made by a program from before the first release, whose tables cannot be brought up to date; use another store, and ingest again")
	}
	return version == s.newest, nil
}

// migrate brings the tables up to date; the caller holds a lock.
func (s *schema) migrate(ctx context.Context) error {
	if _, err := s.provider.Up(ctx); err != nil {
		return fmt.Errorf("bringing the store's tables up to date: %w", err)
	}
	return nil
}
