package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
)

// BackupSQLite copies the store at path to a new file, which must not exist. The
// copy is a consistent snapshot, even while programs write to the store.
func BackupSQLite(ctx context.Context, path, to string) (err error) {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("backing up the store: %w", err)
	}
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return fmt.Errorf("backing up the store %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// VACUUM accepts an empty file, whose mode it keeps.
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return fmt.Errorf("backing up the store: %w", err)
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		err = errors.Join(err, os.Remove(to))
		return fmt.Errorf("backing up the store %s to %s: %w", path, to, explainDamage(err))
	}
	return nil
}
