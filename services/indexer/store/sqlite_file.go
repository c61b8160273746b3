package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// fileMode is the mode of the store's files: only their owner may read them. SQLite
// gives the files next to the store the mode of the store.
const fileMode = 0o600

// restrictFile creates the file of the store if it does not exist, and withdraws the
// permissions of other users for it and the files next to it. If the file cannot be
// created or belongs to another user, opening it reports that or succeeds.
func restrictFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil //nolint:nilerr // SQLite reports it, with advice
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("creating the file: %w", err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		err := os.Chmod(name, fileMode)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("withdrawing the permissions of other users: %w", err)
		}
	}
	return nil
}
