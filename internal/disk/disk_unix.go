//go:build unix

package disk

import "golang.org/x/sys/unix"

// Of returns the space on the disk of a folder.
func Of(dir string) (Space, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return Space{}, err
	}
	blockSize := int64(stat.Bsize) //nolint:unconvert // Bsize has another type on some systems.
	return Space{Free: int64(stat.Bavail) * blockSize, Total: int64(stat.Blocks) * blockSize}, nil
}
