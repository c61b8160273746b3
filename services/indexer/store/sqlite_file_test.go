package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// TestCommitsAreSynced checks that a commit is on disk before the article is acked.
func TestCommitsAreSynced(t *testing.T) {
	const full = 2
	if mode := store.WriterSynchronous(t, reopen(t, sqliteFile(t))); mode < full {
		t.Errorf("the writer's synchronous mode is %d, want at least %d", mode, full)
	}
}

// TestOnlyTheOwnerMayRead checks the modes of a store's files and of a backup, also if
// an older version created the store.
func TestOnlyTheOwnerMayRead(t *testing.T) {
	name := sqliteFile(t)
	path := strings.TrimPrefix(name, "sqlite:")
	modes := func() {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
		if err != nil || len(files) < 3 {
			t.Fatalf("files %v, %v; want the store, its log and its index", files, err)
		}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %o, want 600", filepath.Base(file), info.Mode().Perm())
			}
		}
	}
	first := reopen(t, name)
	put(t, first, article("a", "A", "a", noon))
	modes()
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(t, reopen(t, name), article("b", "B", "b", noon))
	if err := store.BackupSQLite(t.Context(), path, path+".backup"); err != nil {
		t.Fatal(err)
	}
	modes()
	if err := store.BackupSQLite(t.Context(), path, path+".backup"); err == nil {
		t.Error("a backup overwrote another one")
	}
}
