package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

func testConfig(t *testing.T, now time.Time) Config {
	t.Helper()
	return Config{
		Dir: t.TempDir(), MaxBytes: 10, MaxAge: time.Hour,
		Info: func(string) ([]byte, error) { return []byte("info"), nil },
		Now:  func() time.Time { return now },
	}
}

// write adds a record to a file and makes it durable.
func write(t *testing.T, f *Folder, record string) (file string) {
	t.Helper()
	file, err := f.Begin()
	if err == nil {
		_, err = f.Append([]byte(record))
	}
	if err == nil {
		_, err = f.Sync()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestClockSetBack begins files after a restart, with a clock whose time gives them the
// names of existing ones. No file may be written twice.
func TestClockSetBack(t *testing.T) {
	config := testConfig(t, time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))
	names := map[string]bool{}
	for range 3 {
		f, err := Open(config)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			names[write(t, f, "a record that fills the file")] = true
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(config.Dir)
	if err != nil || len(names) != 6 || len(entries) != 7 { // and the lock
		t.Errorf("%d names, %d entries, %v; want 6 files", len(names), len(entries), err)
	}
}

// TestDiskFullAtRotation has no space for the first record of the next file. The complete file
// stays, nothing is left of the next one, and writing goes on once there is space.
func TestDiskFullAtRotation(t *testing.T) {
	config := testConfig(t, time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))
	full := false
	config.Info = func(string) ([]byte, error) {
		if full {
			return nil, &os.PathError{Op: "write", Path: config.Dir, Err: syscall.ENOSPC}
		}
		return []byte("info"), nil
	}
	f, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	first := write(t, f, "a record that fills the file")
	full = true
	if _, err := f.Begin(); !errors.Is(err, syscall.ENOSPC) ||
		!strings.Contains(err.Error(), "creating a file of the archive") || strings.Count(err.Error(), "make room") != 1 {
		t.Errorf("without space: %v", err)
	}
	files, err := f.Files()
	if err != nil || len(files) != 1 || files[0].Name != first || files[0].Open {
		t.Errorf("files %+v, %v; want only the complete one", files, err)
	}
	full = false
	if second := write(t, f, "a record"); second == first {
		t.Error("the complete file is written again")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestOverwriteWhileCompleting overwrites records in files that are just being completed.
func TestOverwriteWhileCompleting(t *testing.T) {
	dir := t.TempDir()
	for i := range 100 {
		name := fmt.Sprintf("dateline-%03d.warc.gz", i)
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path+openSuffix, []byte("secret"), fileMode); err != nil {
			t.Fatal(err)
		}
		var completing errgroup.Group
		completing.Go(func() error { return os.Rename(path+openSuffix, path) })
		if err := Overwrite(dir, name, 0, []byte("erased")); err != nil {
			t.Fatal(err)
		}
		if err := completing.Wait(); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != "erased" {
			t.Fatalf("the file has %q, %v, want the bytes that erase the record", data, err)
		}
	}
}
