//go:build !linux

package natsembed

import (
	"fmt"
	"os"
)

func syncFilesystem(folder *os.File) error {
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("syncing %s: %w", folder.Name(), err)
	}
	return nil
}
