package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestReplaceFile checks that an export that fails leaves no file that looks whole, and
// an earlier export as it was.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "articles.jsonl")
	broken := errors.New("the store is unavailable")
	export := func(path, data string, err error) {
		t.Helper()
		got := replaceFile(path, func(w io.Writer) error {
			_, failed := io.WriteString(w, data)
			return errors.Join(failed, err)
		})
		if !errors.Is(got, err) {
			t.Errorf("exporting %q: error %v, want %v", data, got, err)
		}
	}
	want := func(path, data string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != data {
			t.Errorf("%s has %q, %v; want %q", filepath.Base(path), got, err, data)
		}
	}
	export(path, "half", broken)
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("a failed export leaves %v, %v; want nothing", left, err)
	}
	export(path, "first", nil)
	want(path, "first")
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	export(path, "half", broken)
	want(path, "first")
	export(path, "second", nil)
	want(path, "second")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the replaced file: %v, %v; want its mode unchanged", info, err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("articles.jsonl", link); err != nil {
		t.Fatal(err)
	}
	export(link, "third", nil)
	want(path, "third")
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("the folder has %v, %v; want the file and the link", left, err)
	}
	if err := replaceFile(filepath.Join(dir, "none", "a"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("exporting to a folder that does not exist: error %v, want ErrNotExist", err)
	}
}
