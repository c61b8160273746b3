//go:build unix

package disk

import "golang.org/x/sys/unix"

// Of asks for the room on the disk of a folder.
func Of(dir string) (Room, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return Room{}, err
	}
	return Room{Free: int64(stat.Bavail) * int64(stat.Bsize), Total: int64(stat.Blocks) * int64(stat.Bsize)}, nil
}
