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

// Overwrite replaces bytes of a file of the archive in a folder, and returns once they are
// durable. It may be called while another process adds records to the file.
func Overwrite(dir, name string, offset int64, data []byte) error {
	found, err := OpenFile(dir, name)
	if err != nil {
		return err
	}
	path := found.Name()
	if err := found.Close(); err != nil {
		return fmt.Errorf("closing %s: %w", name, err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("opening a file of the archive to erase from it: %w", err)
	}
	_, err = file.WriteAt(data, offset)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("erasing from %s: %w", name, err)
	}
	return nil
}
