package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// OpenFile opens a file of the archive in a folder for reading, whether it is complete or
// not. Files outside the folder cannot be named.
func OpenFile(dir, name string) (*os.File, error) {
	path := filepath.Join(dir, filepath.Base(name))
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		file, err = os.Open(path + openSuffix)
	}
	if errors.Is(err, os.ErrNotExist) {
		file, err = os.Open(path) // it has just been completed
	}
	if err != nil {
		return nil, fmt.Errorf("opening a file of the archive: %w", err)
	}
	return file, nil
}
