// Package disktest gives tests a disk of their own that they can fill.
package disktest

import (
	"context"
	"os/exec"
	"testing"
)

// Mount mounts an empty file system of a size, such as 24m, for a test, and returns its folder.
// It skips the test if the process may not mount file systems, for which it must be root.
func Mount(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	mount := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir)
	if out, err := mount.CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED: a full disk needs a file system of its own, and mounting one failed (run as root): %v %s",
			err, out)
	}
	t.Cleanup(func() {
		umount := exec.CommandContext(context.WithoutCancel(t.Context()), "umount", dir)
		if out, err := umount.CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir
}
