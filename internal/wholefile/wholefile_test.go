package wholefile_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dateline-news/dateline/internal/wholefile"
)

// TestReadersSeeWholeFiles reads a file while it is replaced again and again.
func TestReadersSeeWholeFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "version")
	contents := []string{strings.Repeat("a", 100_000), strings.Repeat("b", 50)}
	if err := wholefile.Write(path, []byte(contents[1])); err != nil {
		t.Fatal(err)
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range 50 {
			if err := wholefile.Write(path, []byte(contents[i%2])); err != nil {
				t.Error(err)
			}
		}
	})
	done := make(chan struct{})
	go func() { writing.Wait(); close(done) }()
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != contents[0] && string(data) != contents[1] {
			t.Fatalf("read %d bytes, %v; want one of both contents", len(data), err)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v; want one file", entries, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v; want 0600", info.Mode(), err)
	}
}

// TestFailedWriteLeavesNothing writes to a path that is a folder, and to a folder that does not exist.
func TestFailedWriteLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "taken")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, filepath.Join(dir, "absent", "file")} {
		if err := wholefile.Write(path, []byte("text")); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("writing %s: %v, want an error that names it", path, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v; want only the folder", entries, err)
	}
}
