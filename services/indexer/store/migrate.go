package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// appliedVersion is the query for the version of the store's tables.
const appliedVersion = `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`

// schema is the sequence of migrations for one kind of database.
type schema struct {
	provider *goose.Provider
	newest   int64
	db       *sql.DB
}

func newSchema(dialect goose.Dialect, folder string, db *sql.DB) (*schema, error) {
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return nil, fmt.Errorf("reading the migrations for %s: %w", folder, err)
	}
	provider, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("reading the migrations for %s: %w", folder, err)
	}
	sources := provider.ListSources()
	return &schema{provider, sources[len(sources)-1].Version, db}, nil
}

// newestVersion returns the version of the tables that this program creates.
func newestVersion(folder string) (int64, error) {
	files, err := fs.ReadDir(migrations, "migrations/"+folder)
	if err != nil {
		return 0, err
	}
	return goose.NumericComponent(files[len(files)-1].Name())
}

// isCurrent reports whether the tables have this program's version. If they have
// a newer one, it returns ErrNewerVersion. It modifies nothing.
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
		return false, fmt.Errorf("%w: its tables have version %d and this program supports up to %d; "+
			"use the newer program, or another store", ErrNewerVersion, version, s.newest)
	}
	if oldest := s.provider.ListSources()[0].Version; version > 0 && version < oldest {
		return false, errors.New("the store was made before the first release, and its tables cannot be migrated; " +
			"use another store, and ingest again")
	}
	return version == s.newest, nil
}

// migrate migrates the tables to the newest version. The caller holds a lock.
func (s *schema) migrate(ctx context.Context) error {
	if _, err := s.provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the store's tables: %w", err)
	}
	return nil
}
