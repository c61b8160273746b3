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
	file, err := openAs(dir, name, os.O_RDONLY)
	if err != nil {
		return nil, fmt.Errorf("opening a file of the archive: %w", err)
	}
	return file, nil
}

func openAs(dir, name string, flag int) (*os.File, error) {
	path := filepath.Join(dir, filepath.Base(name))
	file, err := os.OpenFile(path, flag, 0)
	if errors.Is(err, os.ErrNotExist) {
		file, err = os.OpenFile(path+openSuffix, flag, 0)
	}
	if errors.Is(err, os.ErrNotExist) {
		file, err = os.OpenFile(path, flag, 0) // it has just been completed
	}
	return file, err
}

// Overwrite replaces bytes of a file of the archive in a folder, and returns once they are
// durable. It may be called while another process adds records to the file, or completes it.
func Overwrite(dir, name string, offset int64, data []byte) error {
	file, err := openAs(dir, name, os.O_WRONLY)
	if err != nil {
		return fmt.Errorf("opening a file of the archive to erase from it: %w", err)
	}
	_, err = file.WriteAt(data, offset)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("erasing from %s: %w", name, err)
	}
	return nil
}
