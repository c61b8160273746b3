package store_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dateline-news/dateline/services/indexer/store"
)

// filesWith returns the names of the files in a folder that contain one of the texts,
// in upper or lower case.
func filesWith(t *testing.T, folder string, texts ...string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v; want some", files, err)
	}
	var found []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if bytes.Contains(bytes.ToLower(data), []byte(strings.ToLower(text))) {
				found = append(found, filepath.Base(file)+" has "+text)
			}
		}
	}
	return found
}

// TestOverwriteLeavesNothing erases an article among many others that were stored,
// changed, and moved between pages, and searches the store's files for its words.
func TestOverwriteLeavesNothing(t *testing.T) {
	name := sqliteFile(t)
	s := reopen(t, name)
	folder := filepath.Dir(strings.TrimPrefix(name, "sqlite:"))
	// The index of words contains no two words in a row, so search for single ones.
	secrets := []string{"unspeakable", "xylographer", "quadrupole", "formerly-known"}
	text := joined(prose(1000, 6)...) + " The Xylographer of " + secrets[2] + "."
	for n := range 60 {
		if n == 20 {
			put(t, s, article("a", "Formerly-known headline", text, after(n)))
		}
		if n == 40 {
			put(t, s, article("a", "Unspeakable headline", text+" And more.", after(n)))
		}
		put(t, s, article(fmt.Sprint("n", n%40), fmt.Sprint("Headline ", n), joined(prose(uint64(n), 1+n%9)...), after(n)))
	}
	for _, secret := range secrets {
		if len(filesWith(t, folder, secret)) == 0 {
			t.Fatalf("%q is in no file even before the article is erased", secret)
		}
	}
	if _, err := s.Erase(t.Context(), "id-a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Overwrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := filesWith(t, folder, append(secrets, strings.Fields(text)[0])...); len(found) > 0 {
		t.Errorf("words of the erased article: %v; want none", found)
	}
	put(t, s, article("c", "C", "A third.", after(90))) // the store still works
	wantNames(t, "third", find(t, s, "third"), "c")
}

// TestOverwriteWhileOpen checks that other programs may have the store open while it is
// overwritten.
func TestOverwriteWhileOpen(t *testing.T) {
	name := sqliteFile(t)
	s := reopen(t, name)
	put(t, s, article("a", "Unspeakable", joined(prose(1, 6)...), after(1)), article("b", "B", "Other.", after(1)))
	if _, err := s.Erase(t.Context(), "id-a"); err != nil {
		t.Fatal(err)
	}
	other, err := store.Open(t.Context(), name) // another process
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	wantNames(t, "other", find(t, other, "other"), "b")
	if _, err := s.Overwrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantNames(t, "other", find(t, other, "other"), "b")
	put(t, other, article("c", "C", "Third.", after(2)))
	wantNames(t, "third", find(t, s, "third"), "c")
	if found := filesWith(t, filepath.Dir(strings.TrimPrefix(name, "sqlite:")), "unspeakable"); len(found) > 0 {
		t.Errorf("words of the erased article: %v; want none", found)
	}
}
