package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

func inspectSQLite(ctx context.Context, path string) (_ Inspection, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return Inspection{}, fmt.Errorf("there is no store at %s: "+
			"start the pipeline once, or name another store with --store", path)
	}
	db, err := sql.Open("sqlite", sqliteDSN(path, "query_only(1)")+"&mode=ro")
	if err != nil {
		return Inspection{}, fmt.Errorf("opening the store %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var i Inspection
	if err := db.QueryRowContext(ctx, `SELECT 'SQLite ' || sqlite_version()`).Scan(&i.Server); err != nil {
		return Inspection{}, fmt.Errorf("reading the store %s: %w%s", path, explainDamage(err), sqliteAdvice(err))
	}
	if i.Newest, err = newestVersion("sqlite"); err != nil {
		return Inspection{}, err
	}
	var exists bool
	if err = db.QueryRowContext(ctx, sqliteVersionTableExists).Scan(&exists); err == nil && exists {
		err = db.QueryRowContext(ctx, appliedVersion).Scan(&i.Version)
	}
	if err != nil {
		return Inspection{}, fmt.Errorf("reading the version of the store %s: %w%s",
			path, explainDamage(err), sqliteAdvice(err))
	}
	var mode string
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return Inspection{}, fmt.Errorf("reading the settings of the store %s: %w", path, explainDamage(err))
	}
	i.Settings = map[string]string{"journal_mode": mode}
	if i.Version > 0 && mode != "wal" {
		i.Problems = append(i.Problems, fmt.Sprintf("journal_mode is %s, so that readers block writers: "+
			"stop the pipeline and set it to wal (PRAGMA journal_mode = WAL)", mode))
	}
	return i, nil
}
