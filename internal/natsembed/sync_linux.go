package natsembed

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func syncFilesystem(folder *os.File) error {
	if err := unix.Syncfs(int(folder.Fd())); err != nil {
		return fmt.Errorf("syncing the file system of %s: %w", folder.Name(), err)
	}
	return nil
}
